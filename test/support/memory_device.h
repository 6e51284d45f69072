// A BlockDevice in memory for tests: keeps what is written, logs every operation, fails at the Nth, and, when told to
// hold, completes nothing until it is released or aborted.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "target/ports/block_device.h"

namespace shoal::test {

class MemoryDevice final : public BlockDevice {
 public:
  explicit MemoryDevice(std::uint64_t blocks) : blocks_(blocks) {}

  // The Nth operation from now, from 0, ends with that status and does nothing.
  void fail_at(std::size_t nth, IoStatus status, std::uint64_t detail = 0) {
    failure_ = Failure{log.size() + nth, status, detail};
  }
  void hold() { holding_ = true; }
  void release_one() {
    Held held = std::move(held_.front());
    held_.pop_front();
    held.done(perform(held.number, held.operation));
  }
  void release() {
    holding_ = false;
    while (!held_.empty()) release_one();
  }
  std::size_t held() const { return held_.size(); }

  std::string text(std::uint64_t lba, std::uint64_t count) const {
    std::string bytes;
    for (std::uint64_t at = lba; at < lba + count; ++at) {
      const auto found = content_.find(at);
      const Block block = found == content_.end() ? Block{} : found->second;
      bytes.append(as_text(block));
    }
    return bytes;
  }
  void fill(std::uint64_t lba, std::uint64_t count, char letter) {
    for (std::uint64_t at = lba; at < lba + count; ++at) content_[at].fill(static_cast<std::byte>(letter));
  }

  std::uint64_t size_blocks() const override { return blocks_; }
  void submit(Operation operation, Completion<IoResult> done) override {
    const std::size_t number = log.size();
    log.push_back(operation);
    if (holding_) {
      held_.push_back({number, std::move(operation), std::move(done)});
    } else {
      done(perform(number, operation));
    }
  }
  void abort(const AbortSelection& selection, Completion<> done) override {
    aborts.push_back(selection);
    std::deque<Held> selected, others;
    for (Held& held : held_) (selects(selection, held.operation.origin) ? selected : others).push_back(std::move(held));
    held_ = std::move(others);
    for (Held& held : selected) held.done({.status = IoStatus::aborted});
    done();
  }

  std::uint64_t newest_reservations = 0;  // what older ones allowed is refused when it is performed
  std::vector<Operation> log;
  std::vector<AbortSelection> aborts;
  std::uint64_t lba_status_blocks = 1u << 20;

 private:
  using Block = std::array<std::byte, kBlockBytes>;
  struct Failure {
    std::size_t at;
    IoStatus status;
    std::uint64_t detail;
  };
  struct Held {
    std::size_t number;
    Operation operation;
    Completion<IoResult> done;
  };

  static bool selects(const AbortSelection& selection, const Origin& origin) {
    return (selection.nexus.is_zero() || selection.nexus == origin.nexus) &&
           (selection.id.value == 0 || selection.id == origin.id) &&
           (selection.generation.value == 0 || selection.generation == origin.generation);
  }

  IoResult perform(std::size_t number, const Operation& operation) {
    if (operation.origin.reservation_generation < newest_reservations) {
      return {.status = IoStatus::stale_reservation, .data = operation.data};
    }
    if (failure_ && failure_->at == number) return {.status = failure_->status, .detail = failure_->detail};
    switch (operation.kind) {
      case OperationKind::read:
        return {.data = {Slice::copy_of(text(operation.range.first.value, operation.range.count))}};
      case OperationKind::write: write(operation); break;
      case OperationKind::zero:
      case OperationKind::unmap: discard(operation.range); break;
      case OperationKind::compare_and_write: return compare_and_write(operation);
      case OperationKind::lba_status: return {.lba_status = {extent_at(operation.range)}};
      case OperationKind::flush: break;
    }
    return {};
  }
  IoResult compare_and_write(const Operation& operation) {
    const std::size_t bytes = operation.range.count * kBlockBytes;
    const Slice data = flatten(operation.data);
    const std::string found = text(operation.range.first.value, operation.range.count);
    const std::string expected(as_text(data.sub(0, bytes).bytes()));
    const auto differ = std::mismatch(found.begin(), found.end(), expected.begin());
    if (differ.first != found.end()) {
      return {.status = IoStatus::miscompare, .detail = static_cast<std::uint64_t>(differ.first - found.begin())};
    }
    Operation write = operation;
    write.data = {data.sub(bytes, bytes)};
    this->write(write);
    return {};
  }
  // One extent an answer, of at most lba_status_blocks.
  LbaStatus extent_at(const BlockRange& range) const {
    const std::uint64_t end = range.first.value + std::min(range.count, lba_status_blocks);
    const bool mapped = content_.contains(range.first.value);
    std::uint64_t at = range.first.value + 1;
    while (at < end && content_.contains(at) == mapped) ++at;
    return {{range.first, at - range.first.value}, mapped};
  }
  void write(const Operation& operation) {
    const Slice data = flatten(operation.data);
    for (std::uint64_t i = 0; i < operation.range.count; ++i) {
      copy_out({data.sub(i * kBlockBytes, kBlockBytes)}, content_[operation.range.first.value + i]);
    }
  }
  void discard(const BlockRange& range) {
    content_.erase(content_.lower_bound(range.first.value), content_.lower_bound(range.first.value + range.count));
  }

  std::uint64_t blocks_;
  std::map<std::uint64_t, Block> content_;  // by LBA; what is missing reads as zeros
  std::optional<Failure> failure_;
  bool holding_ = false;
  std::deque<Held> held_;
};

}  // namespace shoal::test

// StampedDisk: a disk that believes nothing. Every block that a fuzzer's initiator sends carries a stamp of its command
// and place; what arrives here must be blocks of a command that was announced, at their places, and of none that must
// fail. Anything else has changed data that no valid command was to change, and aborts the process.
#pragma once

#include <cstdint>
#include <cstdlib>
#include <deque>
#include <map>
#include <string>
#include <utility>

#include "target/ports/block_device.h"

namespace shoal::test {

class StampedDisk final : public BlockDevice {
 public:
  static constexpr std::uint64_t kBlocks = 1 << 16;

  // `count` blocks of the write `command`, from its block `first` on.
  static std::string stamps(std::uint32_t command, std::uint64_t first, std::uint64_t count) {
    std::string text(count * kBlockBytes, '\0');
    for (std::uint64_t i = 0; i < count * kBlockBytes; i += 16) {
      const auto at = std::as_writable_bytes(std::span(text)).subspan(i, 16);
      store_be<std::uint32_t>(at, 0, command);
      store_be<std::uint32_t>(at, 4, static_cast<std::uint32_t>(i % kBlockBytes));
      store_be<std::uint64_t>(at, 8, first + i / kBlockBytes);
    }
    return text;
  }

  void announce(std::uint32_t command, const BlockRange& range) { writes_[command] = {range, Fate::good}; }
  // From here on it must not be carried out.
  void must_fail(std::uint32_t command) { decide(command, Fate::must_fail); }
  // Its data were mixed with others that may pass for them.
  void may_be_anything(std::uint32_t command) { decide(command, Fate::anything); }
  // The stream was put out of step on purpose: from here on any command may have come of it.
  void believe_all() { believing_ = true; }

  std::size_t waiting() const { return waiting_.size(); }
  void complete_one() {
    Waiting first = std::move(waiting_.front());
    waiting_.pop_front();
    IoResult result;
    if (first.operation.kind == OperationKind::read) {
      result.data.push_back(Slice::copy_of(std::string(first.operation.range.count * kBlockBytes, 'r')));
    }
    first.done(std::move(result));
  }

  std::uint64_t size_blocks() const override { return kBlocks; }
  void submit(Operation operation, Completion<IoResult> done) override {
    const BlockRange& range = operation.range;
    if (range.count > kBlocks || range.first.value > kBlocks - range.count) std::abort();
    if (is_mutation(operation.kind) && !believing_) check(operation);
    waiting_.push_back({std::move(operation), std::move(done)});
  }
  void abort(const AbortSelection& selection, Completion<> done) override {
    for (Waiting& one : std::exchange(waiting_, {})) {
      if (selection.id.value == 0 || selection.id == one.operation.origin.id) {
        one.done({.status = IoStatus::aborted});
      } else {
        waiting_.push_back(std::move(one));
      }
    }
    done();
  }

 private:
  enum class Fate { good, must_fail, anything };
  void decide(std::uint32_t command, Fate fate) {
    const auto found = writes_.find(command);
    if (found != writes_.end() && found->second.fate == Fate::good) found->second.fate = fate;
  }

  struct Write {
    BlockRange range;
    Fate fate;
  };
  struct Waiting {
    Operation operation;
    Completion<IoResult> done;
  };

  void check(const Operation& operation) const {
    if (operation.kind != OperationKind::write) std::abort();
    const Slice data = flatten(operation.data);
    if (data.size() != operation.range.count * kBlockBytes) std::abort();
    const auto found = writes_.find(load_be<std::uint32_t>(data.bytes()));
    const auto at = operation.range.first.value;
    if (found == writes_.end()) {  // mixed: then it must be one of those that may be
      for (const auto& [command, write] : writes_) {
        if (write.fate == Fate::anything && write.range.first == operation.range.first) return;
      }
      std::abort();
    }
    const auto& [command, write] = *found;
    if (write.fate == Fate::anything) return;
    if (write.fate == Fate::must_fail || at < write.range.first.value) std::abort();
    const std::uint64_t first = at - write.range.first.value;
    if (first + operation.range.count > write.range.count) std::abort();
    if (as_text(data.bytes()) != stamps(command, first, operation.range.count)) std::abort();
  }

  std::map<std::uint32_t, Write> writes_;
  std::deque<Waiting> waiting_;
  bool believing_ = false;
};

}  // namespace shoal::test

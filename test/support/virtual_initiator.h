// VirtualInitiator: a small initiator as a pure machine, for tests in virtual time. It logs in, keeps several reads and
// writes of a small disk in flight, obeys what was negotiated, answers pings, and compares all it reads with what it
// wrote. It follows the rules that a target depends on and throws std::runtime_error where the target breaks one of its
// own.
#pragma once

#include <algorithm>
#include <map>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "target/base/random.h"
#include "test/support/initiator_pdus.h"

namespace shoal::test {

class VirtualInitiator {
 public:
  static constexpr std::uint32_t kBlock = 512;

  VirtualInitiator(std::uint64_t seed, iscsi::TextKeys offer, std::uint32_t blocks, unsigned operations, unsigned depth)
      : random_(seed), offer_(std::move(offer)), disk_(blocks * kBlock, '\0'), left_(operations), depth_(depth) {}

  Slices start() {
    writer_.add_bytes(iscsi::LoginRequest(operational_request()),
                      as_bytes(iscsi::to_text(joined(without(security_keys(), "AuthMethod"), offer_))));
    return writer_.take();
  }

  // What the target sent; yields what to send.
  Slices receive(const Slice& bytes) {
    reader_.receive({bytes});
    while (auto answer = reader_.next()) on_answer(*answer);
    if (reader_.broken()) fail("the stream is broken");
    if (logged_in_) fill();
    return writer_.take();
  }

  bool done() const { return left_ == 0 && tasks_.empty() && logged_in_; }
  bool dropped() const { return dropped_; }
  unsigned answered() const { return answered_; }
  void log_out() { writer_.add(iscsi::LogoutRequest(numbers_.logout())); }
  Slices take() { return writer_.take(); }

 private:
  struct Task {
    bool write = false;
    std::uint32_t first = 0, bytes = 0;
    std::string data;                // to write, or read so far
    std::uint32_t next_data_sn = 0;  // of Data-In
    std::uint32_t next_r2t_sn = 0;
  };

  [[noreturn]] static void fail(const std::string& what) { throw std::runtime_error("target: " + what); }
  std::uint32_t number(std::string_view key) const {
    return static_cast<std::uint32_t>(std::stoul(agreed_.at(std::string(key))));
  }
  bool yes(std::string_view key) const { return agreed_.at(std::string(key)) == "Yes"; }

  void on_answer(const Answer& answer) {
    if (!answer.data_digest_ok) fail("data digest");
    std::visit([&](const auto& pdu) { check_numbers(pdu.numbering); }, answer.pdu);
    if (const auto* login = answer.as<iscsi::LoginResponse>()) return on_login(*login, answer.keys());
    if (const auto* r2t = answer.as<iscsi::R2t>()) return on_r2t(*r2t);
    if (const auto* data = answer.as<iscsi::DataIn>()) return on_data(*data, answer.data);
    if (const auto* response = answer.as<iscsi::ScsiResponse>()) {
      take_stat_sn(response->numbering.stat_sn);
      return finish(response->task, response->status);
    }
    if (const auto* nop = answer.as<iscsi::NopIn>()) {
      if (nop->task != iscsi::kNoTask) fail("an answer to no ping");
      return writer_.add(numbers_.pong(*nop));
    }
    if (const auto* message = answer.as<iscsi::AsyncMessage>()) {
      take_stat_sn(message->numbering.stat_sn);
      if (message->event == iscsi::AsyncEvent::connection_dropped) dropped_ = true;
      return;
    }
    if (const auto* logout = answer.as<iscsi::LogoutResponse>()) return take_stat_sn(logout->numbering.stat_sn);
    fail("an unexpected PDU");
  }

  void check_numbers(const iscsi::Numbering& numbers) {
    if (precedes(numbers.max_cmd_sn, max_cmd_sn_) && logged_in_) fail("MaxCmdSN went back");
    max_cmd_sn_ = numbers.max_cmd_sn;
  }
  void take_stat_sn(iscsi::StatSn stat_sn) {
    if (stat_sn != numbers_.exp_stat_sn()) fail("StatSN");
    numbers_.acknowledge(stat_sn);
  }

  void on_login(const iscsi::LoginResponse& login, const iscsi::TextKeys& keys) {
    if (login.status != iscsi::LoginStatus::success) fail("login status");
    for (const auto& each : offer_) agreed_[each.key] = each.value;
    receive_bytes_ = number("MaxRecvDataSegmentLength");
    for (const auto& each : keys) agreed_[each.key] = each.value;
    numbers_.acknowledge(login.numbering.stat_sn);
    const iscsi::Digests digests{agreed_["HeaderDigest"] == "CRC32C", agreed_["DataDigest"] == "CRC32C"};
    writer_.set_digests(digests);
    reader_.set_digests(digests);
    logged_in_ = true;
  }

  void fill() {
    for (int tries = 0; tries < 100 && left_ != 0 && tasks_.size() < depth_ && !dropped_; ++tries) {
      if (!iscsi::precedes_or_equals(numbers_.cmd_sn(), max_cmd_sn_)) return;
      begin();
    }
  }

  // What is in flight does not overlap, so that its result is known.
  bool overlaps(const Task& task) const {
    return std::any_of(tasks_.begin(), tasks_.end(), [&](const auto& other) {
      return task.first < other.second.first + other.second.bytes && other.second.first < task.first + task.bytes;
    });
  }

  void begin() {
    const std::uint32_t blocks = static_cast<std::uint32_t>(disk_.size() / kBlock);
    Task task;
    task.write = random_.below(2) == 0;
    const std::uint32_t count = 1 + static_cast<std::uint32_t>(random_.below(random_.below(8) == 0 ? 64 : 8));
    task.bytes = std::min(count, blocks) * kBlock;
    task.first = static_cast<std::uint32_t>(random_.below(blocks - task.bytes / kBlock + 1)) * kBlock;
    if (overlaps(task)) return;
    --left_;
    task.write ? begin_write(task) : begin_read(task);
  }

  void begin_read(const Task& task) {
    const auto command = numbers_.read(read16(task.first / kBlock, task.bytes / kBlock), task.bytes);
    writer_.add(command);
    tasks_[command.task.value] = task;
  }

  void begin_write(Task& task) {
    task.data = pattern(task.bytes, static_cast<unsigned>(random_.next()));
    const std::uint32_t burst = std::min(number("FirstBurstLength"), task.bytes);
    const std::uint32_t segment = number("MaxRecvDataSegmentLength");
    std::uint32_t sent = yes("ImmediateData") && random_.below(4) != 0 ? std::min(burst, segment) : 0;
    const bool unsolicited = !yes("InitialR2T") && sent < burst;
    const auto command = numbers_.write(write16(task.first / kBlock, task.bytes / kBlock), task.bytes, !unsolicited);
    writer_.add_bytes(command, as_bytes(task.data).first(sent));
    for (iscsi::DataSn sn; unsolicited && sent < burst; ++sn) {
      const std::uint32_t piece = piece_of(std::min(segment, burst - sent));
      writer_.add_bytes(numbers_.unsolicited(command, sent, sn, sent + piece == burst),
                        as_bytes(task.data).subspan(sent, piece));
      sent += piece;
    }
    tasks_[command.task.value] = std::move(task);
  }

  std::uint32_t piece_of(std::uint32_t most) {
    return random_.below(3) == 0 ? 1 + static_cast<std::uint32_t>(random_.below(most)) : most;
  }

  void on_r2t(const iscsi::R2t& r2t) {
    Task& task = task_of(r2t.task);
    if (!task.write || r2t.r2t_sn.value != task.next_r2t_sn++) fail("R2T out of sequence");
    if (r2t.desired_length == 0 || r2t.desired_length > number("MaxBurstLength")) fail("R2T length");
    if (r2t.numbering.stat_sn != numbers_.exp_stat_sn()) fail("R2T StatSN");
    std::uint32_t sent = 0;
    for (iscsi::DataSn sn; sent < r2t.desired_length; ++sn) {
      const std::uint32_t piece = piece_of(std::min(number("MaxRecvDataSegmentLength"), r2t.desired_length - sent));
      const std::uint32_t offset = r2t.buffer_offset + sent;
      sent += piece;
      writer_.add_bytes(numbers_.solicited(r2t, offset, sn, sent == r2t.desired_length),
                        as_bytes(task.data).subspan(offset, piece));
    }
  }

  void on_data(const iscsi::DataIn& data, const std::string& bytes) {
    Task& task = task_of(data.task);
    if (task.write || data.data_sn.value != task.next_data_sn++) fail("Data-In out of sequence");
    if (data.buffer_offset != task.data.size()) fail("Data-In offset");
    if (bytes.size() > receive_bytes_) fail("Data-In is longer than was declared");
    task.data += bytes;
    if (!data.has_status) return;
    take_stat_sn(data.numbering.stat_sn);
    finish(data.task, data.status);
  }

  Task& task_of(iscsi::InitiatorTaskTag tag) {
    const auto found = tasks_.find(tag.value);
    if (found == tasks_.end()) fail("a tag of no task");
    return found->second;
  }

  void finish(iscsi::InitiatorTaskTag tag, std::uint8_t status) {
    const Task& task = task_of(tag);
    if (status != 0) fail("status");
    if (task.data.size() != task.bytes) fail("too little data");
    if (task.write) {
      disk_.replace(task.first, task.bytes, task.data);
    } else if (disk_.compare(task.first, task.bytes, task.data) != 0) {
      fail("wrong data");
    }
    tasks_.erase(tag.value);
    ++answered_;
  }

  SeededRandom random_;
  iscsi::TextKeys offer_;
  std::string disk_;
  unsigned left_, depth_;
  unsigned answered_ = 0;
  std::map<std::string, std::string> agreed_;
  std::uint32_t receive_bytes_ = 0;
  iscsi::PduWriter writer_;
  AnswerReader reader_;
  InitiatorNumbers numbers_;
  iscsi::CmdSn max_cmd_sn_;
  std::map<std::uint32_t, Task> tasks_;
  bool logged_in_ = false, dropped_ = false;
};

}  // namespace shoal::test

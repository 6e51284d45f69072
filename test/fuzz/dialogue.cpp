// Fuzz: whole dialogues with a Connection. The input is a list of operations: good and bent PDUs, raw bytes, time that passes, a driver
// that answers early, late or never. What the target sends must always be a stream of PDUs that an initiator can read.
#include <fuzzer/FuzzedDataProvider.h>

#include <cstdlib>
#include <deque>
#include <vector>

#include "target/iscsi/connection.h"
#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using namespace shoal::test;

namespace {

class Dialogue {
 public:
  explicit Dialogue(FuzzedDataProvider& in) : in_(in), connection_(LoginConfig{}, ConnectionLimits{}, Time{}) {}

  void run() {
    if (in_.ConsumeIntegralInRange(0, 3) != 0) log_in();
    for (int i = 0; i < 300 && in_.remaining_bytes() > 0 && !over(); ++i) {
      step();
      settle();
    }
    if (!ended_) connection_.close(EndReason::ended_here, "over", now_);
    settle();
  }

 private:
  bool over() const { return ended_ || connection_.closing() == Closing::close; }

  void log_in() {
    TextKeys offer = operational_keys();
    digests_ = {in_.ConsumeBool(), in_.ConsumeBool()};
    if (digests_.header) offer = with(offer, "HeaderDigest", "CRC32C");
    if (digests_.data) offer = with(offer, "DataDigest", "CRC32C");
    const TextKeys keys = joined(in_.ConsumeBool() ? without(security_keys(), "AuthMethod") : without(discovery_keys(), "AuthMethod"), offer);
    give(wire(operational_request(), keys));
    settle();
    reader_.set_digests(digests_);
  }

  void step() {
    switch (in_.ConsumeIntegralInRange(0, 15)) {
      case 0: return give(wire(operational_request(), operational_keys()));
      case 1: return send(numbers_.read(read16(in_.ConsumeIntegral<std::uint16_t>(), 8), length()));
      case 2: return write();
      case 3: return send(data_out(), in_.ConsumeRandomLengthString(600));
      case 4: return send(numbers_.ping(), in_.ConsumeRandomLengthString(100));
      case 5: return send(numbers_.manage(static_cast<TaskFunction>(in_.ConsumeIntegralInRange(0, 15))));
      case 6: return send(numbers_.text(), to_text({{"SendTargets", in_.ConsumeBool() ? "All" : ""}}));
      case 7: return send(numbers_.logout(static_cast<LogoutRequestReason>(in_.ConsumeIntegralInRange(0, 3))));
      case 8: return raw();
      case 9: return bent();
      case 10: return pass_time();
      case 11: return numbers_.set_exp_stat_sn(seen_stat_sn_);
      case 12: return complete();
      case 13: return manage();
      case 14: return driver();
      default: return numbers_.set_exp_stat_sn(StatSn{in_.ConsumeIntegral<std::uint32_t>()});
    }
  }

  void write() {
    const std::uint32_t bytes = length();
    const bool final = in_.ConsumeBool();
    const std::string data = pattern(in_.ConsumeIntegralInRange<std::size_t>(0, std::min<std::size_t>(bytes, 1000)));
    last_ = numbers_.write(write16(0, (bytes + 511) / 512), bytes, final);
    send(last_, data);
  }
  DataOut data_out() {
    if (!r2ts_.empty() && in_.ConsumeBool()) {
      const R2t r2t = r2ts_.front();
      r2ts_.pop_front();
      return numbers_.solicited(r2t, r2t.buffer_offset, DataSn{0}, in_.ConsumeBool());
    }
    return numbers_.unsolicited(last_, in_.ConsumeIntegral<std::uint16_t>(), DataSn{in_.ConsumeIntegral<std::uint8_t>()}, in_.ConsumeBool());
  }
  void raw() {
    const std::string bytes = in_.ConsumeRandomLengthString(200);
    give(Slice::copy_of(bytes));
  }
  // A good header with some bytes changed, data of another length than it says.
  void bent() {
    BhsBytes bhs = encode(numbers_.write(write16(0, 8), 4096), in_.ConsumeIntegralInRange<std::uint32_t>(0, 9000));
    for (int i = in_.ConsumeIntegralInRange(1, 6); i > 0; --i) {
      bhs[in_.ConsumeIntegralInRange<std::size_t>(0, kBhsSize - 1)] = static_cast<std::byte>(in_.ConsumeIntegral<std::uint8_t>());
    }
    give(Slice::copy_of(ByteSpan(bhs)));
  }
  void pass_time() {
    now_ += Duration(std::chrono::milliseconds(in_.ConsumeIntegralInRange(0, 20000)));
    if (const auto deadline = connection_.deadline(); deadline && *deadline <= now_) connection_.on_deadline(now_);
  }

  void complete() {
    if (tasks_.empty()) return;
    const Command command = tasks_.front();
    tasks_.pop_front();
    Outcome outcome;
    outcome.status = in_.ConsumeBool() ? 0 : 2;
    outcome.transfer_bytes = in_.ConsumeIntegralInRange<std::uint64_t>(0, 100000);
    if (command.read && outcome.status == 0) {
      outcome.data.push_back(Slice::copy_of(pattern(in_.ConsumeIntegralInRange<std::size_t>(0, outcome.transfer_bytes))));
    }
    if (outcome.status == 2) outcome.sense = Slice::copy_of(pattern(18));
    connection_.complete(command.task, outcome, now_);
  }
  void manage() {
    if (managements_.empty()) return;
    connection_.complete_management(managements_.front(), TaskResponse::complete, now_);
    managements_.pop_front();
  }
  void driver() {
    switch (in_.ConsumeIntegralInRange(0, 5)) {
      case 0: return connection_.begin_drop(now_);
      case 1: return connection_.quiet() ? connection_.send_drop_event(now_) : void();
      case 2: return connection_.request_logout(5s, now_);
      case 3: return connection_.finish_logout(now_);
      case 4: return connection_.answer_targets({{"iqn.2026-01.shoal:demo", {"127.0.0.1:3260,1"}}}, now_);
      default: return connection_.peer_closed(now_);
    }
  }

  template <class Pdu>
  void send(const Pdu& pdu, std::string_view data = {}) {
    give(wire(pdu, data, digests_));
  }
  void give(const Slice& bytes) {
    if (bytes.empty()) return;
    const std::size_t half = in_.ConsumeIntegralInRange<std::size_t>(0, bytes.size());
    if (half != 0) connection_.receive(bytes.sub(0, half), now_);
    if (half != bytes.size()) connection_.receive(bytes.sub(half, bytes.size() - half), now_);
  }

  void settle() {
    while (auto event = connection_.next_event()) take(*event);
    reader_.receive(connection_.transmit());
    for (const Answer& answer : reader_.all()) {
      if (const auto* r2t = answer.as<R2t>()) r2ts_.push_back(*r2t);
      std::visit([this](const auto& pdu) { seen_stat_sn_ = pdu.numbering.stat_sn; }, answer.pdu);
    }
    if (reader_.broken()) std::abort();
    if (connection_.open_tasks() > 128 + 16) std::abort();
  }
  void take(Event& event) {
    if (auto* asked = std::get_if<LoginAsked>(&event)) {
      const bool move = !asked->question.discovery && in_.ConsumeIntegralInRange(0, 9) == 0;
      connection_.answer_login(move ? LoginAnswer(Redirected{"127.0.0.2:3261"}) : LoginAnswer(Serve{1}), now_);
    } else if (std::holds_alternative<NexusClaimAsked>(event)) {
      connection_.answer_claim(Claimed{7}, now_);
    } else if (auto* ready = std::get_if<CommandReady>(&event)) {
      tasks_.push_back(std::move(ready->command));
    } else if (auto* failed = std::get_if<CommandFailed>(&event)) {
      tasks_.push_back(std::move(failed->command));
    } else if (auto* management = std::get_if<ManagementAsked>(&event)) {
      managements_.push_back(management->id);
    } else if (std::holds_alternative<Ended>(event)) {
      ended_ = true;
    }
  }
  std::uint32_t length() { return in_.ConsumeBool() ? 4096 : in_.ConsumeIntegralInRange<std::uint32_t>(0, 100000); }

  FuzzedDataProvider& in_;
  Connection connection_;
  Time now_{};
  Digests digests_;
  InitiatorNumbers numbers_;
  AnswerReader reader_;
  StatSn seen_stat_sn_{0};
  ScsiCommand last_;
  std::deque<R2t> r2ts_;
  std::deque<Command> tasks_;
  std::deque<ManagementId> managements_;
  bool ended_ = false;
};

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  Dialogue(in).run();
  return 0;
}

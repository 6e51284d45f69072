// A Connection against an initiator machine: random operations, random cuts of both streams, answers in any order.
#include <catch2/catch.hpp>
#include <deque>

#include "target/iscsi/connection.h"
#include "test/support/virtual_initiator.h"

using namespace shoal;
using namespace shoal::iscsi;
using namespace shoal::test;

namespace {

class Pair {
 public:
  Pair(std::uint64_t seed, const TextKeys& keys, ConnectionLimits limits)
      : random_(seed),
        connection_(LoginConfig{.max_recv_data_segment_bytes = 4096}, limits, now_),
        disk_(kBlocks * VirtualInitiator::kBlock, '\0'),
        initiator_(seed, keys, kBlocks, 200, 16) {}

  VirtualInitiator& initiator() { return initiator_; }
  Connection& connection() { return connection_; }
  bool ended() const { return ended_; }

  // Until the initiator is done, or the drop is. False: it stands still.
  bool run(bool drop) {
    put(to_target_, initiator_.start());
    for (unsigned step = 0; step < 1000000 && !ended_; ++step) {
      if (initiator_.done() && !logged_out_) {
        logged_out_ = true;
        initiator_.log_out();
        put(to_target_, initiator_.take());
      }
      if (drop && initiator_.answered() > 100) connection_.begin_drop(now_);
      move();
      if (to_target_.empty() && to_initiator_.empty() && waiting_.empty() && !step_time()) return false;
    }
    return ended_;
  }

 private:
  static constexpr std::uint32_t kBlocks = 2048;

  static void put(std::string& stream, const Slices& bytes) {
    for (const Slice& slice : bytes) stream += as_text(slice.bytes());
  }
  Slice cut(std::string& stream) {
    const std::size_t most = random_.below(4) == 0 ? 60 : 20000;
    const std::size_t count = std::min<std::size_t>(stream.size(), 1 + random_.below(most));
    Slice slice = Slice::copy_of(std::string_view(stream).substr(0, count));
    stream.erase(0, count);
    return slice;
  }

  void move() {
    now_ += 10us;
    switch (random_.below(3)) {
      case 0:
        if (!to_target_.empty()) connection_.receive(cut(to_target_), now_);
        break;
      case 1:
        if (!to_initiator_.empty()) put(to_target_, initiator_.receive(cut(to_initiator_)));
        break;
      case 2:
        for (auto many = random_.below(8); many != 0 && !waiting_.empty(); --many) answer_one();
        break;
    }
    while (auto event = connection_.next_event()) on_event(std::move(*event));
    put(to_initiator_, connection_.transmit());
  }

  bool step_time() {
    const auto deadline = connection_.deadline();
    if (!deadline) return false;
    now_ = std::max(now_, *deadline);
    connection_.on_deadline(now_);
    put(to_initiator_, connection_.transmit());
    return true;
  }

  void answer_one() {
    const std::size_t index = random_.below(waiting_.size());
    const Command command = std::move(waiting_[index]);
    waiting_.erase(waiting_.begin() + static_cast<std::ptrdiff_t>(index));
    const std::size_t at = load_be<std::uint64_t>(command.cdb, 2) * VirtualInitiator::kBlock;
    Outcome outcome{.transfer_bytes = command.expected_bytes};
    if (command.write) {
      if (total_size(command.data) != command.expected_bytes) throw std::runtime_error("write data are not complete");
      copy_out(command.data, std::as_writable_bytes(std::span(disk_)).subspan(at));
    } else {
      outcome.data = {Slice::copy_of(disk_.substr(at, command.expected_bytes))};
    }
    connection_.complete(command.task, outcome, now_);
  }

  void on_event(Event event) {
    if (std::holds_alternative<LoginAsked>(event)) connection_.answer_login(Serve{}, now_);
    if (std::holds_alternative<NexusClaimAsked>(event)) connection_.answer_claim(Claimed{1}, now_);
    if (auto* ready = std::get_if<CommandReady>(&event)) waiting_.push_back(std::move(ready->command));
    if (std::holds_alternative<LogoutAsked>(event)) connection_.finish_logout(now_);
    if (std::holds_alternative<Quiet>(event)) connection_.send_drop_event(now_);
    if (std::holds_alternative<Ended>(event)) {
      reason = std::get<Ended>(event).reason;
      put(to_initiator_, connection_.transmit());
      while (!to_initiator_.empty()) initiator_.receive(cut(to_initiator_));
      ended_ = true;
    }
  }

  SeededRandom random_;
  Time now_{};
  Connection connection_;
  std::string disk_;
  VirtualInitiator initiator_;
  std::string to_target_, to_initiator_;
  std::vector<Command> waiting_;
  bool logged_out_ = false, ended_ = false;

 public:
  EndReason reason{};
};

TextKeys keys_of(SeededRandom& random) {
  const auto either = [&](const char* a, const char* b) { return random.below(2) ? a : b; };
  return {{"HeaderDigest", either("None", "CRC32C")},
          {"DataDigest", either("None", "CRC32C")},
          {"InitialR2T", either("Yes", "No")},
          {"ImmediateData", either("Yes", "No")},
          {"MaxBurstLength", std::to_string(512 + random.below(20000))},
          {"FirstBurstLength", std::to_string(512 + random.below(10000))},
          {"MaxOutstandingR2T", std::to_string(1 + random.below(8))},
          {"MaxRecvDataSegmentLength", std::to_string(512 + random.below(8000))}};
}

}  // namespace

TEST_CASE("whatever is negotiated and however the streams are cut, every byte comes where it belongs") {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    const TextKeys keys = keys_of(random);
    ConnectionLimits limits;
    limits.command_window = static_cast<std::uint32_t>(1 + random.below(20));
    limits.outstanding_write_bytes = static_cast<std::uint32_t>(1000 + random.below(100000));
    Pair pair(seed, keys, limits);
    REQUIRE(pair.run(false));
    CHECK(pair.reason == EndReason::logged_out);
    CHECK(pair.initiator().answered() == 200);
  }
}

TEST_CASE("a drop under load finishes what was accepted, and the initiator has every answer") {
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed + 1000);
    Pair pair(seed, keys_of(random), {});
    REQUIRE(pair.run(true));
    CHECK(pair.reason == EndReason::dropped);
    CHECK(pair.initiator().dropped());
    CHECK(pair.connection().open_tasks() == 0);
  }
}

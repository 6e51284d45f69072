// LoopWatch: notices that this member's loop stood still (a stopped process, a paused machine). What lies in the
// sockets then may be older than the host's patience: it has gone on through another member, and its old writes must
// not be executed any more (ARCHITECTURE.md, ghost writes, rule (d)). So everybody asks before acting on what was read.
//
// It beats only while it is watched for, so that an idle server sleeps. One beat for all connections.
#pragma once

#include <functional>
#include <memory>

#include "target/runtime/runtime.h"

namespace shoal::server {

class LoopWatch {
 public:
  static constexpr Duration kBeat = 500ms;
  static constexpr Duration kStandstill = 2s;

  // Longer than `standstill` is one. `stood_still` is called, once for each, before anyone hears of it from check().
  LoopWatch(Runtime& runtime, Duration standstill, std::function<void(Duration)> stood_still)
      : runtime_(runtime), standstill_(standstill), stood_still_(std::move(stood_still)) {}

  void start();
  void stop() { timer_.reset(); }
  // False: the loop stood still since the last beat or check.
  bool check();

 private:
  void beat();

  Runtime& runtime_;
  Duration standstill_;
  std::function<void(Duration)> stood_still_;
  std::unique_ptr<Timer> timer_;
  Time alive_{};  // when the loop was last known to turn
};

}  // namespace shoal::server

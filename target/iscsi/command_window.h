// CommandWindow: which numbered commands may come, and in what order they are delivered (RFC 7143 4.2.2.1).
//
// The window is [exp_cmd_sn, max_cmd_sn]. Outside it and twice inside it: ignored silently. Ahead of a hole: held,
// until the hole is filled. max_cmd_sn leaves room for as many commands as `size` less those in progress, and never
// goes backward. Immediate commands take no number: the caller does not ask about them. What is held is the caller's to
// keep.
#pragma once

#include <cstdint>
#include <vector>

#include "target/iscsi/serial.h"

namespace shoal::iscsi {

class CommandWindow {
 public:
  enum class Verdict {
    deliver,  // in order: now counted as received; afterwards deliver what take_held() yields
    hold,     // received ahead of a hole: keep it under its number
    ignore,
  };

  CommandWindow(CmdSn first, std::uint32_t size);

  Verdict admit(CmdSn cmd_sn);
  // The hole before a held number is filled: delivers it and yields true; call again until false.
  bool take_held(CmdSn& cmd_sn);
  // What was delivered last is rejected, so it has not been received (7.3): there is a hole, until its number comes
  // again.
  void take_back() { --exp_; }
  // ABORT TASK named a command that never came (11.5.5, 11.6.1): it counts as received and will be ignored. False: it
  // lies outside the window or had come. Afterwards deliver what take_held() yields, if `cmd_sn` was the hole.
  bool count_as_received(CmdSn cmd_sn);

  // A delivered command occupies the window until it is answered.
  void started() { ++in_progress_; }
  void finished();

  // No more: nothing is admitted and max_cmd_sn stays.
  void close() { closed_ = true; }
  bool closed() const { return closed_; }

  CmdSn exp_cmd_sn() const { return exp_; }
  CmdSn max_cmd_sn();

 private:
  bool contains(CmdSn cmd_sn) const;
  std::vector<bool>::reference held(CmdSn cmd_sn) { return held_[cmd_sn.value % held_.size()]; }

  CmdSn exp_;
  CmdSn max_;
  std::uint32_t size_;
  std::uint32_t in_progress_ = 0;
  bool closed_ = false;
  std::vector<bool> held_;  // of [exp_, max_]; a power of two long, so that numbers wrap onto it
};

}  // namespace shoal::iscsi

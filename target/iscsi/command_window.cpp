#include "target/iscsi/command_window.h"

#include <bit>

#include "target/base/check.h"

namespace shoal::iscsi {

CommandWindow::CommandWindow(CmdSn first, std::uint32_t size)
    : exp_(first), max_(first + (size - 1)), size_(size), held_(std::bit_ceil(size)) {
  CHECK(size > 0 && size <= 1u << 16, size);
}

bool CommandWindow::contains(CmdSn cmd_sn) const {
  return precedes_or_equals(exp_, cmd_sn) && precedes_or_equals(cmd_sn, max_);
}

CommandWindow::Verdict CommandWindow::admit(CmdSn cmd_sn) {
  if (closed_ || !contains(cmd_sn) || held(cmd_sn)) return Verdict::ignore;
  if (cmd_sn != exp_) {
    held(cmd_sn) = true;
    return Verdict::hold;
  }
  ++exp_;
  return Verdict::deliver;
}

bool CommandWindow::take_held(CmdSn& cmd_sn) {
  if (closed_ || !contains(exp_) || !held(exp_)) return false;
  held(exp_) = false;
  cmd_sn = exp_++;
  return true;
}

bool CommandWindow::count_as_received(CmdSn cmd_sn) {
  if (closed_ || !contains(cmd_sn) || held(cmd_sn)) return false;
  held(cmd_sn) = true;
  return true;
}

void CommandWindow::finished() {
  CHECK(in_progress_ > 0);
  --in_progress_;
}

CmdSn CommandWindow::max_cmd_sn() {
  const std::uint32_t room = in_progress_ < size_ ? size_ - in_progress_ : 0;
  const CmdSn granted = exp_ + room - 1;
  if (!closed_ && precedes(max_, granted)) max_ = granted;
  return max_;
}

}  // namespace shoal::iscsi

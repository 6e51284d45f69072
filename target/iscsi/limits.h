// ConnectionLimits: what one connection may take. Everything that comes from outside meets one of these, or one of the
// limits of the framer, of text and of login (framer.h, text.h, login.h).
#pragma once

#include <cstddef>
#include <cstdint>

#include "target/base/time.h"

namespace shoal::iscsi {

struct ConnectionLimits {
  std::uint32_t command_window = 128;  // tasks that an initiator may have in progress (open-iscsi asks 128)
  std::uint32_t immediate_tasks = 16;  // immediate commands and management requests in progress: Reject 06 above
  std::uint32_t command_data_bytes = 32u << 20;     // write data of one command; more is CHECK CONDITION 24/00
  std::size_t outstanding_write_bytes = 32u << 20;  // write data asked for or held, of the session: R2Ts wait above it
  std::size_t held_data_bytes = 1u << 20;           // Data-Out held for commands that wait for a missing CmdSN
  std::size_t waiting_output_bytes = 1u << 20;      // replies to what is no task (NOP, text, Reject) not yet taken
  std::size_t login_backlog_bytes = 256u << 10;     // received behind a login request whose answer is the driver's
  Duration login_timeout = 15s;                     // from accept to full feature phase
  std::size_t output_bytes = 8u << 20;              // ready and not yet taken: wants_input() is false above it
  Duration ping_interval = 10s;                     // idle time before a NOP-In
  Duration waiting_ping_interval = 3s;              // the same while a task is open: is its initiator still there?
  Duration ping_timeout = 20s;    // NOP-In without any answer: the connection ends; a paused guest is back by then
  Duration discovery_idle = 30s;  // time that a discovery session may ask nothing
  Duration drop_timeout = 20s;    // of begin_drop() for write data and acknowledgements to come
  Duration hole_timeout = 20s;    // of a missing command that others wait for: the connection ends
  Duration logout_linger = 4s;  // a host that has logged out closes first; libiscsi comes again 3 s after the last time
  Duration linger = 2s;         // wait for the peer's FIN after a half-close
};

}  // namespace shoal::iscsi

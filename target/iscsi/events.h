// What an iSCSI connection asks of its driver (events) and what it is answered. Values only; RFC 7143 and the reasons
// are at Connection, which yields and takes them.
#pragma once

#include <cstdint>
#include <string>
#include <variant>
#include <vector>

#include "target/iscsi/login.h"
#include "target/iscsi/task.h"
#include "target/iscsi/transfer.h"

namespace shoal::iscsi {

// Names are known: where is this login served (LoginQuestion::Kind::place)? answer_login() with Serve, Redirected or
// Refused. One question is open at most.
struct LoginAsked {
  LoginQuestion question;
};

// Security and keys are agreed; the nexus must be this session's before full feature phase (Kind::claim; reinstatement,
// 6.3.5). Not asked for discovery sessions. answer_claim() with Claimed or Refused.
struct NexusClaimAsked {
  LoginQuestion question;
};

// The final Login Response is in the output: full feature phase.
struct LoggedIn {
  SessionParameters parameters;
};

// A command may start: what its attribute has to wait for is complete()d. By CmdSN, but for SIMPLE commands whose write
// data arrived later than that of a SIMPLE successor, and for HEAD OF QUEUE. complete().
struct CommandReady {
  Command command;
};

// A command has ended before SCSI may see it. complete() with CHECK CONDITION and the sense that belongs to the fault.
struct CommandFailed {
  Command command;  // without data
  DataFault fault{};
};

// Tasks are to be ended. Those in `tasks` had been given by CommandReady or CommandFailed and were not complete()d; the
// connection already counts them as aborted: no response will be sent, complete() for them is taken and ignored.
// Affected tasks that SCSI never saw are gone already. Answered only when the affected tasks can no longer touch data:
// complete_management().
struct ManagementAsked {
  ManagementId id;
  TaskFunction function{};
  Lun lun;                    // meaningless for the two target resets
  std::vector<TaskId> tasks;  // of this connection
};

// Close the session or the connection, which is the same here. Every task given by CommandReady should be complete()d
// (their responses still go out), then finish_logout(). No further command comes.
struct LogoutAsked {
  LogoutRequestReason reason{};
};

// SendTargets. `name` empty: all targets that this initiator may see. answer_targets().
struct TargetsAsked {
  std::string name;
};

// begin_drop() has come to its end: accepted tasks are finished and the initiator has acknowledged their responses.
// Release the nexus, then send_drop_event().
struct Quiet {};

enum class EndReason : std::uint8_t {
  logged_out,      // Logout Response sent
  redirected,      // Login Response 0101/0102 sent
  login_refused,   // Login Response of class 2 sent: the initiator is wrong
  login_deferred,  // Login Response of class 3 sent: it may try again
  login_timeout,
  dropped,      // async event 2 sent, after begin_drop()
  peer_closed,  // FIN or reset without logout
  ping_timeout,
  idle,              // a discovery session that asks nothing
  digest_error,      // header digest: the stream cannot be trusted
  protocol_error,    // framing or a sequence that leaves nothing to go on with
  out_of_resources,  // a named limit
  ended_here,        // close(): reinstatement, an administrator
};
const char* to_string(EndReason reason);

// The last event. Tasks that are not complete()d are to be ended by the driver; their complete() is ignored. The
// socket's end is told by Connection::closing().
struct Ended {
  EndReason reason{};
  std::string detail;  // for the log
};

using Event = std::variant<LoginAsked, NexusClaimAsked, LoggedIn, CommandReady, CommandFailed, ManagementAsked,
                           LogoutAsked, TargetsAsked, Quiet, Ended>;

// What the driver does with the socket once the output is written.
enum class Closing : std::uint8_t {
  open,
  by_peer,     // go on reading until peer_closed() or the deadline: the peer knows that it is over, and closes first
  half_close,  // shutdown_send() and go on reading until peer_closed() or the deadline
  close,       // now
};

}  // namespace shoal::iscsi

// Connection: one iSCSI connection and its session (RFC 7143; MaxConnections 1, ErrorRecoveryLevel 0) from the first
// login PDU to the last byte. A pure machine: bytes and time come in, bytes and events go out.
//
//   receive(bytes) -> next_event()* -> answers -> transmit() -> write to the socket, once
//
// The caller guarantees: one thread; calls are not nested inside each other (an event is a value, not a callback); time
// does not go backward; each event is answered as events.h says, at any later time and in any order; after `Ended` it
// calls nothing but transmit(), has_output(), closing(), deadline(), on_deadline(), peer_closed() and answers, which are
// ignored. receive() before all events were taken is fine: it only makes the queue longer, bounded by the limits.
//
// Everything that has arrived is parsed in one pass; all that is ready leaves in one gathered write: headers, digests and
// padding of a batch lie in one buffer, payload slices between. Payload is never copied, neither in nor out.
//
// Left out: multiple connections, SNACK and recovery above level 0, bidirectional commands (refused), QUERY TASK.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "target/base/log.h"
#include "target/base/slice.h"
#include "target/base/time.h"
#include "target/iscsi/discovery.h"
#include "target/iscsi/events.h"

namespace shoal::iscsi {

// What a connection may take, with the reasons for the defaults. Everything from outside meets one of these.
struct ConnectionLimits {
  std::uint32_t command_window = 128;              // tasks that an initiator may have in progress (open-iscsi asks 128)
  std::uint32_t immediate_tasks = 16;              // immediate commands and management requests in progress: Reject 06 above
  std::uint32_t command_data_bytes = 16u << 20;    // write data of one command; more is CHECK CONDITION 24/00
  std::uint32_t outstanding_write_bytes = 32u << 20;  // write data asked for or held, of the session: R2Ts wait above it
  std::size_t waiting_output_bytes = 1u << 20;     // replies to what is no task (NOP, text, Reject) not yet taken
  Duration login_timeout = 15s;                    // from accept to full feature phase
  Duration ping_interval = 5s;                     // idle time before a NOP-In
  Duration ping_timeout = 5s;                      // NOP-In without any answer: the connection ends
  Duration drop_timeout = 20s;                     // of begin_drop() for write data and acknowledgements to come
  Duration linger = 2s;                            // wait for the peer's FIN after a half-close
};

class Connection {
 public:
  Connection(LoginConfig login, ConnectionLimits limits, Time now, Log log = {});
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Bytes as they arrived, in any portions. Slices of `run` are kept by tasks for as long as they need its payload.
  void receive(Slice run, Time now);
  // How many bytes the PDU that has begun still needs, as far as its header tells; at least 1. From kOwnBufferBytes on the
  // driver reads into a fresh buffer of just this size, so that payload is never moved again (framer.h).
  std::size_t missing() const;
  // The peer sent FIN, or the connection is gone.
  void peer_closed(Time now);

  // Take until nullopt after receive(), on_deadline() and every answer.
  std::optional<Event> next_event();

  // All bytes that are ready, to be written in this order; they are not kept. Call when the last write is done.
  Slices transmit();
  bool has_output() const;
  Closing closing() const;

  // The earliest time at which on_deadline() must be called; it may be called earlier.
  std::optional<Time> deadline() const;
  void on_deadline(Time now);

  void answer_login(const LoginAnswer& answer, Time now);
  void answer_claim(const LoginAnswer& answer, Time now);
  // Answers are also right when the question has lapsed meanwhile (another login PDU, the end): then they do nothing.
  void answer_targets(const std::vector<TargetRecord>& targets, Time now);
  void complete(TaskId task, Outcome outcome, Time now);
  void complete_management(ManagementId id, TaskResponse response, Time now);
  void finish_logout(Time now);

  // Move the session away without an error at the host (protocol.md 5.7, the quick way): the command window is closed,
  // accepted tasks finish, and when their responses are acknowledged (an idle initiator is pinged for it) Quiet comes.
  // A command that slips in between is neither executed nor answered: the initiator repeats it on its next connection.
  void begin_drop(Time now);
  bool quiet() const;
  void send_drop_event(Time now);   // async event 2, Parameter2 = Parameter3 = 0, then half-close
  // Async event 1: the initiator is to log out within that time; if it does not, begin_drop().
  void request_logout(Duration within, Time now);
  // The session ends here and now, without a word (reinstatement, administrator): tasks are the driver's to end.
  void close(EndReason reason, std::string detail, Time now);

  bool logged_in() const;
  std::size_t open_tasks() const;   // received and not complete()d, gathering or with SCSI

 private:
  class Core;
  std::unique_ptr<Core> core_;
};

}  // namespace shoal::iscsi

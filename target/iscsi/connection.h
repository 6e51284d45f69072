// Connection: one iSCSI connection and its session (RFC 7143; MaxConnections 1, ErrorRecoveryLevel 0) from the first
// login PDU to the last byte. A pure machine: bytes and time come in, bytes and events go out.
//
//   receive(bytes) -> next_event()* -> answers -> transmit() -> write to the socket, once
//
// The caller guarantees: one thread; calls are not nested inside each other (an event is a value, not a callback); time
// does not go backward; each event is answered as events.h says, at any later time and in any order; after `Ended` it
// calls nothing but transmit(), has_output(), closing(), deadline(), on_deadline(), peer_closed() and answers, which
// are ignored. A discovery session is never redirected (a CHECK). receive() before all events were taken is fine: it
// only makes the queue longer, bounded by the limits.
//
// Everything that has arrived is parsed in one pass; all that is ready leaves in one gathered write: headers, digests
// and padding of a batch lie in one buffer, payload slices between. Payload from 4 KiB on is never copied here.
//
// Left out: multiple connections, SNACK and recovery above level 0, bidirectional commands (refused), QUERY TASK.
#pragma once

#include <algorithm>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "target/base/log.h"
#include "target/base/slice.h"
#include "target/base/time.h"
#include "target/iscsi/command_window.h"
#include "target/iscsi/event_queue.h"
#include "target/iscsi/events.h"
#include "target/iscsi/framer.h"
#include "target/iscsi/limits.h"
#include "target/iscsi/login.h"
#include "target/iscsi/outbox.h"
#include "target/iscsi/session.h"

namespace shoal::iscsi {

class Connection {
 public:
  // `writes` is shared by all connections of a server; null: this one has its own.
  Connection(LoginConfig login, ConnectionLimits limits, Time now, Log log = {},
             std::shared_ptr<WriteBudget> writes = nullptr);
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  // Bytes as they arrived, in any portions. Slices of `run` are kept by tasks for as long as they need its payload.
  void receive(Slice run, Time now);
  // How many bytes the PDU that has begun still needs, as far as its header tells; at least 1. From kOwnBufferBytes on
  // the driver reads into a fresh buffer of just this size, so that payload is never moved again (framer.h).
  std::size_t missing() const;
  // Of a login or a discovery session, whose peer need not have proven anything: its requests so far, and what is held
  // of them, behind them and of the answers to them.
  bool in_discovery() const { return logged_in() && session_->parameters().discovery; }
  unsigned stranger_requests() const { return login_requests_ + (session_ ? session_->text_requests() : 0); }
  std::size_t stranger_bytes() const;
  // The peer sent FIN, or the connection is gone.
  void peer_closed(Time now);

  // Take until nullopt after receive(), on_deadline() and every answer.
  std::optional<Event> next_event();

  // What is to be written next, in this order; it is not kept. Call when the last write is done, again and again while
  // has_output(): a read of many PDUs comes in portions (outbox.h).
  Slices transmit();
  // How much of what transmit() has yielded is not handed to the transport yet. Told before on_deadline() and when a
  // write is done: a host that takes its answers, however slowly, lives, though a ping behind them has not come to it.
  void note_unsent(std::size_t bytes, Time now);
  // The latest sign of life of the peer: bytes of it, or that it has taken some of ours.
  Time heard() const { return std::max(heard_, progressed_); }
  bool has_output() const;
  std::size_t output_bytes() const;  // that wait for transmit()
  // False while too much output waits to be taken: the driver reads no more until it has written. A peer that sends and
  // never reads is held back so. False also while the session holds more write data than its share and events wait: the
  // driver takes those first.
  bool wants_input() const;
  Closing closing() const;

  // The earliest time at which on_deadline() must be called; it may be called earlier.
  std::optional<Time> deadline() const;
  void on_deadline(Time now);

  void answer_login(const LoginAnswer& answer, Time now);
  void answer_claim(const LoginAnswer& answer, Time now);
  // Answers are also right when the question has lapsed meanwhile (another login PDU, the end): then they do nothing.
  void answer_targets(const std::vector<TargetRecord>& targets, Time now);
  void complete(TaskId task, const Outcome& outcome, Time now);
  void complete_management(ManagementId id, TaskResponse response, Time now);
  void abort_undelivered(Time now);
  void finish_logout(Time now);

  // Move the session away without an error at the host (protocol.md 5.7, the quick way): the command window is closed,
  // accepted tasks finish, and when their responses are acknowledged (an idle initiator is pinged for it) Quiet comes.
  // A command that slips in between is neither executed nor answered: the initiator repeats it on its next connection.
  // Where Ended comes first (a logout, a broken connection), Quiet does not come.
  void begin_drop(Time now);
  bool quiet() const;
  void send_drop_event(Time now);  // async event 2, Parameter2 = Parameter3 = 0, then half-close
  // The same event, and event 1 behind it: the initiator logs out, and does not wait before it comes back. Where it
  // does not log out within that time: half-close.
  void send_drop_and_logout_events(Duration within, Time now);
  // Async event 1: the initiator is to log out within that time; if it does not, begin_drop().
  void request_logout(Duration within, Time now);
  // The session ends here and now, without a word (reinstatement, administrator): tasks are the driver's to end.
  void close(EndReason reason, std::string detail, Time now);

  bool logged_in() const;
  std::size_t open_tasks() const;  // received and not complete()d, gathering or with SCSI

 private:
  enum class Phase { login, full_feature, ended };
  enum class Drop { none, finishing, quiet, logging_out };

  void parse(Time now);
  void on_login_frame(const Frame& frame, Time now);
  void on_login_step(const LoginStep& step, Time now);
  void begin_session(const SessionParameters& parameters);
  void answer_question(LoginQuestion::Kind kind, const LoginAnswer& answer, Time now);
  void on_frame_error(const FrameError& error, Time now);

  void stop_lingering(Time now);
  void keep_alive(Time now);
  void send_ping(Time now);
  std::optional<Time> hole_deadline() const;
  std::optional<Time> keep_alive_deadline() const;
  std::optional<Time> discovery_deadline() const;
  void advance_drop(Time now);
  void give_up_drop(Time now);
  void on_no_logout(Time now);
  void end(EndReason reason, std::string detail, Closing how, Time now);

  const ConnectionLimits limits_;
  Log log_;
  Framer framer_;
  CommandWindow window_;
  Outbox outbox_;
  EventQueue events_;
  std::shared_ptr<WriteBudget> writes_;

  Phase phase_ = Phase::login;
  LoginNegotiator negotiator_;
  std::optional<LoginRequest> login_request_;  // the latest
  std::optional<LoginQuestion::Kind> open_question_;
  std::size_t backlog_bytes_ = 0;  // received while a question was open
  unsigned login_requests_ = 0;
  std::size_t login_text_bytes_ = 0;
  std::unique_ptr<Session> session_;  // from full feature phase on

  Drop drop_ = Drop::none;
  std::optional<StatSn> asked_for_;  // acknowledgement of what precedes it, by a ping
  Closing closing_ = Closing::open;
  std::uint64_t transmitted_ = 0;  // bytes in all,
  std::uint64_t sent_ = 0;         // those of them that the transport has taken,
  std::uint64_t ping_at_ = 0;      // and those ahead of the latest ping
  Time heard_;                     // the latest bytes
  Time asked_;                     // the latest login or text request
  Time pinged_;
  Time progressed_;  // the latest that was sent and is a sign of life
  Time login_deadline_;
  std::optional<Time> logout_deadline_;  // after event 1
  std::optional<Time> drop_deadline_;
  std::optional<Time> linger_deadline_;
};

}  // namespace shoal::iscsi

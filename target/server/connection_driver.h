// ConnectionDriver: the socket side of one connection. Joins a stream of the Runtime with the pure iscsi::Connection,
// asks the ports during login, and hands a session's tasks to its SessionDriver.
//
// One turn of the loop is one pass: whatever has arrived is received, events are taken and answered, as many as one
// turn may (turn_budget.h), and what became ready leaves in one gathered write; the next write starts when it is done.
// Answers that come between passes go into the connection at once and wait for a pass at the end of the turn. The
// connection only ever yields values, so no call of it nests in another.
//
// One read and one write are outstanding, and one timer, which is set anew only when the deadline moves forward or has
// come.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "target/iscsi/connection.h"
#include "target/server/login_watch.h"
#include "target/server/session_connection.h"
#include "target/server/session_driver.h"
#include "target/server/turn_budget.h"

namespace shoal::server {

// Who holds the connections of a server.
class ConnectionOwner {
 public:
  virtual ~ConnectionOwner() = default;
  // It has not logged in, or for discovery only: how many requests it has sent, and how many bytes of it and for it are
  // held. May end it.
  virtual void on_stranger_heard(std::uint64_t connection, unsigned requests, std::size_t bytes) = 0;
  virtual void on_logged_in(std::uint64_t connection) = 0;  // to a normal session
  virtual void on_closed(std::uint64_t connection) = 0;  // the driver is not used any more
};

class ConnectionDriver final : public SessionConnection, public std::enable_shared_from_this<ConnectionDriver> {
 public:
  ConnectionDriver(ServerContext& context, ConnectionOwner& owner, std::uint64_t number,
                   std::unique_ptr<Stream> stream);

  void start();
  void abandon();  // closes the socket now, whatever is on its way
  bool has_session() const { return session_ != nullptr; }
  const Endpoint& peer() const { return peer_; }

  void answer_claim(const iscsi::LoginAnswer& answer) override;
  void complete(iscsi::TaskId task, const iscsi::Outcome& outcome) override;
  void complete_management(iscsi::ManagementId id, iscsi::TaskResponse response) override;
  void abort_undelivered() override;
  void finish_logout() override;
  void begin_drop() override;
  void send_drop_event() override;
  void send_drop_and_logout_events(Duration within) override;
  void request_logout(Duration within) override;
  void close(const std::string& reason) override;
  std::size_t open_tasks() const override { return connection_.open_tasks(); }
  std::size_t unsent_bytes() const override { return writing_bytes_ + connection_.output_bytes(); }

 private:
  void read();
  void on_read(const Result<std::size_t, NetError>& result);
  void write();
  void on_written(bool ok);
  void watch_login();
  void tell_of_stranger();
  void wake();
  void pass();
  bool may_go_on() const;
  void proceed();
  bool may_close() const;
  void finish();
  void arm();
  void on_timer();
  Time now() const { return context_.runtime.now(); }

  void on(const iscsi::LoginAsked& asked);
  void on(const iscsi::NexusClaimAsked& asked);
  void on(const iscsi::LoggedIn& logged_in);
  void begin_discovery();
  void on(iscsi::CommandReady& ready);
  void on(const iscsi::CommandFailed& failed) { session_->fail(failed); }
  void on(const iscsi::ManagementAsked& asked) { session_->manage(asked); }
  void on(const iscsi::LogoutAsked& asked);
  void on(const iscsi::TargetsAsked& asked);
  void on(const iscsi::Quiet&) { session_->on_quiet(); }
  void on(const iscsi::Ended& ended);
  void place(const iscsi::LoginQuestion& question);
  void on_placed(const iscsi::LoginQuestion& question, const LoginDecision& decision);
  bool may_take(const NexusName& nexus);

  ServerContext& context_;
  ConnectionOwner& owner_;
  const std::uint64_t number_;
  std::unique_ptr<Stream> stream_;  // null once it is closed
  const Endpoint local_, peer_;
  const SourceAddress source_;
  iscsi::Connection connection_;
  LoginWatch login_watch_;
  ReceiveRoom room_;
  std::shared_ptr<SessionDriver> session_;  // of a normal session, from the claim on
  std::string initiator_name_;
  std::unique_ptr<Timer> turn_;  // of a login that has to wait for it; stays when it has come

  bool in_discovery_ = false;
  bool reading_ = false, writing_ = false;
  std::size_t writing_bytes_ = 0;
  bool in_pass_ = false, woken_ = false;
  TurnBudget turn_budget_;
  bool peer_gone_ = false;
  bool redirected_ = false;
  bool half_closed_ = false;
  std::optional<Time> close_by_;  // the end of patience with a peer that does not take its last bytes
  std::unique_ptr<Timer> timer_;
  std::optional<Time> timer_due_;
};

}  // namespace shoal::server

// SessionDriver: a session's SCSI side. Joins the tasks of a connection, the device server of the unit, and the nexus
// that the registry keeps for the group.
//
//   claim() -> begin() -> start(), manage() ... -> the end, in one of three ways:
//   - end(), or the connection ends: what runs is aborted at the device;
//   - log_out(): what runs is finished, then the Logout Response goes out;
//   - drop(): the connection lets tasks finish and be acknowledged, on_quiet(), the nexus is released,
//   event 2 goes out, and event 1 where the host is to log out. With Departure::polite event 1 goes out first; the
//   nexus is released before the host's logout is answered.
// However it comes, the nexus is released only when nothing of the session can touch data any more, and everybody who
// waits for an end is told.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "target/base/countdown.h"
#include "target/iscsi/events.h"
#include "target/iscsi/login.h"
#include "target/ports/session_registry.h"
#include "target/ports/target_catalog.h"
#include "target/scsi/device_server.h"
#include "target/server/server_context.h"
#include "target/server/session_connection.h"
#include "target/unit/unit_machine.h"

namespace shoal::server {

class SessionDriver final : public SessionControl, public std::enable_shared_from_this<SessionDriver> {
 public:
  // `info` knows names and addresses; the rest of it is filled in here.
  SessionDriver(ServerContext& context, SessionConnection& connection, std::shared_ptr<LogicalUnit> unit,
                SessionInfo info);
  ~SessionDriver() override;

  // ---- from the connection
  void claim();
  void begin(const iscsi::SessionParameters& parameters);
  void start(iscsi::Command command);
  void fail(const iscsi::CommandFailed& failed);
  void manage(const iscsi::ManagementAsked& asked);
  void log_out();
  void on_sent();
  void on_heard(Time at);  // a sign of life of the host
  void on_quiet();
  void on_ended();   // the connection takes nothing more
  void on_closed();  // and its socket is closed; `connection` is not used again

  // ---- from the world
  void end(const std::string& reason, Completion<> done) override;
  void drop_after_tasks(const std::string& reason, Completion<> quiet, Completion<> done) override;
  void drop(const LeaveOrder& order, ReleaseNexus release, Completion<> done);
  void request_logout(Duration within, const std::string& reason) override;
  void raise_unit_attention(UnitAttention attention) override;

  // A change of the unit's shared state, as far as this nexus is meant; takes parts of `ends` for the tasks that end.
  void suffer(const unit::Consequences& consequences, const Countdown& ends);

  bool is_of(ImageId image) const { return device_server_ && unit_->image == image; }
  bool serving() const { return serving_ && connection_; }
  const NexusName& nexus() const { return info_.nexus; }
  SessionInfo info() const;

 private:
  void on_claimed(const Result<NexusClaim, ClaimError>& claim);
  void recall(const std::optional<NexusMemory>& memory);
  NexusMemory memory() const;
  void on_result(iscsi::TaskId task, std::uint32_t expected_bytes, bool write, scsi::CommandResult result);
  Slice encoded(const std::optional<scsi::Sense>& sense) const;
  void count(const scsi::CommandResult& result, std::uint32_t expected_bytes, bool write);

  using Managed = Completion<iscsi::TaskResponse>;
  void carry_out(const iscsi::ManagementAsked& asked, Managed done);
  void abort_tasks(const std::vector<iscsi::TaskId>& tasks, Completion<> done);
  void reset_unit(ResetKind kind, Managed done);
  void abort_everything(Completion<> done);
  Completion<> until_aborted(Completion<> done);
  void on_managed(iscsi::ManagementId id, iscsi::TaskFunction function, iscsi::TaskResponse response);
  InitiatorPort port() const { return {info_.nexus.initiator_name, info_.nexus.isid}; }

  void begin_end();
  void advance();
  bool unit_released();
  bool nexus_settled() const;
  void send_away();
  void give_up_nexus();
  void release_nexus();
  void tell_all(std::vector<Completion<>>& waiting);

  ServerContext& context_;
  SessionConnection* connection_;  // null once it has ended
  const std::shared_ptr<LogicalUnit> unit_;
  SessionInfo info_;
  std::unique_ptr<scsi::DeviceServer> device_server_;  // from the claim on
  Time heard_;                                         // the latest sign of life of the host

  std::size_t running_ = 0;      // commands at the device server
  std::size_t aborts_open_ = 0;  // at the device
  bool claiming_ = false;        // the registry has not answered
  bool claimed_ = false;         // the registry counts the nexus as ours
  bool serving_ = false;         // full feature phase was reached
  bool logging_out_ = false;
  bool logout_wanted_ = false;  // by us: the host means to come again
  bool ending_ = false;         // no command starts; what runs is being aborted
  bool quiet_ = false;          // the connection has come to the end of a drop
  bool giving_up_ = false;      // the nexus is on its way back, or was given back
  bool told_lost_ = false;      // the unit's state has been told that the nexus is lost
  bool losing_ = false;         // and has not answered
  bool closed_ = false;         // the socket

  LeaveOrder leave_;                    // info_.dropping: the latest one
  std::vector<ReleaseNexus> releases_;  // of those who move the session
  std::size_t releases_open_ = 0;       // how many of them have not said that it may be released
  std::vector<Completion<>> ends_;      // wait until nothing can touch data
  std::vector<Completion<>> drops_;     // wait until the connection is closed, too
};

}  // namespace shoal::server

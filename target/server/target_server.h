// TargetServer: the iSCSI side of one member. Listens at its portals, gives each connection a driver, and knows all
// sessions that are served here. A thin shell: rules are in iscsi/ and scsi/, decisions behind the ports.
//
// The caller guarantees: the ports outlive the server; stop() has completed before it is destroyed, or nobody waits for
// anything.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "target/base/log.h"
#include "target/iscsi/limits.h"
#include "target/iscsi/login.h"
#include "target/iscsi/write_budget.h"
#include "target/ports/login_policy.h"
#include "target/ports/session_registry.h"
#include "target/ports/target_catalog.h"
#include "target/runtime/runtime.h"
#include "target/scsi/limits.h"
#include "target/server/admission.h"
#include "target/server/loop_watch.h"
#include "target/unit/unit_machine.h"

namespace shoal::server {

struct ServerLimits {
  std::size_t connections = 4096;  // all portals; beyond it a stranger goes, or the new one
  std::size_t sessions = 2048;     // normal ones; beyond it a login is answered 0302
  AdmissionLimits admission;       // of strangers: what has not logged in, or for discovery only
  std::uint64_t held_read_bytes = scsi::kMaxHeldReadBytesOfAll;  // of reads, for hosts that do not take them
  std::uint64_t held_write_bytes = iscsi::kHeldWriteBytesOfAll;  // asked for, or received and not written
  unsigned failed_logins_per_minute = 60;  // of one address; then its logins wait, or are answered 0302
};

struct ServerConfig {
  ServerLimits limits;
  iscsi::ConnectionLimits connection;
  iscsi::LoginConfig login;
  Duration standstill = LoopWatch::kStandstill;
};

// Who moves a session away is told when its tasks are finished, and says when the nexus may be released: when it is
// settled where the next login goes. Only then does the host learn that it is to come again. Also called where the
// session ends in another way meanwhile.
using ReleaseNexus = UniqueFunction<void(const NexusMemory& memory, Completion<> released)>;

// How a session leaves whose host is to come again. Its tasks are finished in every way.
enum class Departure : std::uint8_t {
  close,   // async event 2 with Parameter2 = 0, then the connection is closed: no logout, no wait
  logout,  // the same event, then event 1: the host logs out, and does not wait either
  polite,  // event 1 alone: the host logs out when it sees fit, and waits its Time2Wait. Not in time: `close`
};
struct LeaveOrder {
  std::string reason;
  Departure how = Departure::close;
  Duration logout_within = 3s;
};

struct SessionInfo {
  std::uint64_t number = 0;  // of this server, from 1, never used again
  NexusName nexus;
  NexusId nexus_id;
  Generation generation;
  std::string volume, target_name, initiator_alias;
  Endpoint peer, local;
  Time since{};
  std::uint64_t commands = 0, read_bytes = 0, written_bytes = 0;
  std::size_t open_tasks = 0;
  bool dropping = false;
};

struct ServerCounters {
  std::uint64_t accepted = 0, refused_connections = 0;  // refused: at a limit
  std::uint64_t logins = 0, redirects = 0, refused_logins = 0;
  std::uint64_t delayed_logins = 0;  // after too many that failed, from one address
  std::uint64_t shared_names = 0;    // logins refused because another host uses the same name
  std::uint64_t commands = 0, check_conditions = 0, read_bytes = 0, written_bytes = 0;
  std::uint64_t received_bytes = 0, sent_bytes = 0;                    // of all connections, headers and all
  std::size_t connections = 0, half_open = 0, discovery_sessions = 0;  // now
};

class TargetServer {
 public:
  TargetServer(Runtime& runtime, TargetCatalog& catalog, LoginPolicy& policy, SessionRegistry& registry,
               ServerConfig config, Log log);
  ~TargetServer();
  TargetServer(const TargetServer&) = delete;

  // Yields the address with the port that port 0 became.
  Result<Endpoint, NetError> listen(const Endpoint& at);
  std::optional<SessionInfo> session_info(std::uint64_t number) const;
  std::size_t session_count() const;          // as sessions() lists them
  std::vector<SessionInfo> sessions() const;  // normal sessions in full feature phase, by number
  ServerCounters counters() const;
  // null: no such session any more. Valid until control returns to the runtime.
  SessionControl* session(std::uint64_t number);
  // SessionControl::drop_after_tasks for a move: the host is told to go when `release` has ended, but with
  // Departure::polite, where the Logout Response waits for it. False: no such session any more.
  bool drop_session(std::uint64_t number, const LeaveOrder& order, ReleaseNexus release, Completion<> done);
  // Ends those that `which` picks, now, also while they log in.
  void end_sessions(const std::string& reason, const std::function<bool(const SessionInfo&)>& which);
  // What the sessions of the unit here have to hear and to suffer of a change of its shared state. Completes when
  // nothing of the tasks that it ends can touch data.
  void suffer(ImageId image, const unit::Consequences& consequences, Completion<> done);
  // Refuses new connections, drops every session after its tasks (async event 2), and completes when all are gone or
  // `within` has passed; then what is left is closed.
  void stop(Duration within, Completion<> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::server

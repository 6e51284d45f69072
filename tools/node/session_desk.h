// SessionDesk: the sessions of the whole group, listed and dropped, wherever they are. Each member answers for its own;
// the others are asked over the links between members.
#pragma once

#include <cstdint>
#include <memory>
#include <nlohmann/json.hpp>
#include <string>

#include "cluster/group_sessions.h"
#include "routing/peer_channel.h"
#include "target/base/log.h"
#include "target/server/target_server.h"
#include "tools/node/control_handler.h"
#include "tools/node/gathering.h"
#include "tools/node/move_order.h"

namespace shoal {

inline constexpr Duration kDropWithin = 20s;  // a drop that takes longer goes on, and the answer says so

class SessionDesk : public std::enable_shared_from_this<SessionDesk> {
 public:
  // `peers` null: a single server. All of it outlives this, or nothing is called any more.
  SessionDesk(Runtime& runtime, MemberId self, server::TargetServer& server, cluster::GroupSessions& sessions,
              const cluster::Members& members, routing::PeerChannel* peers, Log log);

  void serve_peers();
  // In order of members and numbers; of what peers answer only what is_session().
  void list(Completion<Gathered> done);
  void drop(const SessionName& name, Completion<ControlResponse> done);
  // A session of this member; completes when it has gone.
  void drop_here(std::uint64_t number, const std::string& reason, Completion<> done);
  // Every session here is to go on elsewhere. Completes when all have gone; those that take long are not waited for by
  // anyone else.
  void drop_all(const std::string& reason, Completion<> done);

 private:
  nlohmann::json own_sessions() const;
  const char* came(const server::SessionInfo& session) const;
  void drop_here(std::uint64_t number, Completion<ControlResponse> done);
  void ask_to_drop(const SessionName& name, Completion<ControlResponse> done);
  void start_drop(const server::SessionInfo& session, const std::string& reason, Completion<> done);

  Runtime& runtime_;
  MemberId self_;
  server::TargetServer& server_;
  cluster::GroupSessions& sessions_;
  const cluster::Members& members_;
  routing::PeerChannel* peers_;
  Log log_;
};

}  // namespace shoal

// TraceDesk: a step of a load trace (cluster/load/trace.h) of the whole group: this member's picture, and the sessions
// of all members as their balancers have them.
#pragma once

#include <functional>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cluster/load/measure.h"
#include "cluster/load/session_balancer.h"
#include "cluster/members.h"
#include "routing/peer_channel.h"

namespace shoal {

inline constexpr std::size_t kMaxTraceBytes = std::size_t{768} * 1024;  // of one member's sessions, the busiest first

nlohmann::json trace_sessions_json(std::vector<load::OwnSession> sessions);

class TraceDesk : public std::enable_shared_from_this<TraceDesk> {
 public:
  using Picture = std::function<load::GroupLoad()>;
  using Sessions = std::function<const std::vector<load::OwnSession>&()>;
  // `peers` null: a single server. All of it outlives this, or nothing is called any more.
  TraceDesk(const cluster::Members& members, routing::PeerChannel* peers, Picture picture, Sessions sessions);

  void serve_peers();
  void step(Completion<nlohmann::json> done);

 private:
  const cluster::Members& members_;
  routing::PeerChannel* peers_;
  Picture picture_;
  Sessions sessions_;
};

}  // namespace shoal

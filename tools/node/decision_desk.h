// DecisionDesk: what the group decided about load, for who asks: each member answers from its own log, and who was
// asked makes one list of it.
#pragma once

#include <memory>
#include <nlohmann/json.hpp>

#include "cluster/members.h"
#include "routing/peer_channel.h"
#include "target/runtime/runtime.h"
#include "tools/node/decision_query.h"
#include "tools/node/decisions.h"

namespace shoal {

class DecisionDesk : public std::enable_shared_from_this<DecisionDesk> {
 public:
  // `peers` null: a single server. All of it outlives this, or nothing is called any more.
  DecisionDesk(Runtime& runtime, const cluster::Members& members, const Decisions& decisions,
               routing::PeerChannel* peers)
      : runtime_(runtime), members_(members), decisions_(decisions), peers_(peers) {}

  void serve_peers();
  // {"decisions": [...], "missing": [members that did not answer]}
  void list(const DecisionQuery& query, Completion<nlohmann::json> done);

 private:
  nlohmann::json own(const DecisionQuery& query) const { return answer(query, decisions_.log(), runtime_.now()); }

  Runtime& runtime_;
  const cluster::Members& members_;
  const Decisions& decisions_;
  routing::PeerChannel* peers_;
};

}  // namespace shoal

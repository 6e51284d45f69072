#include "tools/node/local_sessions.h"

#include <utility>

namespace shoal {

std::vector<LocalSession> LocalSessions::sessions() const {
  auto loads = load_.sessions();
  std::vector<LocalSession> all;
  for (const server::SessionInfo& info : server_.sessions()) {
    LocalSession session{info.nexus, {}};
    if (const auto measured = loads.find(info.number); measured != loads.end()) {
      session.own.load = std::move(measured->second);
    }
    session.own.load.session = {self_, info.number};
    session.own.load.image = info.nexus.image;
    session.own.load.initiator_name = info.nexus.initiator_name;
    session.own.load.may_not_move = why_stays(info);
    session.own.nexus = info.nexus_id;
    session.own.siblings_at = sessions_.serving_others(info.nexus);
    all.push_back(std::move(session));
  }
  return all;
}

std::string LocalSessions::why_stays(const server::SessionInfo& session) const {
  if (session.dropping || mover_.moving(session.number)) return "is on its way already";
  if (!meta_.reachable()) return "metadata are out of reach";
  const auto pin = load::pinned_to(rules_.rules().pins, session.nexus.initiator_name, session.nexus.image);
  if (pin) return fmt::format("pinned to member {}", *pin);
  return mover_.may_not_move(session);
}

}  // namespace shoal

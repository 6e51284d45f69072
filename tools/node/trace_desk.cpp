#include "tools/node/trace_desk.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "cluster/load/group_json.h"
#include "tools/node/gathering.h"

namespace shoal {

using nlohmann::json;
using routing::ControlKind;

json trace_sessions_json(std::vector<load::OwnSession> sessions) {
  std::sort(sessions.begin(), sessions.end(), [](const auto& a, const auto& b) {
    return std::tuple(-a.load.rate.units(), a.load.session) < std::tuple(-b.load.rate.units(), b.load.session);
  });
  json list = json::array();
  std::size_t bytes = 0;
  for (const load::OwnSession& session : sessions) {
    json one = load::own_session_json(session);
    bytes += one.dump(-1, ' ', false, json::error_handler_t::replace).size();
    if (bytes > kMaxTraceBytes) break;
    list.push_back(std::move(one));
  }
  return list;
}

TraceDesk::TraceDesk(const cluster::Members& members, routing::PeerChannel* peers, Picture picture, Sessions sessions)
    : members_(members), peers_(peers), picture_(std::move(picture)), sessions_(std::move(sessions)) {}

void TraceDesk::serve_peers() {
  if (!peers_) return;
  peers_->serve(ControlKind::load_trace,
                [weak = weak_from_this()](MemberId, const std::string&, Completion<std::string> reply) {
                  const auto self = weak.lock();
                  const json sessions = self ? trace_sessions_json(self->sessions_()) : json();
                  reply(sessions.dump(-1, ' ', false, json::error_handler_t::replace));
                });
}

void TraceDesk::step(Completion<json> done) {
  gather(peers_, members_, {ControlKind::load_trace, ""}, trace_sessions_json(sessions_()),
         [group = load::group_json(picture_()), done = std::move(done)](Gathered gathered) mutable {
           done({{"group", std::move(group)}, {"sessions", std::move(gathered.list)}});
         });
}

}  // namespace shoal

#include "tools/node/decision_desk.h"

#include <utility>

#include "tools/node/gathering.h"

namespace shoal {

using nlohmann::json;
using routing::ControlKind;

void DecisionDesk::serve_peers() {
  if (!peers_) return;
  peers_->serve(ControlKind::decisions,
                [weak = weak_from_this()](MemberId, std::string body, Completion<std::string> reply) {
                  const auto self = weak.lock();
                  const auto query = decode_decision_query(body);
                  const json answer = self && query ? self->own(*query) : json();
                  reply(answer.dump(-1, ' ', false, json::error_handler_t::replace));
                });
}

void DecisionDesk::list(const DecisionQuery& query, Completion<json> done) {
  gather(peers_, members_, {ControlKind::decisions, encode(query)}, own(query),
         [last = query.last, done = std::move(done)](Gathered gathered) mutable {
           json missing = json::array();
           for (const MemberId member : gathered.missing) missing.push_back(member.value);
           done({{"decisions", newest(std::move(gathered.list), last)}, {"missing", std::move(missing)}});
         });
}

}  // namespace shoal

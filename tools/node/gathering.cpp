#include "tools/node/gathering.h"

#include <map>
#include <memory>
#include <utility>

namespace shoal {

using nlohmann::json;
using routing::PeerError;

namespace {

struct Gathering {
  std::map<MemberId, json> answers;  // of every member; null: none yet
  std::size_t open = 0;
  Completion<Gathered> done;

  void take(MemberId member, json answer) {
    answers[member] = std::move(answer);
    if (--open > 0) return;
    Gathered gathered;
    for (auto& [id, list] : answers) {
      if (!list.is_array()) {
        gathered.missing.push_back(id);
        continue;
      }
      for (json& one : list) gathered.list.push_back(std::move(one));
    }
    done(std::move(gathered));
  }
};

}  // namespace

void gather(routing::PeerChannel* peers, const cluster::Members& members, const MemberQuestion& question, json own,
            Completion<Gathered> done) {
  auto gathering = std::make_shared<Gathering>();
  gathering->done = std::move(done);
  gathering->open = 1;
  const MemberId self = members.self().id;
  const auto all = members.all();
  for (const auto& [id, record] : *all) {
    gathering->answers[id];
    if (id == self || !peers || !peers->connected(id)) continue;
    ++gathering->open;
    peers->request(id, question.kind, question.body, kListWithin,
                   [gathering, id = id](const Result<std::string, PeerError>& reply) {
                     gathering->take(id, reply ? json::parse(*reply, nullptr, false) : json());
                   });
  }
  gathering->take(self, std::move(own));
}

}  // namespace shoal

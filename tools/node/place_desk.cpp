#include "tools/node/place_desk.h"

#include "cluster/group_sessions.h"
#include "target/base/monotonic_ms.h"

namespace shoal {

using load::PlaceAnswer;

PlaceDesk::PlaceDesk(Runtime& runtime, const cluster::Members& members, const server::TargetServer& server,
                     std::size_t most_sessions, Log log)
    : runtime_(runtime),
      members_(members),
      server_(server),
      most_sessions_(most_sessions),
      log_(std::move(log)),
      places_(members.self().id) {}

PlaceAnswer PlaceDesk::keep(MemberId from, const KeepPlace& request) {
  const Time now = runtime_.now();
  std::erase_if(awaited_, [&](const auto& one) { return one.second <= now; });
  const PlaceAnswer answer = judge(from, request);
  ++(answer == PlaceAnswer::granted ? kept_ : refused_);
  if (answer == PlaceAnswer::granted) awaited_[request.nexus] = now + load::kPlaceLasts;
  log_.info("move_place answer={} from={} initiator={} image={} isid={:012x} at_ms={}", load::to_string(answer), from,
            shoal::quoted(request.nexus.initiator_name), request.nexus.image, request.nexus.isid, monotonic_ms(now));
  return answer;
}

PlaceAnswer PlaceDesk::judge(MemberId from, const KeepPlace& request) {
  const cluster::MemberRecord& self = members_.self();
  const std::size_t expected = awaited_.size() - awaited_.count(request.nexus);
  if (server_.session_count() + expected >= most_sessions_) return PlaceAnswer::no_room;
  LoadPicture picture = picture_ ? picture_() : LoadPicture{};
  picture.group.members[self.id].draining = !self.takes_hosts();
  return places_.ask(
      runtime_.now(),
      {cluster::GroupSessions::id_of(request.nexus), from, request.reason, request.cost, request.source_load},
      picture.group, picture.own_cost);
}

void PlaceDesk::give_up(const NexusName& nexus) {
  awaited_.erase(nexus);
  places_.give_up(cluster::GroupSessions::id_of(nexus));
}

std::optional<PlaceDesk::Taken> PlaceDesk::take(const NexusName& nexus, bool known) {
  if (auto taken = take_exactly(nexus); taken || known) return taken;
  for (const auto& [awaited, until] : std::map(awaited_)) {
    if (!cluster::of_same_host(awaited, nexus)) continue;
    if (auto taken = take_exactly(awaited)) return taken;
  }
  return std::nullopt;
}

std::optional<PlaceDesk::Taken> PlaceDesk::take_exactly(const NexusName& nexus) {
  if (awaited_.erase(nexus) == 0) return std::nullopt;
  const auto source = places_.take(runtime_.now(), cluster::GroupSessions::id_of(nexus));
  return source ? std::optional(Taken{nexus, *source}) : std::nullopt;
}

}  // namespace shoal

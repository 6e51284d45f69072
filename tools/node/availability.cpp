#include "tools/node/availability.h"

#include <fmt/format.h>

namespace shoal {
namespace {

StorePlace place_of_own(MemberId self, const routing::StoreState& state) {
  if (state.in_service) return {self, StoreHealth::serving, ""};
  return {self, StoreHealth::failed, "out of service: " + state.reason};
}

StorePlace place_at_peer(MemberId member, const PeerViews& peers) {
  const auto peer = peers.find(member);
  if (peer != peers.end() && peer->second.reached) return {member, StoreHealth::serving, ""};
  const std::string why = peer == peers.end() || peer->second.reason.empty() ? "" : " (" + peer->second.reason + ")";
  return {member, StoreHealth::silent, fmt::format("member {} is down{}", member, why)};
}

std::string line_of(const StoreShare& share, routing::DurabilityPolicy durability) {
  const char* const store = durability == routing::DurabilityPolicy::memory ? "memory store" : "store";
  const std::string pages = fmt::format("{} page{}", share.pages, share.pages == 1 ? "" : "s");
  switch (share.place.health) {
    case StoreHealth::silent: return pages + " wait: " + share.place.reason;
    case StoreHealth::failed:
      return fmt::format("{} on member {}, {} {} is {}", pages, share.place.member, store, share.store,
                         share.place.reason);
    default: return fmt::format("{} lost with {} {}: {}", pages, store, share.store, share.place.reason);
  }
}

}  // namespace

// Up is both ways: a member that does not reach us serves its own hosts only in part.
PeerView peer_view(const routing::LinkStatus& link) {
  if (link.state != routing::LinkState::up) {
    return {false, false, link.reason.empty() ? routing::to_string(link.state) : link.reason};
  }
  return {true, link.inbound, link.inbound ? "" : "it has not reached this member yet"};
}

StorePlaces places_of(const std::map<MemberId, cluster::MemberRecord>& members, MemberId self, const PeerViews& peers,
                      const std::map<StoreId, routing::StoreState>& own_stores) {
  StorePlaces places;
  for (const auto& [id, member] : members) {
    for (const auto& [store, reason] : member.lost_stores) places[store] = {id, StoreHealth::lost, reason};
  }
  for (const auto& [id, member] : members) {
    if (id == self) continue;
    for (const auto& store : member.stores) places[store.id] = place_at_peer(id, peers);
  }
  for (const auto& [store, state] : own_stores) places[store] = place_of_own(self, state);
  return places;
}

routing::StoreDirectory directory_of(const std::map<MemberId, cluster::MemberRecord>& members, MemberId self,
                                     const std::vector<cluster::MemberStore>& own_stores) {
  routing::StoreDirectory directory;
  for (const auto& [id, member] : members) {
    directory.lost.insert(member.lost_stores.begin(), member.lost_stores.end());
    if (id == self) continue;
    for (const auto& store : member.stores) directory.serving[store.id] = id;
  }
  for (const auto& store : own_stores) directory.serving[store.id] = self;
  return directory;
}

std::vector<StoreShare> shares_of(const routing::PageMap& map, const StorePlaces& places) {
  std::vector<StoreShare> shares;
  for (const auto& [store, pages] : map.counts()) {
    const auto place = places.find(store);
    shares.push_back(
        {store, pages,
         place != places.end() ? place->second : StorePlace{{}, StoreHealth::lost, "no member of the group has it"}});
  }
  return shares;
}

VolumeHealth health_of(const routing::PageMap& map, const StorePlaces& places) {
  VolumeHealth health;
  health.pages = map.page_count();
  for (const StoreShare& share : shares_of(map, places)) {
    if (share.pages == 0 || share.place.health == StoreHealth::serving) continue;
    health.unavailable_pages += share.pages;
    if (share.place.health == StoreHealth::lost) health.lost_pages += share.pages;
    health.reason += (health.reason.empty() ? "" : "; ") + line_of(share, map.image().durability);
  }
  return health;
}

const char* state_of(const VolumeHealth& health) {
  if (health.unavailable_pages == 0) return "ok";
  return health.unavailable_pages < health.pages ? "degraded" : "unavailable";
}

}  // namespace shoal

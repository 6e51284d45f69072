// Builders: member records, images and stores of a small group, so that a test reads as a story.
#pragma once

#include <string>

#include "cluster/members.h"
#include "routing/page_map.h"
#include "tools/node/availability.h"

namespace shoal::test {

inline StoreId store(std::uint8_t number) {
  StoreId id;
  id.bytes[15] = number;
  return id;
}

// Member n has the address 10.0.0.n and the file store n.
inline cluster::MemberRecord member(std::uint8_t number) {
  const std::string host = "10.0.0." + std::to_string(number);
  cluster::MemberRecord record;
  record.id = MemberId{number};
  record.group_portals = {{host, 3260}};
  record.member_portal = {host, 3261};
  record.peer = {host, 3262};
  record.control = {host, 3263};
  record.stores = {{store(number), routing::StoreKind::file}};
  return record;
}

inline std::map<MemberId, cluster::MemberRecord> three_members() {
  return {{MemberId{1}, member(1)}, {MemberId{2}, member(2)}, {MemberId{3}, member(3)}};
}

inline PeerViews peers_up() { return {{MemberId{2}, {true, true, ""}}, {MemberId{3}, {true, true, ""}}}; }

// On the stores 1, 2 and 3, in pages of 1 MiB.
inline routing::PageMap::Snapshot map_of(std::uint64_t pages,
                                         routing::PlacementRule rule = routing::PlacementRule::striped,
                                         routing::DurabilityPolicy durability = routing::DurabilityPolicy::sync) {
  routing::Image image;
  image.id = ImageId{7};
  image.page_bytes = 1 << 20;
  image.size_bytes = pages << 20;
  image.durability = durability;
  image.placement = {rule, {store(1), store(2), store(3)}};
  return routing::PageMap::make(image);
}

}  // namespace shoal::test

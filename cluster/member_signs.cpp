#include "cluster/member_signs.h"

namespace shoal::cluster {

MemberSigns signs_of(MemberId member, const Members& members, const routing::PeerChannel& peers) {
  const auto all = members.all();
  const auto found = all->find(member);
  return {.is_self = member == members.self().id,
          .incarnation = found == all->end() ? 0 : found->second.incarnation,
          .announced = members.live_hint(member),
          .linked = peers.connected(member)};
}

Presence judge(std::uint64_t incarnation, const MemberSigns& signs) {
  if (signs.incarnation > incarnation) return Presence::gone;
  if (signs.is_self || signs.announced) return Presence::stands;
  return signs.linked ? Presence::doubtful : Presence::gone;
}

}  // namespace shoal::cluster

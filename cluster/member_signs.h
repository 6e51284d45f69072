// MemberSigns: what this member sees of another one, and whether by that it still is who it was. Announcements
// (/c/live) are hints that last some seconds after a member's end; a link says that it runs, but not for whom it
// speaks.
#pragma once

#include <cstdint>

#include "cluster/members.h"
#include "routing/peer_channel.h"

namespace shoal::cluster {

struct MemberSigns {
  bool is_self = false;
  std::uint64_t incarnation = 0;  // its newest that was seen; 0: none
  bool announced = false;
  bool linked = false;
};
MemberSigns signs_of(MemberId member, const Members& members, const routing::PeerChannel& peers);

enum class Presence { stands, doubtful, gone };
// Of that incarnation of the member.
Presence judge(std::uint64_t incarnation, const MemberSigns& signs);

}  // namespace shoal::cluster

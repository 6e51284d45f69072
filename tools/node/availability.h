// Which pages of a volume can be served now, and why not the others: pure rules over the member records and the state
// of links and stores. Everything is as one member sees it.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cluster/members.h"
#include "routing/outbound_peer.h"
#include "routing/page_map.h"
#include "routing/page_store.h"
#include "routing/placement_words.h"
#include "routing/store_directory.h"

namespace shoal {

struct PeerView {
  bool reached = false;  // our link to it is up: its pages are served
  bool up = false;       // and its link to us
  std::string reason;    // why not
};
using PeerViews = std::map<MemberId, PeerView>;
PeerView peer_view(const routing::LinkStatus& link);

enum class StoreHealth {
  serving,
  silent,  // its member does not answer and is expected back
  failed,  // out of service, until its member is repaired and restarted
  lost,    // gone for good
};

struct StorePlace {
  MemberId member;  // 0: unknown
  StoreHealth health = StoreHealth::lost;
  std::string reason;  // empty while it serves
  bool operator==(const StorePlace&) const = default;
};
using StorePlaces = std::map<StoreId, StorePlace>;

StorePlaces places_of(const std::map<MemberId, cluster::MemberRecord>& members, MemberId self, const PeerViews& peers,
                      const std::map<StoreId, routing::StoreState>& own_stores);

// The same records as routing needs them.
routing::StoreDirectory directory_of(const std::map<MemberId, cluster::MemberRecord>& members, MemberId self,
                                     const std::vector<cluster::MemberStore>& own_stores);

struct StoreShare {  // of a volume's pages
  StoreId store;
  std::uint64_t pages = 0;
  StorePlace place;
};
std::vector<StoreShare> shares_of(const routing::PageMap& map, const StorePlaces& places);

struct VolumeHealth {
  std::uint64_t pages = 0, unavailable_pages = 0, lost_pages = 0;
  std::string reason;  // empty: all are available
};
VolumeHealth health_of(const routing::PageMap& map, const StorePlaces& places);
const char* state_of(const VolumeHealth& health);  // "ok", "degraded", "unavailable"

}  // namespace shoal

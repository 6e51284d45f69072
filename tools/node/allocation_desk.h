// AllocationDesk: how many bytes of its members' stores each volume of the group takes: each member says what it has,
// and who was asked adds it up.
#pragma once

#include <map>
#include <memory>
#include <nlohmann/json.hpp>
#include <vector>

#include "cluster/members.h"
#include "routing/page_service.h"
#include "routing/peer_channel.h"
#include "target/base/completion.h"

namespace shoal {

struct Allocations {
  std::map<ImageId, std::uint64_t> bytes;  // of images of which anything is stored
  std::vector<MemberId> missing;           // who did not say
};

// [[image, bytes], ...] of several members, as one. What is not of that form counts nothing.
std::map<ImageId, std::uint64_t> sum_of_allocations(const nlohmann::json& list);
std::uint64_t allocated_here(const routing::PageService& pages, ImageId image);

class AllocationDesk {
 public:
  // `peers` null: a single server. All of it outlives this, and nothing is asked of it once it has ended.
  AllocationDesk(const cluster::Members& members, const routing::PageService& pages, routing::PeerChannel* peers);

  void take(Completion<Allocations> done) const;

 private:
  nlohmann::json own() const;

  const cluster::Members& members_;
  const routing::PageService& pages_;
  routing::PeerChannel* peers_;
};

}  // namespace shoal

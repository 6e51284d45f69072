#include "tools/node/allocation_desk.h"

#include <set>
#include <utility>

#include "tools/node/gathering.h"

namespace shoal {

using nlohmann::json;
using routing::ControlKind;

std::map<ImageId, std::uint64_t> sum_of_allocations(const json& list) {
  std::map<ImageId, std::uint64_t> sums;
  for (const json& one : list) {
    const bool is_pair =
        one.is_array() && one.size() == 2 && one[0].is_number_unsigned() && one[1].is_number_unsigned();
    if (is_pair) sums[ImageId{one[0].get<std::uint64_t>()}] += one[1].get<std::uint64_t>();
  }
  return sums;
}

std::uint64_t allocated_here(const routing::PageService& pages, ImageId image) {
  std::uint64_t bytes = 0;
  for (const auto& store : pages.stores()) bytes += store->image_bytes(image);
  return bytes;
}

AllocationDesk::AllocationDesk(const cluster::Members& members, const routing::PageService& pages,
                               routing::PeerChannel* peers)
    : members_(members), pages_(pages), peers_(peers) {
  if (!peers_) return;
  peers_->serve(ControlKind::allocation,
                [this](MemberId, const std::string&, Completion<std::string> reply) { reply(own().dump()); });
}

json AllocationDesk::own() const {
  std::set<ImageId> images;
  for (const auto& store : pages_.stores()) {
    for (const ImageId image : store->images()) images.insert(image);
  }
  json list = json::array();
  for (const ImageId image : images) list.push_back(json::array({image.value, allocated_here(pages_, image)}));
  return list;
}

void AllocationDesk::take(Completion<Allocations> done) const {
  gather(peers_, members_, {ControlKind::allocation, ""}, own(), [done = std::move(done)](Gathered gathered) mutable {
    done({sum_of_allocations(gathered.list), std::move(gathered.missing)});
  });
}

}  // namespace shoal

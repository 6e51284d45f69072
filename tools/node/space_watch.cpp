#include "tools/node/space_watch.h"

#include <algorithm>
#include <utility>

#include "target/unit/attentions.h"

namespace shoal {

SpaceWatch::SpaceWatch(const routing::PageService& pages, const Units& units, unsigned percent, Log log)
    : pages_(pages), units_(units), percent_(percent), log_(std::move(log)) {}

void SpaceWatch::look() {
  for (const auto& store : pages_.stores()) {
    const routing::StoreSpace space = store->space();
    if (thresholds_.try_emplace(store->id(), percent_).first->second.passes(space)) on_passed(*store, space);
  }
  std::set<ImageId> known;
  for (const auto& [name, unit] : units_.all()) {
    const ImageId image = unit.record.image.id;
    known.insert(image);
    if (untold_.contains(image)) tell(image, *unit.logical->state);
  }
  std::erase_if(untold_, [&known](ImageId image) { return !known.contains(image); });
}

void SpaceWatch::on_passed(const routing::PageStore& store, const routing::StoreSpace& space) {
  log_.warn("store_threshold_passed id={} used_bytes={} total_bytes={} percent={}", store.id(), space.used_bytes,
            space.total_bytes, percent_);
  for (const auto& [name, unit] : units_.all()) {
    const auto& stores = unit.record.image.placement.stores;
    if (std::ranges::find(stores, store.id()) != stores.end()) untold_.insert(unit.record.image.id);
  }
}

void SpaceWatch::tell(ImageId image, UnitState& state) {
  if (!telling_.insert(image).second) return;
  untold_.erase(image);
  state.change({}, TellNexuses{unit::kSoftThresholdReached}, [weak = weak_from_this(), image](UnitAnswer answer) {
    const auto self = weak.lock();
    if (!self) return;
    self->telling_.erase(image);
    if (answer == UnitAnswer::unavailable) self->untold_.insert(image);
  });
}

}  // namespace shoal

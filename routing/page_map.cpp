#include "routing/page_map.h"

#include <algorithm>
#include <map>

#include "target/base/check.h"

namespace shoal::routing {
namespace {

// Order of arguments matters, so equal hashes mean equal sequences (with the usual luck of 64 bits).
class Hasher {
 public:
  void add(std::uint64_t value) {
    state_ = (state_ ^ value) * 0x9e3779b97f4a7c15u;
    state_ ^= state_ >> 29;
    state_ *= 0xbf58476d1ce4e5b9u;
    state_ ^= state_ >> 32;
  }
  void add(const StoreId& store) {
    const ByteSpan bytes = std::as_bytes(std::span(store.bytes));
    add(load_le<std::uint64_t>(bytes));
    add(load_le<std::uint64_t>(bytes, 8));
  }
  void add(const OwnerSet& set) {
    add(set.primary);
    add(set.members.size());
    for (const StoreId& member : set.members) add(member);
    add(set.learner ? 1 + (set.learner->move ? 1 : 0) : 0);
    if (!set.learner) return;
    add(set.learner->store);
    add(set.learner->attempt);
  }
  std::uint64_t value() const { return state_; }

 private:
  std::uint64_t state_ = 0;
};

}  // namespace

PageMap::Snapshot PageMap::make(Image image) { return std::make_shared<const PageMap>(Private{}, std::move(image)); }

PageMap::PageMap(Private, Image image)
    : image_(std::move(image)), page_count_(image_.page_count()), sets_(std::make_shared<const Sets>()) {
  CHECK(!image_.placement.stores.empty(), image_.id);
  const std::uint64_t stores = image_.placement.stores.size();
  run_pages_ = std::max<std::uint64_t>(1, (page_count_ + stores - 1) / stores);
}

// ---- asking -----------------------------------------------------------------------------------------------------

const PageMap::Container* PageMap::find(std::uint64_t index) const {
  const std::uint64_t branch = index / kContainersPerBranch;
  if (branch >= branches_.size() || !branches_[branch]) return nullptr;
  return (*branches_[branch])[index % kContainersPerBranch].get();
}

StoreId PageMap::default_store(PageIndex page) const {
  const auto& stores = image_.placement.stores;
  if (image_.placement.rule == PlacementRule::striped) return stores[page.value % stores.size()];
  return stores[page.value / run_pages_];
}

Owner PageMap::owner(PageIndex page) const {
  const Container* container = find(page.value / kPagesPerContainer);
  if (!container) return {default_store(page), kFirstEpoch};
  const std::size_t i = page.value % kPagesPerContainer;
  const std::uint16_t set = container->set[i];
  return {set == kDefaultSet ? default_store(page) : (*sets_)[set].primary, Epoch{container->epoch[i]}};
}

OwnerSet PageMap::owner_set(PageIndex page) const {
  const Container* container = find(page.value / kPagesPerContainer);
  const std::uint16_t set = container ? container->set[page.value % kPagesPerContainer] : kDefaultSet;
  return set == kDefaultSet ? OwnerSet{.primary = default_store(page)} : (*sets_)[set];
}

std::uint32_t PageMap::page_length(PageIndex page) const {
  const std::uint64_t begin = page.value * image_.page_bytes;
  return static_cast<std::uint32_t>(std::min<std::uint64_t>(image_.page_bytes, image_.size_bytes - begin));
}

std::uint32_t PageMap::pages_in(std::uint64_t container) const {
  return static_cast<std::uint32_t>(
      std::min<std::uint64_t>(kPagesPerContainer, page_count_ - container * kPagesPerContainer));
}

// ---- containers -------------------------------------------------------------------------------------------------

Result<PageMap::Snapshot, ContainerError> PageMap::with_container(std::uint64_t index, std::uint64_t revision,
                                                                  std::string_view bytes) const {
  const auto decoded = decode_container(bytes);
  if (!decoded) return decoded.error();
  if (index >= container_count() || decoded->pages.size() != pages_in(index)) return ContainerError::out_of_range;
  auto next = std::make_shared<PageMap>(*this);
  auto container = next->adopt(index, *decoded, revision);
  if (!container) return container.error();
  const std::uint64_t branch = index / kContainersPerBranch;
  if (next->branches_.size() <= branch) next->branches_.resize(branch + 1);
  auto changed =
      next->branches_[branch] ? std::make_shared<Branch>(*next->branches_[branch]) : std::make_shared<Branch>();
  (*changed)[index % kContainersPerBranch] = std::move(*container);
  next->branches_[branch] = std::move(changed);
  return Snapshot(std::move(next));
}

// The container in the map's own terms, if no page of it goes back or contradicts what is known.
Result<std::shared_ptr<const PageMap::Container>, ContainerError> PageMap::adopt(std::uint64_t index,
                                                                                 const RoutingContainer& from,
                                                                                 std::uint64_t revision) {
  auto container = std::make_shared<Container>();
  container->revision = revision;
  container->epoch.fill(kFirstEpoch.value);
  container->set.fill(kDefaultSet);
  container->flags.fill(0);
  for (std::size_t i = 0; i < from.pages.size(); ++i) {
    const auto& entry = from.pages[i];
    const PageIndex page{index * kPagesPerContainer + i};
    const OwnerSet set = entry.set ? from.sets[*entry.set] : OwnerSet{.primary = default_store(page)};
    const Epoch known = owner(page).epoch;
    if (entry.epoch < known) return ContainerError::older;
    if (entry.epoch == known && set != owner_set(page)) return ContainerError::contradicts;
    if (set != OwnerSet{.primary = default_store(page)}) {  // equal maps hold equal things, however they were written
      const auto number = intern(set);
      if (!number) return ContainerError::too_many_sets;
      container->set[i] = *number;
    }
    container->epoch[i] = entry.epoch.value;
    container->flags[i] = entry.flags;
  }
  return std::shared_ptr<const Container>(std::move(container));
}

// Sets are never taken out of a map; one that is made anew from all containers begins without the old ones.
std::optional<std::uint16_t> PageMap::intern(const OwnerSet& set) {
  const auto known = std::ranges::find(*sets_, set);
  const auto number = static_cast<std::size_t>(known - sets_->begin());
  if (known != sets_->end()) return static_cast<std::uint16_t>(number);
  if (number >= kMaxOwnerSets) return std::nullopt;
  auto more = std::make_shared<Sets>(*sets_);
  more->push_back(set);
  sets_ = std::move(more);
  return static_cast<std::uint16_t>(number);
}

RoutingContainer PageMap::container(std::uint64_t index) const {
  CHECK(index < container_count(), index, container_count());
  const Container* known = find(index);
  RoutingContainer value;
  for (std::uint32_t i = 0; i < pages_in(index); ++i) {
    RoutingContainer::Entry entry;
    if (known) {
      entry.epoch = Epoch{known->epoch[i]};
      entry.flags = known->flags[i];
      if (known->set[i] != kDefaultSet) {
        const OwnerSet& set = (*sets_)[known->set[i]];
        const auto at = std::ranges::find(value.sets, set);
        entry.set = static_cast<std::uint8_t>(at - value.sets.begin());
        if (at == value.sets.end()) value.sets.push_back(set);
      }
    }
    value.pages.push_back(entry);
  }
  return value;
}

std::uint64_t PageMap::revision(std::uint64_t index) const {
  const Container* known = find(index);
  return known ? known->revision : 0;
}

template <class Visit>
void PageMap::for_each_container(Visit&& visit) const {
  for (std::size_t b = 0; b < branches_.size(); ++b) {
    if (!branches_[b]) continue;
    for (std::size_t i = 0; i < kContainersPerBranch; ++i) {
      if (const auto& container = (*branches_[b])[i]) visit(b * kContainersPerBranch + i, *container);
    }
  }
}

std::vector<std::pair<std::uint64_t, std::uint64_t>> PageMap::revisions() const {
  std::vector<std::pair<std::uint64_t, std::uint64_t>> all;
  for_each_container(
      [&](std::uint64_t index, const Container& container) { all.emplace_back(index, container.revision); });
  return all;
}

// ---- sums -------------------------------------------------------------------------------------------------------

std::uint64_t PageMap::hash() const {
  Hasher hasher;
  for (const std::uint64_t number :
       {image_.id.value, image_.size_bytes, std::uint64_t{image_.page_bytes},
        static_cast<std::uint64_t>(image_.durability), static_cast<std::uint64_t>(image_.placement.rule)}) {
    hasher.add(number);
  }
  hasher.add(image_.placement.stores.size());
  for (const StoreId& store : image_.placement.stores) hasher.add(store);
  for_each_container([&](std::uint64_t index, const Container& container) {
    for (std::uint32_t i = 0; i < pages_in(index); ++i) {
      // A page that is as without a container adds nothing: a container that says nothing new changes nothing.
      if (container.set[i] == kDefaultSet && container.epoch[i] == kFirstEpoch.value && container.flags[i] == 0)
        continue;
      const PageIndex page{index * kPagesPerContainer + i};
      hasher.add(page.value);
      hasher.add(container.epoch[i]);
      hasher.add(std::uint64_t{container.flags[i]});
      hasher.add(owner_set(page));
    }
  });
  return hasher.value();
}

std::uint64_t PageMap::default_count(std::size_t placement_index) const {
  const std::uint64_t stores = image_.placement.stores.size();
  if (image_.placement.rule == PlacementRule::striped) return (page_count_ + stores - 1 - placement_index) / stores;
  const std::uint64_t begin = std::min(page_count_, placement_index * run_pages_);
  return std::min(page_count_ - begin, run_pages_);
}

std::vector<std::pair<StoreId, std::uint64_t>> PageMap::counts() const {
  const auto& stores = image_.placement.stores;
  std::map<StoreId, std::uint64_t> pages;
  for (std::size_t i = 0; i < stores.size(); ++i) pages[stores[i]] += default_count(i);
  for_each_container([&](std::uint64_t index, const Container& container) {
    for (std::uint32_t i = 0; i < pages_in(index); ++i) {
      if (container.set[i] == kDefaultSet) continue;
      --pages[default_store(PageIndex{index * kPagesPerContainer + i})];
      ++pages[(*sets_)[container.set[i]].primary];
    }
  });
  std::vector<std::pair<StoreId, std::uint64_t>> counts;
  for (const StoreId& store : stores) {
    if (const auto node = pages.extract(store)) counts.emplace_back(store, node.mapped());
  }
  counts.insert(counts.end(), pages.begin(), pages.end());
  return counts;
}

std::size_t PageMap::memory_bytes() const {
  std::size_t bytes = branches_.capacity() * sizeof(branches_[0]) + sets_->capacity() * sizeof(OwnerSet);
  for (const OwnerSet& set : *sets_) bytes += set.members.capacity() * sizeof(StoreId);
  for (const auto& branch : branches_) bytes += branch ? sizeof(Branch) : 0;
  for_each_container([&](std::uint64_t, const Container&) { bytes += sizeof(Container); });
  return bytes;
}

}  // namespace shoal::routing

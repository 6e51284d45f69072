#include "routing/promises.h"

#include <algorithm>

#include "target/base/check.h"

namespace shoal::routing {

namespace {

// Takes the value if it is above the known one.
template <class Map>
bool raise(Map& map, const typename Map::key_type& key, const typename Map::mapped_type& value) {
  const auto [found, added] = map.try_emplace(key, value);
  if (!added && value <= found->second) return false;
  found->second = value;
  return true;
}

}  // namespace

Result<void, StoreError> Promises::add(const PageRecord& record) {
  CHECK(is_promise(record.kind), static_cast<int>(record.kind));
  const Epoch epoch = record.version.epoch;
  switch (record.kind) {
    case RecordKind::promise:
      if (!raise(promised_, record.page, epoch)) return StoreError::stale;
      break;
    case RecordKind::voided:
      if (epoch < promised(record.page)) return StoreError::stale;
      if (!raise(voids_, record.page, Void{epoch, record.attempt})) return StoreError::stale;
      break;
    default: raise(fences_, {record.page.image, record.origin.nexus}, record.origin.generation);
  }
  return {};
}

bool Promises::accepts(const PageRecord& record) const {
  if (!promised_.empty() && record.version.epoch < promised(record.page)) return false;
  if (record.kind != RecordKind::voided) return true;
  const auto known = voids_.find(record.page);
  return known == voids_.end() || Void{record.version.epoch, record.attempt} > known->second;
}

bool Promises::knows_older(const PageRecord& record) const {
  switch (record.kind) {
    case RecordKind::promise: return promised_.contains(record.page);
    case RecordKind::voided: return voids_.contains(record.page);
    default: return fences_.contains({record.page.image, record.origin.nexus});
  }
}

void Promises::drop(ImageId image) {
  std::erase_if(promised_, [image](const auto& each) { return each.first.image == image; });
  std::erase_if(voids_, [image](const auto& each) { return each.first.image == image; });
  std::erase_if(fences_, [image](const auto& each) { return each.first.first == image; });
}

Epoch Promises::promised(const PageId& page) const {
  const auto found = promised_.find(page);
  return found == promised_.end() ? Epoch{} : found->second;
}

std::vector<Fence> Promises::fences() const {
  std::vector<Fence> all;
  for (const auto& [key, generation] : fences_) all.push_back({key.first, key.second, generation});
  return all;
}

// Voids go first: one may be older than the promise.
void Promises::visit(const std::function<void(const PageRecord&)>& each) const {
  for (const auto& [page, last] : voids_) {
    each({.kind = RecordKind::voided, .page = page, .version = {.epoch = last.epoch}, .attempt = last.attempt});
  }
  for (const auto& [page, epoch] : promised_) {
    each({.kind = RecordKind::promise, .page = page, .version = {.epoch = epoch}});
  }
  for (const auto& [key, generation] : fences_) {
    each({.kind = RecordKind::fence,
          .page = {.image = key.first},
          .origin = {.nexus = key.second, .generation = generation}});
  }
}

}  // namespace shoal::routing

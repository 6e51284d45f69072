#include "routing/page_store.h"

#include <utility>

namespace shoal::routing {

const char* to_string(StoreError error) {
  switch (error) {
    case StoreError::no_space: return "the store is full";
    case StoreError::medium_error: return "the range cannot be read";
    case StoreError::out_of_service: return "the store is out of service";
    case StoreError::no_resources: return "out of descriptors or memory";
    case StoreError::stale: return "older than what the store has promised";
  }
  return "unknown";
}

StoreError to_store_error(FileError error) {
  switch (error) {
    case FileError::no_space: return StoreError::no_space;
    case FileError::no_resources: return StoreError::no_resources;
    default: return StoreError::out_of_service;
  }
}

namespace {

void apply_one(PageStore& store, PageRecord record, Durability durability, PageStore::Done done) {
  std::vector<PageRecord> batch;
  batch.push_back(std::move(record));
  store.apply(std::move(batch), durability, std::move(done));
}

}  // namespace

void PageStore::promise(const PageId& page, Epoch epoch, Done done) {
  apply_one(*this, {.kind = RecordKind::promise, .page = page, .version = {.epoch = epoch}}, Durability::durable,
            std::move(done));
}

void PageStore::void_copy(const PageId& page, std::uint32_t offset, std::uint32_t length, Epoch epoch,
                          std::uint32_t attempt, Done done) {
  apply_one(*this,
            {.kind = RecordKind::voided,
             .page = page,
             .offset = offset,
             .length = length,
             .version = {.epoch = epoch},
             .attempt = attempt},
            Durability::durable, std::move(done));
}

void PageStore::fence(const Fence& fence, Durability durability, Done done) {
  apply_one(*this,
            {.kind = RecordKind::fence,
             .page = {.image = fence.image},
             .origin = {.nexus = fence.nexus, .generation = fence.generation}},
            durability, std::move(done));
}

}  // namespace shoal::routing

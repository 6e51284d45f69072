#include "routing/metered_store.h"

#include <utility>

namespace shoal::routing {

MeteredStore::MeteredStore(Runtime& runtime, std::unique_ptr<PageStore> store, StoreProbe& probe)
    : runtime_(runtime), probe_(probe), store_(std::move(store)) {}

template <class Answer>
Completion<Answer> MeteredStore::metered(std::uint64_t bytes, Completion<Answer> done) {
  probe_.started(runtime_.now());
  return [this, bytes, done = std::move(done)](Answer answer) mutable {
    probe_.ended(runtime_.now(), bytes);
    done(std::move(answer));
  };
}

void MeteredStore::apply(std::vector<PageRecord> batch, Durability durability, Done done) {
  std::uint64_t bytes = 0;
  for (const PageRecord& record : batch) bytes += total_size(record.data);
  store_->apply(std::move(batch), durability, metered(bytes, std::move(done)));
}

void MeteredStore::read(const PageId& page, std::uint32_t offset, std::uint32_t length,
                        Completion<Result<ReadAnswer, StoreError>> done) {
  store_->read(page, offset, length, metered(length, std::move(done)));
}

void MeteredStore::sync(Done done) { store_->sync(metered(0, std::move(done))); }

}  // namespace shoal::routing

// A journal store on the disk of a simulated host, which can be killed or lose its power; small, so that journal and
// space run full.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "routing/journal_store/journal_store.h"
#include "test/sim/world.h"
#include "test/unit/routing/store_rig.h"

namespace shoal::routing::test {

inline constexpr std::uint32_t kRigPageBytes = 4 * kChunkBytes;

struct JournalStoreRig {
  explicit JournalStoreRig(std::uint64_t seed = 1) : world(seed) {}

  sim::Disk& disk() { return host.disk(); }

  // "" or what is wrong.
  std::string try_open() {
    std::optional<std::string> error;
    opening = JournalStore::open(host.runtime(), config, log,
                                 [&](Result<std::unique_ptr<JournalStore>, std::string> opened) {
                                   error = opened ? std::string() : opened.error();
                                   if (opened) store = std::move(*opened);
                                 });
    if (!run_until([&] { return error.has_value(); })) throw std::runtime_error("a store never opened");
    opening.reset();
    return *error;
  }
  void open() {
    const std::string error = try_open();
    if (!error.empty()) throw std::runtime_error(error);
  }
  void open_with_image() {
    open();
    if (describe(7)) throw std::runtime_error("an image was not described");
  }
  void close() {
    StoreDone done;
    store->close(done.taker());
    if (wait(done)) throw std::runtime_error("a store was not closed");
    store.reset();
  }
  void kill() {
    host.kill();
    opening.reset();
    store.reset();
    host.start();
  }
  void crash() {
    host.crash();
    opening.reset();
    store.reset();
    host.start();
  }

  bool run_until(const std::function<bool()>& done) { return world.run_until(done, 1000s); }
  StoreOutcome wait(const StoreDone& done) {
    if (!run_until([&] { return done.has(); })) throw std::runtime_error("a store never answered");
    return done.error();
  }
  StoreOutcome describe(std::uint64_t image, std::string text = "a volume", std::uint32_t page_bytes = kRigPageBytes) {
    StoreDone done;
    store->describe_image(ImageId{image}, {page_bytes, std::move(text)}, done.taker());
    return wait(done);
  }
  StoreDone start(PageRecord record, Durability durability = Durability::durable) {
    StoreDone done;
    store->apply(batch_of(std::move(record)), durability, done.taker());
    return done;
  }
  StoreOutcome apply(PageRecord record, Durability durability = Durability::durable) {
    return wait(start(std::move(record), durability));
  }
  StoreOutcome write(const PageId& page, std::uint32_t offset, std::size_t bytes, int value,
                     Durability durability = Durability::durable) {
    return apply(data_record(page, offset, filled(bytes, value)), durability);
  }
  StoreOutcome clear(const PageId& page, std::uint32_t offset, std::uint32_t length) {
    return apply(clear_record(RecordKind::unmap, page, offset, length));
  }
  StoreOutcome sync() {
    StoreDone done;
    store->sync(done.taker());
    return wait(done);
  }
  StoreOutcome fence(std::uint64_t image, std::uint8_t nexus, std::uint64_t generation) {
    StoreDone done;
    store->fence({ImageId{image}, nexus_id(nexus), Generation{generation}}, Durability::durable, done.taker());
    return wait(done);
  }
  StoreOutcome promise(const PageId& page, std::uint32_t epoch) {
    StoreDone done;
    store->promise(page, Epoch{epoch}, done.taker());
    return wait(done);
  }
  StoreOutcome drop(std::uint64_t image) {
    StoreDone done;
    store->drop_image(ImageId{image}, done.taker());
    return wait(done);
  }
  // The bytes, or the error in words.
  std::string read(const PageId& page, std::uint32_t offset, std::uint32_t length) {
    std::optional<std::string> text;
    store->read(page, offset, length,
                [&](auto answer) { text = answer ? text_of(answer->data) : std::string(to_string(answer.error())); });
    if (!run_until([&] { return text.has_value(); })) throw std::runtime_error("a read was never answered");
    return *text;
  }
  std::vector<AllocationRange> allocation(const PageId& page, std::uint32_t offset, std::uint32_t length) {
    std::optional<std::vector<AllocationRange>> ranges;
    store->allocation(page, offset, length, [&](auto answer) { ranges = std::move(*answer); });
    if (!run_until([&] { return ranges.has_value(); })) throw std::runtime_error("allocation was never answered");
    return *ranges;
  }
  std::vector<StoredPage> list(std::uint64_t image, std::uint64_t from = 0, std::size_t limit = 1000) {
    std::optional<std::vector<StoredPage>> pages;
    store->list(ImageId{image}, PageIndex{from}, limit, [&](auto answer) { pages = std::move(*answer); });
    if (!run_until([&] { return pages.has_value(); })) throw std::runtime_error("a list was never answered");
    return *pages;
  }
  std::uint64_t file_bytes() { return disk().content(config.path).size(); }
  std::uint64_t free_chunks() const { return store->space().free_bytes / kChunkBytes; }

  sim::World world;
  sim::Host& host = world.add_host("a", {"10.0.0.1"});
  JournalStoreConfig config{.path = "/data/store",
                            .capacity_bytes = 256 * kChunkBytes,
                            .journal_bytes = 16 * kChunkBytes,
                            .cache_bytes = 1024 * 1024,
                            .grow_bytes = 32 * kChunkBytes};
  Log log;
  std::shared_ptr<void> opening;
  std::unique_ptr<JournalStore> store;
};

}  // namespace shoal::routing::test

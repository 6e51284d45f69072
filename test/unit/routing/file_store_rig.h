// A file store on the disk of a simulated host, which can be killed or lose its power.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "routing/file_store.h"
#include "test/sim/world.h"
#include "test/unit/routing/failing_runtime.h"
#include "test/unit/routing/store_rig.h"

namespace shoal::routing::test {

struct FileStoreRig {
  explicit FileStoreRig(std::uint64_t seed = 1) : world(seed) {}

  sim::Disk& disk() { return host.disk(); }

  // "" or what is wrong.
  std::string try_open() {
    runtime = std::make_unique<FailingRuntime>(host.runtime());
    return try_open_again();
  }
  std::string try_open_again() {
    auto opened = FileStore::open(*runtime, "/data/store", Log());
    if (!opened) return opened.error();
    store = std::move(*opened);
    return {};
  }
  void open() {
    const std::string error = try_open();
    if (!error.empty()) throw std::runtime_error(error);
  }
  void close() {
    store.reset();
    runtime.reset();
  }
  void kill() {
    host.kill();
    close();
    host.start();
  }
  void crash() {
    host.crash();
    close();
    host.start();
  }

  bool run_until(const std::function<bool()>& done) { return world.run_until(done, 100s); }
  StoreOutcome wait(const StoreDone& done) {
    if (!run_until([&] { return done.has(); })) throw std::runtime_error("a store never answered");
    return done.error();
  }
  StoreDone start(PageRecord record, Durability durability = Durability::applied) {
    StoreDone done;
    store->apply(batch_of(std::move(record)), durability, done.taker());
    return done;
  }
  StoreOutcome apply(PageRecord record, Durability durability = Durability::applied) {
    return wait(start(std::move(record), durability));
  }
  StoreOutcome write(const PageId& page, std::uint32_t offset, std::size_t bytes, int value,
                     Durability durability = Durability::applied) {
    return apply(data_record(page, offset, filled(bytes, value)), durability);
  }
  StoreDone start_sync() {
    StoreDone done;
    store->sync(done.taker());
    return done;
  }
  StoreOutcome sync() { return wait(start_sync()); }
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

  sim::World world;
  sim::Host& host = world.add_host("a", {"10.0.0.1"});
  std::unique_ptr<FailingRuntime> runtime;
  std::unique_ptr<FileStore> store;
};

}  // namespace shoal::routing::test

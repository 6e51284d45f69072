// What stores are told of images, and that nothing is written to one before.
#include "routing/image_notes.h"

#include <catch2/catch.hpp>

#include "test/unit/routing/page_service_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

constexpr ImageId kImage{7};

struct Notes {
  std::shared_ptr<int> keep(const std::string& text) {
    auto kept = std::make_shared<int>(0);
    notes.keep(kImage, {&store}, {65536, text}, [kept] { ++*kept; });
    return kept;
  }
  // The store takes the note that is on its way.
  void accept() {
    auto call = store.take();
    store.notes[call.image] = call.note;
    call.ok();
  }

  sim::World world{1};
  sim::Host& host = world.add_host("a", {"10.0.0.1"});
  ManualStore store;
  ImageNotes notes{host.runtime(), Log()};
};

}  // namespace

TEST_CASE("a note is kept when the store has it, and is not told again") {
  Notes rig;
  const auto kept = rig.keep("a");
  CHECK(rig.store.calls.at(0).note == ImageNote{65536, "a"});
  CHECK(*kept == 0);
  rig.accept();
  CHECK(*kept == 1);
  CHECK(*rig.keep("a") == 1);
  CHECK(rig.store.calls.empty());
}

TEST_CASE("one note is on its way at a time: the newest follows, and both are kept with it") {
  Notes rig;
  const auto first = rig.keep("a"), second = rig.keep("b"), third = rig.keep("c");
  REQUIRE(rig.store.calls.size() == 1);
  rig.accept();
  CHECK(*first == 0);
  CHECK(rig.store.calls.at(0).note.text == "c");
  rig.accept();
  CHECK((*first == 1 && *second == 1 && *third == 1));
  CHECK(rig.store.calls.empty());
}

TEST_CASE("a store that is short of something is told again; one out of service is not waited for") {
  Notes rig;
  const auto kept = rig.keep("a");
  rig.store.take().fail(StoreError::no_space);
  CHECK(rig.store.calls.empty());
  rig.world.run_for(2s);
  REQUIRE(rig.store.calls.size() == 1);
  CHECK(*kept == 0);
  rig.store.its_state.in_service = false;
  rig.store.take().fail(StoreError::out_of_service);
  CHECK(*kept == 1);
  CHECK(*rig.keep("b") == 1);
}

TEST_CASE("a store that stays short of something is told again after longer and longer pauses") {
  Notes rig;
  rig.keep("a");
  int told = 0;
  for (int second = 0; second < 600; ++second) {
    if (!rig.store.calls.empty()) {
      ++told;
      rig.store.take().fail(StoreError::no_space);
    }
    rig.world.run_for(1s);
  }
  CHECK(told > 8);
  CHECK(told < 20);
}

TEST_CASE("what is forgotten is not told again, and the end is told when nothing is on its way") {
  Notes rig;
  const auto kept = rig.keep("a");
  bool forgotten = false;
  rig.notes.forget(kImage, [&] { forgotten = true; });
  CHECK_FALSE(forgotten);
  rig.store.take().fail(StoreError::no_space);
  CHECK(forgotten);
  rig.world.run_for(5s);
  CHECK(rig.store.calls.empty());
  CHECK(*kept == 0);
}

TEST_CASE("a note that waits to be told again is forgotten at once") {
  Notes rig;
  rig.keep("a");
  rig.store.take().fail(StoreError::no_resources);
  bool forgotten = false;
  rig.notes.forget(kImage, [&] { forgotten = true; });
  CHECK(forgotten);
  rig.world.run_for(5s);
  CHECK(rig.store.calls.empty());
}

TEST_CASE("a page service describes an image to those of its stores that it is placed on") {
  ServiceRig<ManualStore> rig;
  bool described = false;
  const Image elsewhere{.id = ImageId{8}, .placement = {.stores = {store_id(9)}}};
  rig.service->describe(elsewhere, "x", [&] { described = true; });
  CHECK(described);
  described = false;
  Image here = elsewhere;
  here.placement.stores.push_back(rig.store->id());
  rig.service->describe(here, "x", [&] { described = true; });
  CHECK_FALSE(described);
  auto call = rig.store->take();
  CHECK(call.image == ImageId{8});
  CHECK(call.note == ImageNote{kDefaultPageBytes, "x"});
  call.ok();
  CHECK(described);
}

TEST_CASE("an image is not dropped from a store while a note of it is on its way") {
  ServiceRig<ManualStore> rig;
  rig.service->describe(Image{.id = kImage, .placement = {.stores = {rig.store->id()}}}, "x", [] {});
  const auto dropped = rig.drop();
  auto note = rig.store->take();
  CHECK(rig.store->calls.empty());
  note.ok();
  CHECK(rig.store->take().what == "drop");
  CHECK_FALSE(*dropped);
}

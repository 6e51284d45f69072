// The owner's side of a page: order, ghosts, fences, aborts.
#include "routing/page_service.h"

#include <catch2/catch.hpp>

#include "routing/memory_store.h"
#include "test/unit/routing/page_service_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

using Manual = ServiceRig<ManualStore>;

struct InMemory : ServiceRig<MemoryStore> {
  explicit InMemory(std::size_t shards = 1) : ServiceRig(shards, random) {}
  static inline SeededRandom random{5};
};

}  // namespace

// ---- who is meant -----------------------------------------------------------------------------------------------

TEST_CASE("a request for another image, page, range, epoch or store is answered wrong_store and does nothing") {
  Manual rig;
  Ask other_epoch = write(1), other_store = write(1);
  other_epoch.request.epoch = Epoch{2};
  other_store.request.store = store_id(9);
  for (const Ask& ask : {write(1).of_image(8), write(1).on_page(16), write(1).at(kMinPageBytes - 512), other_epoch,
                         other_store, flush(1).of_image(8)}) {
    CHECK(status(rig.ask(ask)) == PageStatus::wrong_store);
  }
  CHECK(rig.store->calls.empty());
  CHECK(rig.service->counters().wrong_store == 6);
  CHECK(rig.ask(write(1)).has() == false);  // was not remembered
}

TEST_CASE("a flush does not care for page, range and epoch") {
  Manual rig;
  Ask ask = flush(1);
  ask.on_page(1000).at(1 << 30).request.epoch = Epoch{9};
  const auto answer = rig.ask(ask);
  rig.store->take().ok();
  CHECK(status(answer) == PageStatus::ok);
}

// ---- what is asked of the store ---------------------------------------------------------------------------------

TEST_CASE("every kind of request becomes what the store knows") {
  Manual rig;
  rig.ask(write(1).fua());
  rig.ask(Ask(OperationKind::zero, 2).at(8192));
  rig.ask(Ask(OperationKind::unmap, 3).at(16384));
  auto write_call = rig.store->take(), zero = rig.store->take(), unmap = rig.store->take();
  CHECK(write_call.durability == Durability::durable);
  CHECK(write_call.batch[0].kind == RecordKind::data);
  CHECK(write_call.batch[0].version.epoch == kFirstEpoch);
  CHECK(zero.durability == Durability::applied);
  CHECK(zero.batch[0].kind == RecordKind::zero);
  CHECK(zero.batch[0].offset == 8192);
  CHECK(unmap.batch[0].kind == RecordKind::unmap);
  CHECK(write_call.batch[0].version.seq < zero.batch[0].version.seq);
}

TEST_CASE("the owner of a page of a sync volume makes every change durable, whoever asks, and a flush only waits") {
  Manual rig;
  rig.set_map(16, DurabilityPolicy::sync);
  rig.ask(write(1));
  rig.ask(Ask(OperationKind::zero, 2).at(8192), true);
  rig.ask(Ask(OperationKind::unmap, 3).at(16384));
  const auto flushed = rig.ask(flush(4));
  REQUIRE(rig.store->calls.size() == 3);
  while (!rig.store->calls.empty()) {
    CHECK_FALSE(flushed.has());
    auto call = rig.store->take();
    CHECK(call.durability == Durability::durable);
    call.ok();
  }
  CHECK(status(flushed) == PageStatus::ok);
}

TEST_CASE("what a compare-and-write writes to a sync volume is durable") {
  Manual rig;
  rig.set_map(16, DurabilityPolicy::sync);
  Ask ask(OperationKind::compare_and_write, 1);
  ask.request.data = filled(8192, 'a');
  rig.ask(ask);
  rig.store->take().answer(filled(4096, 'a'));
  CHECK(rig.store->take().durability == Durability::durable);
}

TEST_CASE("errors of the store are told in the words of the protocol") {
  Manual rig;
  const auto expect = [&](Ask ask, StoreError error, PageStatus expected) {
    const auto answer = rig.ask(ask);
    rig.store->take().fail(error);
    CHECK(status(answer) == expected);
  };
  expect(write(1), StoreError::no_space, PageStatus::no_space);
  expect(write(2), StoreError::out_of_service, PageStatus::failed);
  expect(write(3), StoreError::stale, PageStatus::wrong_store);
  expect(read(4), StoreError::medium_error, PageStatus::medium_error);
  expect(flush(5), StoreError::out_of_service, PageStatus::failed);
  expect(write(6), StoreError::no_resources, PageStatus::failed);
  CHECK(rig.service->counters().errors == 5);
}

TEST_CASE("the status of blocks comes in blocks of the page") {
  Manual rig;
  const auto answer = rig.ask(Ask(OperationKind::lba_status, 1).at(8192, 8192));
  auto asked = rig.store->take();
  CHECK((asked.offset == 8192 && asked.length == 8192));
  asked.allocation_done(std::vector<AllocationRange>{{8192, 4096, true}, {12288, 4096, false}});
  CHECK(answer.get().lba_status == std::vector<LbaStatus>{{{Lba{16}, 8}, true}, {{Lba{24}, 8}, false}});
}

TEST_CASE("what the store cannot tell of the status of blocks is an error, and nothing changes them meanwhile") {
  Manual rig;
  const auto answer = rig.ask(Ask(OperationKind::lba_status, 1));
  rig.ask(Ask(OperationKind::unmap, 2));
  auto asked = rig.store->take();
  CHECK(rig.store->calls.empty());
  asked.allocation_done(StoreError::medium_error);
  CHECK(status(answer) == PageStatus::medium_error);
  CHECK(rig.store->take().batch[0].kind == RecordKind::unmap);
}

// ---- compare and write ------------------------------------------------------------------------------------------

TEST_CASE("compare-and-write writes when the blocks are equal, and tells where they differ when not") {
  InMemory rig;
  rig.ask(write(1, 'a'));
  const auto compare = [&](std::uint64_t id, Slices expected, int value) {
    Ask ask(OperationKind::compare_and_write, id);
    ask.at(512, 512);
    ask.request.data = std::move(expected);
    ask.request.data.push_back(filled(512, value)[0]);
    return rig.ask(ask).get();
  };
  Slices nearly = filled(100, 'a');
  nearly.push_back(filled(412, 'x')[0]);
  const PageResult different = compare(2, nearly, 'b');
  CHECK(different.status == PageStatus::miscompare);
  CHECK(different.detail == 100);
  CHECK(compare(3, filled(512, 'a'), 'b').status == PageStatus::ok);
  CHECK(compare(4, filled(512, 'a'), 'c').status == PageStatus::miscompare);
  CHECK(text_of(rig.ask(read(5).at(0, 1536)).get().data) ==
        std::string(512, 'a') + std::string(512, 'b') + std::string(512, 'a'));
}

TEST_CASE("nothing comes between the comparison and the write") {
  Manual rig;
  Ask ask(OperationKind::compare_and_write, 1);
  ask.at(0, 512).request.data = filled(1024, 'a');
  const auto compared = rig.ask(ask);
  rig.ask(write(2, 'b').at(0));
  auto first_read = rig.store->take();
  CHECK(rig.store->calls.empty());
  first_read.answer(filled(512, 'a'));
  REQUIRE(rig.store->calls.size() == 1);
  auto its_write = rig.store->take();
  CHECK(its_write.batch[0].length == 512);
  its_write.ok();
  CHECK(status(compared) == PageStatus::ok);
  CHECK(rig.store->take().batch[0].length == 4096);
}

// ---- order ------------------------------------------------------------------------------------------------------

TEST_CASE("two writes of 512 bytes to one block of 4 KiB do not run at once, nor do a read and a write") {
  Manual rig;
  rig.ask(write(1).at(4096, 512));
  rig.ask(write(2).at(7680, 512));
  rig.ask(read(3).at(6144, 512));
  rig.ask(write(4).at(8192, 512));
  rig.ask(write(5).at(0, 4096));
  REQUIRE(rig.store->calls.size() == 3);
  auto first = rig.store->take(), behind = rig.store->take(), before = rig.store->take();
  CHECK((first.batch[0].offset == 4096 && behind.batch[0].offset == 8192 && before.batch[0].offset == 0));
  CHECK(first.batch[0].length == 512);
  first.ok();
  REQUIRE(rig.store->calls.size() == 1);
  auto second = rig.store->take();
  CHECK(second.batch[0].offset == 7680);
  second.ok();
  CHECK(rig.store->take().what == "read");
}

TEST_CASE("overlapping requests reach the store one after the other, others at once") {
  Manual rig;
  rig.ask(write(1));
  rig.ask(read(2));
  rig.ask(read(3).at(2048));
  rig.ask(write(4, 'b').at(4096));
  rig.ask(write(5).on_page(1));
  REQUIRE(rig.store->calls.size() == 2);  // 1 and 5; 4 waits behind the read 3
  CHECK(rig.service->counters().waited == 3);
  auto first = rig.store->take(), elsewhere = rig.store->take();
  first.ok();
  REQUIRE(rig.store->calls.size() == 2);  // both reads
  auto second = rig.store->take(), third = rig.store->take();
  third.answer(filled(4096, 'a'));
  REQUIRE(rig.store->calls.size() == 1);
  CHECK(rig.store->take().batch[0].offset == 4096);
}

TEST_CASE("a request that is submitted while another is answered takes its place in the order") {
  Manual rig;
  std::vector<int> order;
  const auto submit = [&](Ask ask, int number, UniqueFunction<void()> then = {}) {
    ask.request.store = rig.store->id();
    rig.service->submit(std::move(ask.request), [&order, number, then = std::move(then)](PageResult) mutable {
      order.push_back(number);
      if (then) then();
    });
  };
  submit(write(1), 1, [&] { submit(write(3), 3); });
  submit(write(2), 2);
  while (!rig.store->calls.empty()) rig.store->take().ok();
  CHECK(order == std::vector<int>{1, 2, 3});
}

// ---- ghosts and repeats -----------------------------------------------------------------------------------------

TEST_CASE("a repeated write joins the first, and is answered from the record later: the store sees it once") {
  Manual rig;
  const auto first = rig.ask(write(1)), joined = rig.ask(write(1));
  REQUIRE(rig.store->calls.size() == 1);
  rig.store->take().ok();
  CHECK(status(first) == PageStatus::ok);
  CHECK(status(joined) == PageStatus::ok);
  CHECK(status(rig.ask(write(1))) == PageStatus::ok);
  CHECK(rig.store->calls.empty());
  CHECK(rig.service->counters().repeated == 2);
  CHECK(rig.service->counters().writes == 1);
}

TEST_CASE("a write below the watermark is dropped, over whichever path it comes") {
  InMemory rig;
  rig.ask(write(1, 'a'));
  rig.ask(write(2, 'b').lowest_unfinished(2));
  CHECK(status(rig.ask(write(1, 'a'), true)) == PageStatus::ghost);
  CHECK(text_of(rig.ask(read(3)).get().data) == std::string(4096, 'b'));
  CHECK(rig.service->counters().ghosts == 1);
}

TEST_CASE("a request without a nexus is applied each time") {
  InMemory rig;
  CHECK(status(rig.ask(write(1).nexus(0))) == PageStatus::ok);
  CHECK(status(rig.ask(write(1).nexus(0))) == PageStatus::ok);
  CHECK(rig.service->counters().writes == 2);
}

// ---- fences -----------------------------------------------------------------------------------------------------

TEST_CASE("a fence refuses older generations from then on and is durable before it completes") {
  Manual rig;
  const auto fenced = rig.fence(2);
  CHECK_FALSE(fenced.has());
  CHECK(status(rig.ask(write(1))) == PageStatus::fenced);
  auto call = rig.store->take();
  CHECK(call.durability == Durability::durable);
  CHECK(call.batch[0].kind == RecordKind::fence);
  CHECK(call.batch[0].origin.generation == Generation{2});
  call.ok();
  CHECK(fenced.get() == PageStatus::ok);
  CHECK(rig.service->counters().fenced == 1);
}

TEST_CASE("a fence cancels what is queued of older generations and waits for what runs") {
  Manual rig;
  const auto running = rig.ask(write(1)), queued = rig.ask(write(2));
  const auto other = rig.ask(write(1).nexus(2));
  auto write_call = rig.store->take();
  const auto fenced = rig.fence(2);
  CHECK(status(queued) == PageStatus::fenced);
  rig.store->take().ok();  // the fence itself
  CHECK_FALSE(fenced.has());
  write_call.ok();
  CHECK(status(running) == PageStatus::ok);
  CHECK(fenced.get() == PageStatus::ok);
  CHECK_FALSE(other.has());
  CHECK(rig.store->calls.size() == 1);  // the other nexus goes on
}

TEST_CASE("a fence cancels nothing of the generation that it is for") {
  Manual rig;
  rig.ask(write(1).generation(2));
  const auto queued = rig.ask(write(2).generation(2));
  rig.fence(2);
  CHECK_FALSE(queued.has());
}

TEST_CASE("a fence that a full store cannot keep is told, and still refuses") {
  Manual rig;
  const auto fenced = rig.fence(2);
  rig.store->take().fail(StoreError::no_space);
  CHECK(fenced.get() == PageStatus::no_space);
  CHECK(status(rig.ask(write(1))) == PageStatus::fenced);
}

TEST_CASE("a fence that a store cannot keep for the moment is not taken for kept") {
  Manual rig;
  const auto fenced = rig.fence(2);
  rig.store->take().fail(StoreError::no_resources);
  CHECK(fenced.get() == PageStatus::failed);
}

TEST_CASE("a store that is out of service needs no fence") {
  Manual rig;
  const auto fenced = rig.fence(2);
  rig.store->take().fail(StoreError::out_of_service);
  CHECK(fenced.get() == PageStatus::ok);
}

TEST_CASE("fences that the store has kept count from the beginning") {
  sim::World world(1);
  auto owned = std::make_unique<ManualStore>();
  owned->kept = {{ImageId{7}, nexus_id(1), Generation{5}}};
  std::vector<std::unique_ptr<PageStore>> stores;
  stores.push_back(std::move(owned));
  PageService service(world.add_host("a", {"10.0.0.1"}).runtime(), 2, std::move(stores), {}, Log());
  service.set_map(PageMap::make(Image{.id = ImageId{7},
                                      .size_bytes = kMinPageBytes,
                                      .page_bytes = kMinPageBytes,
                                      .placement = {.stores = {store_id(1)}}}));
  Answer<PageResult> answer;
  Ask old = write(1).generation(4);
  old.request.store = store_id(1);
  service.submit(std::move(old.request), answer.taker());
  world.run_for(1s);
  CHECK(status(answer) == PageStatus::fenced);
}

// ---- aborts -----------------------------------------------------------------------------------------------------

TEST_CASE("an abort cancels what is queued, waits for what runs, and leaves others alone") {
  Manual rig;
  const auto running = rig.ask(write(1)), queued = rig.ask(write(2)), other = rig.ask(read(7).nexus(2));
  auto write_call = rig.store->take();
  const auto aborted = rig.abort({.nexus = nexus_id(1)});
  CHECK(status(queued) == PageStatus::aborted);
  CHECK_FALSE(*aborted);
  const auto later = rig.ask(write(3));
  write_call.ok();
  CHECK(status(running) == PageStatus::ok);
  CHECK(*aborted);
  CHECK_FALSE(later.has());
  rig.store->take().answer(filled(4096, 0));
  CHECK(status(other) == PageStatus::ok);
  rig.store->take().ok();
  CHECK(status(later) == PageStatus::ok);
}

TEST_CASE("an abort of one operation, or of another generation, selects just that") {
  Manual rig;
  rig.ask(write(1));
  const auto second = rig.ask(write(2)), third = rig.ask(write(3));
  CHECK(*rig.abort({.nexus = nexus_id(1), .generation = Generation{9}}));
  CHECK(*rig.abort({.nexus = nexus_id(1), .id = OperationId{3}}));
  CHECK_FALSE(second.has());
  CHECK(status(third) == PageStatus::aborted);
}

TEST_CASE("a write that was aborted before it ran is not applied by a repeat") {
  Manual rig;
  rig.ask(write(1));
  const auto queued = rig.ask(write(2));
  rig.abort({.nexus = nexus_id(1), .id = OperationId{2}});
  CHECK(status(queued) == PageStatus::aborted);
  CHECK(status(rig.ask(write(2))) == PageStatus::aborted);
}

TEST_CASE("an abort from within an answer counts only what was submitted and not yet answered") {
  Manual rig;
  bool aborted = false;
  Ask first = write(1);
  first.request.store = rig.store->id();
  rig.service->submit(std::move(first.request), [&](PageResult) {
    rig.service->abort(ImageId{7}, {.nexus = nexus_id(1)}, [&] { aborted = true; });
  });
  const auto elsewhere = rig.ask(write(2).on_page(1));
  rig.store->take().ok();
  CHECK_FALSE(aborted);
  rig.store->take().ok();
  CHECK(elsewhere.has());
  CHECK(aborted);
}

TEST_CASE("an abort from within an answer waits for what the answer has let through, and does not end it") {
  Manual rig;
  bool aborted = false;
  Ask first = write(1);
  first.request.store = rig.store->id();
  rig.service->submit(std::move(first.request), [&](PageResult) {
    rig.service->abort(ImageId{7}, {.nexus = nexus_id(1)}, [&] { aborted = true; });
  });
  const auto next = rig.ask(write(2)), behind = rig.ask(write(3));
  rig.store->take().ok();
  CHECK(status(behind) == PageStatus::aborted);
  CHECK_FALSE(next.has());
  CHECK_FALSE(aborted);
  REQUIRE(rig.store->calls.size() == 1);
  rig.store->take().ok();
  CHECK(status(next) == PageStatus::ok);
  CHECK(aborted);
}

TEST_CASE("an abort does not wait for what was submitted later, and is not satisfied by it either") {
  Manual rig;
  rig.ask(write(1));
  const auto aborted = rig.abort({.nexus = nexus_id(1)});
  rig.ask(write(2).on_page(1));
  auto first = rig.store->take(), later = rig.store->take();
  later.ok();
  CHECK_FALSE(*aborted);
  first.ok();
  CHECK(*aborted);
}

TEST_CASE("who is told of an abort may submit more, which is neither aborted nor waited for") {
  Manual rig;
  Answer<PageResult> more;
  rig.ask(write(1).nexus(2));
  Ask queued = write(2);
  queued.request.store = rig.store->id();
  rig.service->submit(std::move(queued.request), [&](PageResult result) {
    CHECK(result.status == PageStatus::aborted);
    more = rig.ask(write(3).on_page(1));
  });
  CHECK(*rig.abort({.nexus = nexus_id(1)}));
  CHECK_FALSE(more.has());
}

TEST_CASE("who is told of an abort may abort the others that it is about to end") {
  Manual rig;
  rig.ask(write(1));
  Ask queued = write(2);
  queued.request.store = rig.store->id();
  Answer<PageResult> replacement;
  rig.service->submit(std::move(queued.request), [&](PageResult) {
    rig.abort({.nexus = nexus_id(1)});
    replacement = rig.ask(write(9));
  });
  const auto other = rig.ask(write(3));
  rig.abort({.nexus = nexus_id(1)});
  CHECK(status(other) == PageStatus::aborted);
  CHECK_FALSE(replacement.has());
}

// ---- flush ------------------------------------------------------------------------------------------------------

TEST_CASE("a flush syncs after everything that was submitted before it, and not later") {
  Manual rig;
  rig.ask(write(1));
  rig.ask(write(2).on_page(3));
  const auto flushed = rig.ask(flush(3));
  rig.ask(write(4).on_page(5));
  REQUIRE(rig.store->calls.size() == 3);
  auto first = rig.store->take(), second = rig.store->take(), later = rig.store->take();
  second.ok();
  CHECK(rig.store->calls.empty());
  first.ok();
  REQUIRE(rig.store->calls.size() == 1);
  auto sync = rig.store->take();
  CHECK(sync.what == "sync");
  CHECK_FALSE(flushed.has());
  sync.ok();
  CHECK(status(flushed) == PageStatus::ok);
  CHECK(rig.service->counters().flushes == 1);
}

TEST_CASE("a flush that waits can be aborted, and its task used again, before what it waited for ends") {
  Manual rig;
  rig.ask(write(1));
  const auto flushed = rig.ask(flush(2));
  CHECK(*rig.abort({.nexus = nexus_id(1), .id = OperationId{2}}));
  CHECK(status(flushed) == PageStatus::aborted);
  const auto next = rig.ask(write(3));
  rig.store->take().ok();
  REQUIRE(rig.store->calls.size() == 1);
  CHECK(rig.store->take().what == "apply");
  CHECK_FALSE(next.has());
}

// ---- images -----------------------------------------------------------------------------------------------------

TEST_CASE("a dropped image is refused at once, and gone from the store when nothing of it runs") {
  Manual rig;
  const auto running = rig.ask(write(1)), queued = rig.ask(write(2));
  auto write_call = rig.store->take();
  const auto dropped = rig.drop();
  CHECK(status(queued) == PageStatus::wrong_store);
  CHECK(status(rig.ask(read(3).on_page(2))) == PageStatus::wrong_store);
  rig.set_map();  // late
  CHECK(status(rig.ask(read(4).on_page(2))) == PageStatus::wrong_store);
  CHECK(rig.store->calls.empty());
  write_call.ok();
  auto drop = rig.store->take();
  CHECK(drop.what == "drop");
  CHECK_FALSE(*dropped);
  drop.ok();
  CHECK(*dropped);
  CHECK(status(running) == PageStatus::ok);
}

// ---- counters, shards, the end ----------------------------------------------------------------------------------

TEST_CASE("bytes are counted by who asked") {
  InMemory rig;
  rig.ask(write(1));
  rig.ask(write(2).at(4096, 1024).filled_with('b'), true);
  rig.ask(read(3).at(0, 512), true);
  const PageCounters counters = rig.service->counters();
  CHECK(counters.writes == 2);
  CHECK(counters.reads == 1);
  CHECK(counters.written_bytes == 5120);
  CHECK(counters.read_bytes == 512);
  CHECK(counters.local_bytes == 4096);
  CHECK(counters.peer_bytes == 1536);
}

TEST_CASE("on a memory store everything completes before submit returns") {
  InMemory rig;
  CHECK(rig.ask(write(1)).has());
  CHECK(rig.ask(read(2)).has());
  CHECK(rig.ask(flush(3)).has());
  CHECK(rig.fence(2).has());
  CHECK(*rig.abort({}));
  CHECK(*rig.drop());
}

TEST_CASE("with several shards, fence, abort, flush and drop hold for all of them, in order of submission") {
  InMemory rig(3);
  std::vector<Answer<PageResult>> before, after;
  for (std::uint64_t page = 0; page < 16; ++page) before.push_back(rig.ask(write(page + 1).on_page(page)));
  const auto flushed = rig.ask(flush(17));
  const auto fenced = rig.fence(2);
  for (std::uint64_t page = 0; page < 16; ++page) after.push_back(rig.ask(write(page + 20).on_page(page)));
  const auto aborted = rig.abort({});
  rig.settle();
  for (const auto& answer : before) CHECK(status(answer) == PageStatus::ok);
  for (const auto& answer : after) CHECK(status(answer) == PageStatus::fenced);
  CHECK(flushed.has());
  CHECK(fenced.get() == PageStatus::ok);
  CHECK(*aborted);
  CHECK(rig.service->counters().writes == 16);
  const auto dropped = rig.drop();
  rig.settle();
  CHECK(*dropped);
  CHECK(rig.store->images().empty());
}

TEST_CASE("requests in flight are not answered any more when the service ends") {
  Manual rig;
  const auto running = rig.ask(write(1)), queued = rig.ask(write(2)), flushed = rig.ask(flush(3));
  const auto fenced = rig.fence(2, 2);
  rig.service.reset();
  for (const auto& answer : {running, queued, flushed}) CHECK_FALSE(answer.has());
  CHECK_FALSE(fenced.has());
}

TEST_CASE("whatever overlaps, a read sees the writes that were submitted before it and none that came after") {
  for (std::uint64_t seed = 1; seed <= 30; ++seed) {
    SeededRandom random(seed);
    Manual rig;
    ModelPages applied;       // what the store has been told to do and has done
    ModelPages expected;      // as if every request took effect when it was submitted
    const auto serve = [&] {  // one call of the store, out of order
      const auto at = rig.store->calls.begin() + static_cast<std::ptrdiff_t>(random.below(rig.store->calls.size()));
      ManualStore::Call call = std::move(*at);
      rig.store->calls.erase(at);
      if (call.what == "apply") {
        applied.apply(call.batch[0]);
        return call.ok();
      }
      call.answer({Slice::copy_of(std::string_view(applied[page_of(7, 0)]).substr(call.offset, call.length))});
    };
    std::vector<std::pair<Answer<PageResult>, std::string>> reads;
    for (std::uint64_t id = 1; id <= 100; ++id) {
      const auto offset = static_cast<std::uint32_t>(random.below(16)) * 512;
      const auto length = static_cast<std::uint32_t>(1 + random.below(4)) * 512;
      const auto kind = random.below(6);
      if (kind < 2) {
        expected[page_of(7, 0)].replace(offset, length, length, static_cast<char>(id));
        rig.ask(Ask(OperationKind::write, id).at(offset, length).filled_with(static_cast<int>(id)));
      } else if (kind < 4) {
        expected[page_of(7, 0)].replace(offset, length, length, '\0');
        rig.ask(Ask(kind == 2 ? OperationKind::zero : OperationKind::unmap, id).at(offset, length));
      } else {
        reads.emplace_back(rig.ask(read(id).at(offset, length)), expected[page_of(7, 0)].substr(offset, length));
      }
      while (!rig.store->calls.empty() && random.below(3) == 0) serve();
    }
    while (!rig.store->calls.empty()) serve();
    for (const auto& [answer, text] : reads) REQUIRE(text_of(answer.get().data) == text);
  }
}

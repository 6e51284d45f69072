// The owner's side of a COMPARE AND WRITE across pages: what is compared keeps its range until it is written, or let
// go.
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
  std::string text() { return text_of(ask(read(1).nexus(9)).get().data).substr(0, 1); }
  static inline SeededRandom random{5};
};

// First round: part 0 of the operation. Second round: part 1.
Ask keep(std::uint64_t id, int expected = '\0') {
  Ask ask(OperationKind::compare_and_write, id);
  ask.request.keep = true;
  ask.request.data = filled(ask.request.length, expected);
  return ask;
}

Ask write_kept(std::uint64_t id, int expected, int value) {
  Ask ask(OperationKind::compare_and_write, id);
  ask.request.part = 1;
  ask.request.data = filled(ask.request.length, expected);
  ask.request.data.push_back(filled(ask.request.length, value)[0]);
  return ask;
}

AbortSelection operation(std::uint64_t id) { return {nexus_id(1), OperationId{id}, Generation{1}}; }

}  // namespace

TEST_CASE("what was compared is written without another comparison, and nobody comes between") {
  InMemory rig;
  CHECK(status(rig.ask(keep(1))) == PageStatus::ok);
  const auto other = rig.ask(write(1, 'x').nexus(2)), reader = rig.ask(read(2).nexus(3));
  CHECK_FALSE(other.has());
  CHECK_FALSE(reader.has());
  CHECK(status(rig.ask(write_kept(1, '?', 'b'))) == PageStatus::ok);  // is not compared
  CHECK(other.has());
  CHECK(text_of(reader.get().data) == std::string(4096, 'x'));
  CHECK(rig.service->counters().kept_ranges == 1);
  CHECK(rig.service->counters().writes == 2);
}

TEST_CASE("what differs is told with its place and keeps nothing") {
  InMemory rig;
  Ask ask = keep(1);
  ask.request.data = filled(100, 0);
  ask.request.data.push_back(filled(3996, 'a')[0]);
  const PageResult different = rig.ask(ask).get();
  CHECK(different.status == PageStatus::miscompare);
  CHECK(different.detail == 100);
  CHECK(rig.ask(write(1).nexus(2)).has());
}

TEST_CASE("other ranges of the page are not kept") {
  InMemory rig;
  rig.ask(keep(1));
  CHECK(rig.ask(write(1).nexus(2).at(4096)).has());
  CHECK(rig.ask(write(2).nexus(2).on_page(1)).has());
}

TEST_CASE("a comparison that is repeated is answered from the record, and keeps its range once") {
  InMemory rig;
  rig.ask(keep(1));
  CHECK(status(rig.ask(keep(1), true)) == PageStatus::ok);
  CHECK(rig.service->counters().repeated == 1);
  CHECK(status(rig.ask(write_kept(1, 0, 'b'))) == PageStatus::ok);
  CHECK(rig.ask(write(1).nexus(2)).has());
}

TEST_CASE("a comparison that is repeated while it waits or runs joins the first") {
  Manual rig;
  const auto first = rig.ask(keep(1)), joined = rig.ask(keep(1));
  REQUIRE(rig.store->calls.size() == 1);
  rig.store->take().answer(filled(4096, 0));
  CHECK(status(first) == PageStatus::ok);
  CHECK(status(joined) == PageStatus::ok);
}

TEST_CASE("a write of what is kept that is repeated is done once") {
  Manual rig;
  rig.ask(keep(1));
  rig.store->take().answer(filled(4096, 0));
  const auto first = rig.ask(write_kept(1, 0, 'b')), joined = rig.ask(write_kept(1, 0, 'b'));
  REQUIRE(rig.store->calls.size() == 1);
  auto call = rig.store->take();
  CHECK(call.what == "apply");
  CHECK(text_of(call.batch[0].data) == std::string(4096, 'b'));
  call.ok();
  CHECK(status(joined) == PageStatus::ok);
  CHECK(status(rig.ask(write_kept(1, 0, 'b'))) == PageStatus::ok);
  CHECK(rig.store->calls.empty());
}

TEST_CASE("what is written in the second round is durable where that was asked for") {
  Manual rig;
  rig.ask(keep(1).fua());
  rig.store->take().answer(filled(4096, 0));
  rig.ask(write_kept(1, 0, 'b').fua());
  CHECK(rig.store->take().durability == Durability::durable);
}

TEST_CASE("a write that cannot be done lets go of the range") {
  Manual rig;
  rig.ask(keep(1));
  rig.store->take().answer(filled(4096, 0));
  const auto failed = rig.ask(write_kept(1, 0, 'b')), other = rig.ask(write(1).nexus(2));
  rig.store->take().fail(StoreError::no_space);
  CHECK(status(failed) == PageStatus::no_space);
  REQUIRE(rig.store->calls.size() == 1);
  rig.store->take().ok();
  CHECK(status(other) == PageStatus::ok);
}

TEST_CASE("where the range is not kept any more, the second round compares again") {
  InMemory rig;
  rig.ask(keep(1));
  rig.abort(operation(1));
  CHECK(status(rig.ask(write_kept(1, 0, 'b'))) == PageStatus::ok);
  rig.ask(keep(2, 'b'));
  rig.abort(operation(2));
  rig.ask(write(1, 'x').nexus(2));
  CHECK(status(rig.ask(write_kept(2, 'b', 'c'))) == PageStatus::miscompare);
  CHECK(rig.text() == "x");
}

// ---- the ends of keeping ----------------------------------------------------------------------------------------

TEST_CASE("an abort lets go of what its operation keeps, and of nothing else") {
  InMemory rig;
  rig.ask(keep(1));
  rig.ask(keep(2).at(4096));
  const auto first = rig.ask(write(1).nexus(2)), second = rig.ask(write(2).nexus(2).at(4096));
  CHECK(*rig.abort(operation(1)));
  CHECK(first.has());
  CHECK_FALSE(second.has());
  CHECK(*rig.abort({nexus_id(1)}));
  CHECK(second.has());
}

TEST_CASE("an abort that comes while it is compared keeps nothing, and ends when that has ended") {
  Manual rig;
  const auto compared = rig.ask(keep(1));
  const auto aborted = rig.abort(operation(1));
  CHECK_FALSE(*aborted);
  const auto other = rig.ask(write(1).nexus(2));
  rig.store->take().answer(filled(4096, 0));
  CHECK(status(compared) == PageStatus::aborted);
  CHECK(*aborted);
  CHECK(rig.store->take().what == "apply");
  CHECK_FALSE(other.has());
}

TEST_CASE("an abort that comes before it has its range ends it there") {
  Manual rig;
  rig.ask(write(1).nexus(2));
  const auto waiting = rig.ask(keep(1));
  CHECK(*rig.abort(operation(1)));
  CHECK(status(waiting) == PageStatus::aborted);
}

TEST_CASE("an abort waits for what is being written in the second round") {
  Manual rig;
  rig.ask(keep(1));
  rig.store->take().answer(filled(4096, 0));
  const auto written = rig.ask(write_kept(1, 0, 'b'));
  const auto aborted = rig.abort(operation(1));
  CHECK_FALSE(*aborted);
  rig.store->take().ok();
  CHECK(status(written) == PageStatus::ok);
  CHECK(*aborted);
}

TEST_CASE("a newer generation of the nexus lets go of what older ones keep: told by a fence, or by its first request") {
  InMemory rig;
  rig.ask(keep(1));
  const auto first = rig.ask(write(1).nexus(2));
  rig.fence(2);
  CHECK(first.has());
  rig.ask(keep(1).generation(2).at(4096));
  const auto second = rig.ask(write(2).nexus(2).at(4096));
  CHECK_FALSE(second.has());
  rig.ask(read(1).generation(3).at(8192));
  CHECK(second.has());
  CHECK(status(rig.ask(write_kept(1, 0, 'b').generation(2).at(4096))) == PageStatus::fenced);
}

TEST_CASE("what a nexus has finished keeps nothing any more") {
  InMemory rig;
  rig.ask(keep(5));
  const auto other = rig.ask(write(1).nexus(2));
  rig.ask(read(6).at(8192).lowest_unfinished(5));
  CHECK_FALSE(other.has());
  rig.ask(read(7).at(8192).lowest_unfinished(6));
  CHECK(other.has());
  CHECK(status(rig.ask(write_kept(5, 0, 'b'))) == PageStatus::ghost);
}

TEST_CASE("when the image is closed nothing is kept") {
  Manual rig;
  rig.ask(keep(1));
  rig.store->take().answer(filled(4096, 0));
  rig.drop();
  REQUIRE(rig.store->calls.size() == 1);
  CHECK(rig.store->take().what == "drop");
  CHECK(status(rig.ask(write_kept(1, 0, 'b'))) == PageStatus::wrong_store);
}

TEST_CASE("nothing is kept longer than the limit") {
  InMemory rig;
  rig.ask(keep(1));
  const auto other = rig.ask(write(1, 'x').nexus(2));
  rig.world.run_for(kLongestKeep - 1s);
  CHECK_FALSE(other.has());
  rig.world.run_for(2s);
  CHECK(other.has());
  CHECK(rig.service->counters().expired_ranges == 1);
  CHECK(status(rig.ask(write_kept(1, 0, 'b'))) == PageStatus::miscompare);
}

TEST_CASE("the limit holds for each range, also for those that came later") {
  InMemory rig;
  rig.ask(keep(1));
  rig.world.run_for(5s);
  rig.ask(keep(2).at(4096));
  const auto later = rig.ask(write(1).nexus(2).at(4096));
  rig.world.run_for(kLongestKeep - 4s);
  CHECK(rig.service->counters().expired_ranges == 1);
  CHECK_FALSE(later.has());
  rig.world.run_for(5s);
  CHECK(later.has());
}

TEST_CASE("beyond the limit of ranges a comparison fails and keeps nothing") {
  InMemory rig;
  rig.set_map(32);
  const KeptRangesLimits limits;
  Answer<PageResult> last;
  for (std::uint64_t id = 1; id <= limits.of_nexus + 1; ++id) {
    const auto block = static_cast<std::uint32_t>(id % 16);
    last = rig.ask(keep(id).on_page(id / 16).at(block * kPhysicalBlockBytes));
    if (id <= limits.of_nexus) CHECK(status(last) == PageStatus::ok);
  }
  CHECK(status(last) == PageStatus::failed);
}

// ---- with others ------------------------------------------------------------------------------------------------

TEST_CASE("a flush does not wait for what is only kept") {
  InMemory rig;
  rig.ask(keep(1));
  CHECK(rig.ask(flush(1).nexus(2)).has());
}

TEST_CASE("a flush waits for what is being written in the second round") {
  Manual rig;
  rig.ask(keep(1));
  rig.store->take().answer(filled(4096, 0));
  rig.ask(write_kept(1, 0, 'b'));
  rig.ask(flush(1).nexus(2));
  REQUIRE(rig.store->calls.size() == 1);
  rig.store->take().ok();
  REQUIRE(rig.store->calls.size() == 1);
  CHECK(rig.store->take().what == "sync");
}

TEST_CASE("a reservation that comes between the rounds does not stop the second; without its range it does") {
  InMemory rig;
  rig.ask(keep(1));
  Ask newer = read(1).nexus(2).at(8192);
  newer.request.origin.reservation_generation = 4;
  rig.ask(newer);
  CHECK(status(rig.ask(write_kept(1, 0, 'b'))) == PageStatus::ok);
  CHECK(status(rig.ask(write_kept(2, 'b', 'c'))) == PageStatus::stale_reservation);
}

TEST_CASE("who is told that a range is kept may write it at once, or abort it") {
  InMemory rig;
  PageStatus written = PageStatus::failed;
  Ask first = keep(1), second = keep(2, 'b');
  first.request.store = second.request.store = rig.store->id();
  rig.service->submit(std::move(first.request), [&](PageResult) { written = status(rig.ask(write_kept(1, 0, 'b'))); });
  CHECK(written == PageStatus::ok);
  rig.service->submit(std::move(second.request), [&](PageResult) { CHECK(*rig.abort(operation(2))); });
  CHECK(rig.text() == "b");
}

TEST_CASE("those that wait for a kept range may end each other when it is let go") {
  InMemory rig;
  rig.ask(keep(1));
  rig.ask(keep(2).at(4096));
  Ask waiting = write(3).nexus(2);
  waiting.request.store = rig.store->id();
  bool ended = false;
  rig.service->submit(std::move(waiting.request), [&](PageResult) { ended = *rig.abort({nexus_id(1)}); });
  const auto other = rig.ask(write(4).nexus(2).at(4096));
  rig.abort({nexus_id(1)});
  CHECK(ended);
  CHECK(other.has());
}

TEST_CASE("with several shards each keeps what is its own") {
  InMemory rig(3);
  std::vector<Answer<PageResult>> kept, blocked, written;
  for (std::uint64_t page = 0; page < 8; ++page) kept.push_back(rig.ask(keep(page + 1).on_page(page)));
  rig.settle();
  for (std::uint64_t page = 0; page < 8; ++page) blocked.push_back(rig.ask(write(page + 1).nexus(2).on_page(page)));
  rig.settle();
  for (const auto& answer : blocked) CHECK_FALSE(answer.has());
  for (std::uint64_t page = 0; page < 8; ++page) written.push_back(rig.ask(write_kept(page + 1, 0, 'b').on_page(page)));
  rig.settle();
  for (const auto* answers : {&kept, &blocked, &written}) {
    for (const auto& answer : *answers) CHECK(status(answer) == PageStatus::ok);
  }
}

#include "routing/routed_volume.h"

#include <catch2/catch.hpp>

#include "routing/page_message.h"
#include "test/unit/routing/router_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

IoStatus status(const RouterRig::Answer& answer) {
  REQUIRE(answer->has_value());
  return (*answer)->status;
}

PageResult with_status(PageStatus status) { return {.status = status}; }

}  // namespace

// ---- splitting and gathering ------------------------------------------------------------------------------------

TEST_CASE("a read inside a local page is one request to the local pages") {
  RouterRig rig;
  const auto answer = rig.read(3, 5);
  REQUIRE(rig.local().size() == 1);
  const PageRequest& request = rig.local()[0].request;
  CHECK(request.page == PageId{ImageId{7}, PageIndex{0}});
  CHECK(request.offset == 3 * kBlockBytes);
  CHECK(request.length == 5 * kBlockBytes);
  CHECK(request.store == store_id(1));
  CHECK(request.epoch == kFirstEpoch);
  CHECK(request.origin.id == OperationId{1});
  rig.pages.sessions.answer_read();
  CHECK(status(answer) == IoStatus::ok);
  CHECK(same_bytes((*answer)->data, {pattern(3, 5)}));
  CHECK(rig.volume->counters().local_bytes == 5 * kBlockBytes);
  CHECK(rig.volume->counters().forwarded_bytes == 0);
}

TEST_CASE("a read across three members is gathered in order, however it is answered") {
  RouterRig rig;
  const auto answer = rig.read(kPageBlocks - 1, kPageBlocks + 2);
  REQUIRE(rig.local().size() == 1);
  REQUIRE(rig.at(kSecond).size() == 1);
  REQUIRE(rig.at(kThird).size() == 1);
  rig.link(kThird).answer_read();
  rig.link(kSecond).answer_read();
  CHECK_FALSE(answer->has_value());
  rig.pages.sessions.answer_read();
  CHECK(status(answer) == IoStatus::ok);
  CHECK(same_bytes((*answer)->data, {pattern(kPageBlocks - 1, kPageBlocks + 2)}));
  CHECK(rig.volume->counters().local_bytes == kBlockBytes);
  CHECK(rig.volume->counters().forwarded_bytes == (kPageBlocks + 1) * kBlockBytes);
}

TEST_CASE("a write across a border gives each owner its bytes, and its number within the operation") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks - 2, 5);
  REQUIRE(rig.local().size() == 1);
  REQUIRE(rig.at(kSecond).size() == 1);
  CHECK(rig.local()[0].request.part == 0);
  CHECK(rig.at(kSecond)[0].request.part == 1);
  CHECK(same_bytes(rig.local()[0].request.data, {pattern(kPageBlocks - 2, 2)}));
  CHECK(same_bytes(rig.at(kSecond)[0].request.data, {pattern(kPageBlocks, 3)}));
  CHECK(rig.at(kSecond)[0].request.offset == 0);
  rig.pages.sessions.answer();
  rig.link(kSecond).answer();
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("a read inside a large page is cut where a frame ends") {
  RouterRig rig(ImageOf{.pages = 3, .page_bytes = 4 * kMaxRequestBytes});
  const auto answer = rig.read(0, 2 * kMaxRequestBytes / kBlockBytes + 1);
  REQUIRE(rig.local().size() == 3);
  CHECK(rig.local()[0].request.length == kMaxRequestBytes);
  CHECK(rig.local()[2].request.length == kBlockBytes);
  rig.pages.sessions.answer_all({.data = {pattern(0, 1)}});
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("an operation with many parts has a limited number of them under way") {
  RouterRig rig(ImageOf{.pages = 300, .stores = 1});
  const auto answer = rig.submit(rig.operation(OperationKind::unmap, 0, 300 * kPageBlocks));
  std::size_t answered = 0;
  while (!answer->has_value()) {
    REQUIRE(rig.local().size() == std::min<std::size_t>(64, 300 - answered));
    rig.pages.sessions.answer();
    ++answered;
  }
  CHECK(answered == 300);
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("a window that is answered from its end is not overtaken") {
  RouterRig rig(ImageOf{.pages = 200, .stores = 1}, {.parts_in_flight = 4});
  const auto answer = rig.read(0, 200 * kPageBlocks);
  while (!answer->has_value()) {
    REQUIRE(rig.local().size() <= 4);
    rig.pages.sessions.answer_read(true);
  }
  CHECK(same_bytes((*answer)->data, {pattern(0, 200 * kPageBlocks)}));
}

TEST_CASE("the first error wins, and is told when no part is under way any more") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks - 1, kPageBlocks + 2);
  rig.link(kSecond).answer(with_status(PageStatus::no_space));
  rig.pages.sessions.answer(with_status(PageStatus::medium_error));
  CHECK_FALSE(answer->has_value());
  rig.link(kThird).answer();
  CHECK(status(answer) == IoStatus::no_space);
  CHECK((*answer)->data.empty());
  CHECK(rig.volume->counters().failed == 1);
}

TEST_CASE("a write that owners refused for its reservations gets its data back, unless a part was or may be written") {
  RouterRig rig;
  const auto refused = rig.write(kPageBlocks - 2, 5);
  rig.pages.sessions.answer(with_status(PageStatus::stale_reservation));
  rig.link(kSecond).answer(with_status(PageStatus::stale_reservation));
  CHECK(status(refused) == IoStatus::stale_reservation);
  CHECK((*refused)->detail == 0);
  CHECK(same_bytes((*refused)->data, {pattern(kPageBlocks - 2, 5)}));
  const auto partly = rig.write(kPageBlocks - 2, 5);
  rig.pages.sessions.answer(with_status(PageStatus::stale_reservation));
  rig.link(kSecond).answer();
  CHECK(status(partly) == IoStatus::stale_reservation);
  CHECK((*partly)->detail == 1);
  const auto doubtful = rig.write(kPageBlocks, 3);
  rig.links.break_link(kSecond);
  rig.links.connect(kSecond);
  rig.link(kSecond).answer(with_status(PageStatus::stale_reservation));
  CHECK(status(doubtful) == IoStatus::stale_reservation);
  CHECK((*doubtful)->detail == 1);
}

TEST_CASE("after an error no further part is started") {
  RouterRig rig(ImageOf{.pages = 9, .stores = 1}, {.parts_in_flight = 2});
  const auto answer = rig.read(0, 9 * kPageBlocks);
  rig.pages.sessions.answer(with_status(PageStatus::medium_error));
  CHECK(rig.local().size() == 1);
  rig.pages.sessions.answer_read();
  CHECK(status(answer) == IoStatus::medium_error);
}

TEST_CASE("a miscompare tells where") {
  RouterRig rig;
  Operation operation = rig.operation(OperationKind::compare_and_write, kPageBlocks, 1);
  operation.data = {pattern(0, 2)};
  const auto answer = rig.submit(std::move(operation));
  REQUIRE(rig.at(kSecond).size() == 1);
  CHECK(total_size(rig.at(kSecond)[0].request.data) == 2 * kBlockBytes);
  rig.link(kSecond).answer({.status = PageStatus::miscompare, .detail = 44});
  CHECK(status(answer) == IoStatus::miscompare);
  CHECK((*answer)->detail == 44);
}

TEST_CASE("an operation that is too old when it comes is not started") {
  RouterRig rig;
  Operation late = rig.operation(OperationKind::write, 0, 1);
  rig.world.run_for(8001ms);
  CHECK(status(rig.submit(std::move(late))) == IoStatus::owner_silent);
  CHECK(rig.local().empty());
}

TEST_CASE("what the owner found too old ends as if the owner were silent") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks, 1);
  rig.link(kSecond).answer(with_status(PageStatus::ghost));
  CHECK(status(answer) == IoStatus::owner_silent);
}

TEST_CASE("an answer from inside of submit, and another operation from inside of its completion") {
  RouterRig rig;
  rig.serve({{1, kHere}, {2, kSecond}});
  int ended = 0;
  rig.volume->submit(rig.operation(OperationKind::read, 2 * kPageBlocks, 1), [&](IoResult first) {
    CHECK(first.status == IoStatus::data_lost);
    rig.volume->submit(rig.operation(OperationKind::read, 2 * kPageBlocks, 1), [&](IoResult) { ++ended; });
    ++ended;
  });
  CHECK(ended == 2);
  CHECK(rig.volume->counters().in_progress == 0);
}

// ---- flush ------------------------------------------------------------------------------------------------------

TEST_CASE("a flush goes to every owner of the image and ends with the last") {
  RouterRig rig;
  const auto answer = rig.submit(rig.operation(OperationKind::flush, 0, 0));
  REQUIRE(rig.local().size() == 1);
  REQUIRE(rig.at(kSecond).size() == 1);
  REQUIRE(rig.at(kThird).size() == 1);
  CHECK(rig.at(kThird)[0].request.store == store_id(3));
  rig.pages.sessions.answer();
  rig.link(kSecond).answer();
  CHECK_FALSE(answer->has_value());
  rig.link(kThird).answer();
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("a flush waits for an owner that is out of reach") {
  RouterRig rig;
  rig.links.break_link(kThird);
  const auto answer = rig.submit(rig.operation(OperationKind::flush, 0, 0));
  rig.pages.sessions.answer();
  rig.link(kSecond).answer();
  rig.world.run_for(3s);
  CHECK_FALSE(answer->has_value());
  rig.links.connect(kThird);
  rig.link(kThird).answer();
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("a flush of an image with a lost store does not say that all is durable") {
  RouterRig rig;
  rig.serve({{1, kHere}, {2, kSecond}});
  const auto answer = rig.submit(rig.operation(OperationKind::flush, 0, 0));
  rig.pages.sessions.answer_all();
  rig.link(kSecond).answer_all();
  CHECK(status(answer) == IoStatus::data_lost);
}

// ---- held -------------------------------------------------------------------------------------------------------

TEST_CASE("a part whose owner has no link waits, and goes when the link is there") {
  RouterRig rig;
  rig.links.break_link(kSecond);
  const auto answer = rig.read(kPageBlocks, 1);
  CHECK(rig.volume->counters().held_now == 1);
  rig.world.run_for(2s);
  CHECK_FALSE(answer->has_value());
  rig.links.connect(kSecond);
  CHECK(rig.volume->counters().held_now == 0);
  rig.link(kSecond).answer_read();
  CHECK(status(answer) == IoStatus::ok);
  CHECK(rig.volume->counters().held == 1);
}

TEST_CASE("the rest of a volume is served while one owner is silent") {
  RouterRig rig;
  rig.links.break_link(kSecond);
  const auto held = rig.read(kPageBlocks, 1);
  const auto answer = rig.read(0, 1);
  rig.pages.sessions.answer_read();
  CHECK(status(answer) == IoStatus::ok);
  CHECK_FALSE(held->has_value());
}

TEST_CASE("a write that is held ends as owner_silent page_hold after it was issued, not after it was held") {
  RouterRig rig;
  rig.links.break_link(kSecond);
  Operation operation = rig.operation(OperationKind::write, kPageBlocks, 1);
  rig.world.run_for(3s);
  const auto answer = rig.submit(std::move(operation));
  rig.world.run_for(3900ms);
  CHECK_FALSE(answer->has_value());
  rig.world.run_for(300ms);
  CHECK(status(answer) == IoStatus::owner_silent);
  CHECK(rig.volume->counters().owner_silent == 1);
  CHECK(rig.volume->counters().held_now == 0);
}

TEST_CASE("a read that has waited long before it came here is held for as long as any other") {
  RouterRig rig;
  rig.links.break_link(kSecond);
  Operation held = rig.operation(OperationKind::read, kPageBlocks, 1);
  Operation local = rig.operation(OperationKind::read, 0, 1);
  rig.world.run_for(60s);
  const auto answer = rig.submit(std::move(held));
  const auto at_once = rig.submit(std::move(local));
  rig.pages.sessions.answer_read();
  CHECK(status(at_once) == IoStatus::ok);
  rig.world.run_for(6900ms);
  CHECK_FALSE(answer->has_value());
  rig.world.run_for(300ms);
  CHECK(status(answer) == IoStatus::owner_silent);
}

TEST_CASE("a write that is too old is not started") {
  RouterRig rig;
  Operation operation = rig.operation(OperationKind::write, 0, 1);
  rig.world.run_for(8100ms);
  CHECK(status(rig.submit(std::move(operation))) == IoStatus::owner_silent);
  CHECK(rig.local().empty());
}

TEST_CASE("nothing ticks while nothing is held") {
  RouterRig rig;
  rig.world.run_for(1s);
  CHECK_FALSE(rig.world.step());
  rig.links.break_link(kSecond);
  const auto answer = rig.read(kPageBlocks, 1);
  rig.world.run_for(8s);
  CHECK(status(answer) == IoStatus::owner_silent);
  CHECK_FALSE(rig.world.step());
}

TEST_CASE("a read on a link that breaks is asked again and is in no doubt") {
  RouterRig rig;
  const auto answer = rig.read(kPageBlocks, 1);
  rig.world.run_for(6900ms);
  rig.links.break_link(kSecond);
  rig.world.run_for(300ms);
  CHECK(status(answer) == IoStatus::owner_silent);
}

TEST_CASE("a write on a link that breaks is sent again as the same part, and ends with its answer") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks - 1, 2);
  rig.pages.sessions.answer();
  rig.links.break_link(kSecond);
  CHECK_FALSE(answer->has_value());
  rig.links.connect(kSecond);
  REQUIRE(rig.at(kSecond).size() == 1);
  CHECK(rig.at(kSecond)[0].request.part == 1);
  CHECK(rig.at(kSecond)[0].request.origin.id == OperationId{1});
  CHECK(same_bytes(rig.at(kSecond)[0].request.data, {pattern(kPageBlocks, 1)}));
  rig.link(kSecond).answer();
  CHECK(status(answer) == IoStatus::ok);  // at once: the answer ends the doubt
  CHECK(rig.volume->counters().repeated == 1);
}

TEST_CASE("a write of unknown outcome does not end before the link has been broken for settle") {
  RouterRig rig;
  Operation operation = rig.operation(OperationKind::write, kPageBlocks, 1);
  rig.world.run_for(6900ms);
  const auto answer = rig.submit(std::move(operation));
  rig.links.break_link(kSecond);
  rig.world.run_for(2400ms);
  CHECK_FALSE(answer->has_value());
  CHECK(rig.volume->counters().held_now == 0);
  rig.world.run_for(400ms);
  CHECK(status(answer) == IoStatus::owner_silent);
}

TEST_CASE("the error of one part does not hide the doubt of another") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks - 1, 2);
  rig.links.break_link(kSecond);
  rig.pages.sessions.answer(with_status(PageStatus::no_space));
  rig.world.run_for(2400ms);
  CHECK_FALSE(answer->has_value());
  rig.world.run_for(400ms);
  CHECK(status(answer) == IoStatus::no_space);
}

TEST_CASE("an answer of another member does not end the doubt about the first") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks, 1);
  rig.links.break_link(kSecond);
  rig.serve({{1, kHere}, {2, kThird}, {3, kThird}});
  REQUIRE(rig.at(kThird).size() == 1);
  rig.link(kThird).answer();
  CHECK_FALSE(answer->has_value());
  rig.world.run_for(2700ms);
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("doubt about two members is ended by time only") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks, 1);
  rig.links.break_link(kSecond);
  rig.serve({{1, kHere}, {2, kThird}, {3, kThird}});
  rig.links.break_link(kThird);
  rig.links.connect(kThird);
  rig.link(kThird).answer();
  CHECK_FALSE(answer->has_value());
  rig.world.run_for(2700ms);
  CHECK(status(answer) == IoStatus::ok);
}

// ---- where stores are -------------------------------------------------------------------------------------------

TEST_CASE("pages of a lost store end at once, and the reason is known") {
  RouterRig rig;
  rig.serve({{1, kHere}, {2, kSecond}}, {{3, "member 3 came back with another store"}});
  CHECK(status(rig.read(2 * kPageBlocks, 1)) == IoStatus::data_lost);
  CHECK(rig.volume->counters().data_lost == 1);
  using Lost = std::vector<std::pair<StoreId, std::string>>;
  CHECK(rig.volume->lost_stores() == Lost{{store_id(3), "member 3 came back with another store"}});
}

TEST_CASE("what is held ends when its store turns out to be lost") {
  RouterRig rig;
  rig.links.break_link(kThird);
  const auto answer = rig.read(2 * kPageBlocks, 1);
  rig.serve({{1, kHere}, {2, kSecond}});
  CHECK(status(answer) == IoStatus::data_lost);
}

TEST_CASE("before the first directory everything waits") {
  RouterRig rig;
  rig.router->set_directory(nullptr);
  const auto answer = rig.read(0, 1);
  CHECK_FALSE(answer->has_value());
  CHECK(rig.volume->lost_stores().empty());
  rig.serve({{1, kHere}, {2, kSecond}, {3, kThird}});
  rig.pages.sessions.answer_read();
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("an owner that says wrong_store is asked again, and the map is refreshed once a tick") {
  RouterRig rig;
  const auto first = rig.read(kPageBlocks, 1), second = rig.read(kPageBlocks, 1);
  rig.link(kSecond).answer_all(with_status(PageStatus::wrong_store));
  CHECK(rig.refreshes == 1);
  CHECK(rig.at(kSecond).empty());
  rig.world.run_for(250ms);
  CHECK(rig.at(kSecond).size() == 2);
  rig.link(kSecond).answer_read();
  rig.link(kSecond).answer(with_status(PageStatus::wrong_store));
  CHECK(rig.refreshes == 2);
  CHECK(status(first) == IoStatus::ok);
  CHECK(rig.volume->counters().wrong_store == 3);
}

TEST_CASE("a new map sends what waits to the new owner with the new epoch") {
  RouterRig rig;
  const auto answer = rig.read(kPageBlocks, 1);
  rig.link(kSecond).answer(with_status(PageStatus::wrong_store));
  RoutingContainer container = rig.volume->map()->container(0);
  container.sets = {{.primary = store_id(3)}};
  container.pages[1] = {.set = 0, .epoch = Epoch{2}};
  rig.volume->set_map(*rig.volume->map()->with_container(0, 1, encode(container)));
  REQUIRE(rig.at(kThird).size() == 1);
  CHECK(rig.at(kThird)[0].request.epoch == Epoch{2});
  CHECK(rig.at(kThird)[0].request.store == store_id(3));
  rig.link(kThird).answer_read();
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("an owner that always says wrong_store is asked until page_hold has passed") {
  RouterRig rig;
  const Time begin = rig.host.runtime().now();
  const auto answer = rig.write(kPageBlocks, 1);
  for (int i = 0; i < 100 && !answer->has_value(); ++i) {
    rig.link(kSecond).answer_all(with_status(PageStatus::wrong_store));
    rig.world.run_for(100ms);
  }
  CHECK(status(answer) == IoStatus::owner_silent);
  CHECK(rig.host.runtime().now() - begin < 7500ms);
}

// ---- lba status -------------------------------------------------------------------------------------------------

TEST_CASE("extents are told in blocks of the unit, adjacent ones of a kind as one") {
  RouterRig rig;
  const auto answer = rig.submit(rig.operation(OperationKind::lba_status, kPageBlocks - 8, 16));
  rig.link(kSecond).answer({.lba_status = {{{Lba{0}, 4}, true}, {{Lba{4}, 4}, false}}});
  rig.pages.sessions.answer({.lba_status = {{{Lba{kPageBlocks - 8}, 8}, true}}});
  CHECK(status(answer) == IoStatus::ok);
  const std::vector<LbaStatus> expected{{{Lba{kPageBlocks - 8}, 12}, true}, {{Lba{kPageBlocks + 4}, 4}, false}};
  CHECK((*answer)->lba_status == expected);
}

TEST_CASE("lba status looks at a limited number of pages") {
  RouterRig rig(ImageOf{.pages = 100, .stores = 1});
  const auto answer = rig.submit(rig.operation(OperationKind::lba_status, 1, 100 * kPageBlocks - 1));
  CHECK(rig.local().size() == kMaxLbaStatusPages);
  rig.pages.sessions.answer({.lba_status = {{{Lba{1}, kPageBlocks - 1}, false}}});
  rig.pages.sessions.answer_all({.lba_status = {{{Lba{0}, kPageBlocks}, false}}});
  CHECK((*answer)->lba_status == std::vector<LbaStatus>{{{Lba{1}, 16 * kPageBlocks - 1}, false}});
}

TEST_CASE("an owner that tells less ends the list there") {
  RouterRig rig;
  const auto answer = rig.submit(rig.operation(OperationKind::lba_status, 0, 2 * kPageBlocks));
  rig.pages.sessions.answer({.lba_status = {{{Lba{0}, 8}, true}}});
  rig.link(kSecond).answer({.lba_status = {{{Lba{0}, kPageBlocks}, true}}});
  CHECK((*answer)->lba_status == std::vector<LbaStatus>{{{Lba{0}, 8}, true}});
}

TEST_CASE("extents that are not adjacent, or reach beyond the part, are an error of the owner") {
  for (const LbaStatus& extent : {LbaStatus{{Lba{1}, 8}, true}, LbaStatus{{Lba{0}, kPageBlocks + 1}, true}}) {
    RouterRig rig;
    const auto answer = rig.submit(rig.operation(OperationKind::lba_status, 0, kPageBlocks));
    rig.pages.sessions.answer({.lba_status = {extent}});
    CHECK(status(answer) == IoStatus::failed);
  }
}

// ---- abort ------------------------------------------------------------------------------------------------------

TEST_CASE("an abort of nothing ends at once") {
  RouterRig rig;
  CHECK(*rig.abort({nexus_id(1)}));
}

TEST_CASE("an abort tells the owners, and ends after the operations that it is about") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks - 1, 2);
  const auto ended = rig.abort({nexus_id(1), OperationId{1}});
  REQUIRE(rig.pages.aborts.size() == 1);
  REQUIRE(rig.links.aborts.size() == 1);
  CHECK(rig.links.aborts[0].member == kSecond);
  CHECK(rig.links.aborts[0].selection.id == OperationId{1});
  CHECK_FALSE(*ended);
  rig.pages.sessions.answer(with_status(PageStatus::aborted));
  CHECK_FALSE(*ended);
  rig.link(kSecond).answer();  // it had been done already
  CHECK(status(answer) == IoStatus::aborted);
  CHECK(*ended);
  CHECK(rig.order == std::vector<std::string>{"operation", "abort"});
}

TEST_CASE("an abort ends what is held at once") {
  RouterRig rig;
  rig.links.break_link(kSecond);
  const auto answer = rig.write(kPageBlocks, 1);
  CHECK(*rig.abort({nexus_id(1)}));
  CHECK(status(answer) == IoStatus::aborted);
  CHECK(rig.links.aborts.empty());
}

TEST_CASE("an abort waits for a write of unknown outcome") {
  RouterRig rig;
  const auto answer = rig.write(kPageBlocks, 1);
  rig.links.break_link(kSecond);
  const auto ended = rig.abort({nexus_id(1)});
  rig.world.run_for(2400ms);
  CHECK_FALSE(*ended);
  rig.world.run_for(400ms);
  CHECK(*ended);
  CHECK(status(answer) == IoStatus::aborted);
}

TEST_CASE("an abort is not about other nexuses, generations, or what comes later") {
  RouterRig rig;
  Operation other = rig.operation(OperationKind::read, 0, 1);
  other.origin.nexus = nexus_id(2);
  const auto of_other = rig.submit(std::move(other));
  Operation next = rig.operation(OperationKind::read, 0, 1);
  next.origin.generation = Generation{2};
  const auto of_next = rig.submit(std::move(next));
  const auto answer = rig.read(0, 1);
  const auto ended = rig.abort({.nexus = nexus_id(1), .generation = Generation{1}});
  const auto later = rig.read(0, 1);
  rig.pages.sessions.answer_read();
  rig.pages.sessions.answer_read();
  rig.pages.sessions.answer(with_status(PageStatus::aborted));
  CHECK(*ended);
  CHECK(status(of_other) == IoStatus::ok);
  CHECK(status(of_next) == IoStatus::ok);
  CHECK(status(answer) == IoStatus::aborted);
  CHECK_FALSE(later->has_value());
}

TEST_CASE("a reset of the unit is told to the owners by nexus: other members' sessions use them, too") {
  RouterRig rig;
  const auto first = rig.read(kPageBlocks, 1);
  Operation other = rig.operation(OperationKind::read, kPageBlocks, 1);
  other.origin.nexus = nexus_id(2);
  const auto second = rig.submit(std::move(other));
  const auto ended = rig.abort({});
  REQUIRE(rig.links.aborts.size() == 2);
  CHECK(rig.links.aborts[0].selection.nexus == nexus_id(1));
  CHECK(rig.links.aborts[1].selection.nexus == nexus_id(2));
  rig.link(kSecond).answer_all(with_status(PageStatus::aborted));
  CHECK(*ended);
}

// ---- the router -------------------------------------------------------------------------------------------------

TEST_CASE("a fence goes here and to the members that have the image's stores") {
  RouterRig rig(ImageOf{.stores = 2});
  std::optional<FenceReport> report;
  rig.router->fence({ImageId{7}, nexus_id(1), Generation{2}}, 3s, [&](FenceReport r) { report = std::move(r); });
  REQUIRE(report);
  CHECK(report->all_confirmed());
  CHECK(rig.pages.fences.size() == 1);
  CHECK(rig.links.fenced == std::vector{kSecond});
}

TEST_CASE("a fence of an image that is not open here goes to every member") {
  RouterRig rig;
  rig.links.break_link(kThird);
  std::optional<FenceReport> report;
  rig.router->fence({ImageId{99}, nexus_id(1), Generation{2}}, 3s, [&](FenceReport r) { report = std::move(r); });
  REQUIRE(report);
  CHECK(rig.links.fenced == std::vector{kSecond, kThird});
  CHECK_FALSE(report->all_confirmed());
}

TEST_CASE("a fence below a newer one is confirmed, one that cannot be kept or told is not") {
  RouterRig rig;
  const auto confirmed = [&] {
    std::optional<FenceReport> report;
    rig.router->fence({ImageId{7}, nexus_id(1), Generation{2}}, 3s, [&](FenceReport r) { report = std::move(r); });
    REQUIRE(report);
    return report->all_confirmed();
  };
  rig.pages.fence_status = PageStatus::fenced;
  CHECK(confirmed());
  rig.pages.fence_status = PageStatus::failed;
  CHECK_FALSE(confirmed());
  rig.pages.fence_status = PageStatus::ok;
  rig.router->set_directory(nullptr);
  CHECK_FALSE(confirmed());
}

TEST_CASE("a router that goes while operations wait answers nothing and leaves nothing") {
  RouterRig rig;
  rig.links.break_link(kSecond);
  const auto held = rig.read(kPageBlocks, 1), sent = rig.read(0, 1);
  const std::weak_ptr<RoutedVolume> volume = rig.volume;
  rig.router.reset();
  rig.pages.sessions.answer_read();
  CHECK_FALSE(held->has_value());
  CHECK_FALSE(sent->has_value());
  CHECK(status(rig.read(0, 1)) == IoStatus::failed);
  rig.volume.reset();
  CHECK(volume.expired());
}

TEST_CASE("a volume that nobody holds any more finishes what it has begun") {
  RouterRig rig;
  rig.links.break_link(kSecond);
  const auto answer = rig.read(kPageBlocks, 1);
  rig.volume.reset();
  rig.links.connect(kSecond);
  rig.link(kSecond).answer_read();
  CHECK(status(answer) == IoStatus::ok);
}

// ---- at random --------------------------------------------------------------------------------------------------

TEST_CASE("whatever breaks, every operation is answered once, and nothing is under way when it is") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    RouterRig rig(ImageOf{}, {.parts_in_flight = 3});
    std::vector<RouterRig::Answer> answers;
    for (int step = 0; step < 200; ++step) {
      const MemberId member = random.below(2) ? kSecond : kThird;
      AskedPages& asked = random.below(3) ? rig.link(member) : rig.pages.sessions;
      switch (random.below(6)) {
        case 0:
        case 1: {
          const std::uint64_t first = random.below(9 * kPageBlocks - 1);
          const std::uint64_t count = 1 + random.below(std::min(9 * kPageBlocks - first, 4 * kPageBlocks));
          answers.push_back(random.below(2) ? rig.read(first, count) : rig.write(first, count));
          break;
        }
        case 2:
        case 3:
          if (asked.asked.empty()) break;
          if (random.below(10) == 0) {
            asked.answer(with_status(PageStatus::wrong_store));
          } else if (asked.asked.front().request.kind == OperationKind::read) {
            asked.answer_read();
          } else {
            asked.answer();
          }
          break;
        case 4:
          if (rig.links.up.contains(member)) {
            rig.links.break_link(member);
          } else {
            rig.links.connect(member);
          }
          break;
        case 5: rig.world.run_for(std::chrono::milliseconds(random.below(1500)));
      }
    }
    rig.links.connect(kSecond);
    rig.links.connect(kThird);
    for (int i = 0; i < 100 && rig.volume->counters().in_progress > 0; ++i) {
      for (AskedPages* asked : {&rig.pages.sessions, &rig.link(kSecond), &rig.link(kThird)}) {
        while (!asked->asked.empty()) {
          asked->asked.front().request.kind == OperationKind::read ? asked->answer_read() : asked->answer();
        }
      }
      rig.world.run_for(200ms);
    }
    REQUIRE(rig.volume->counters().in_progress == 0);
    REQUIRE(rig.volume->counters().held_now == 0);
    for (const auto& answer : answers) REQUIRE(answer->has_value());
  }
}

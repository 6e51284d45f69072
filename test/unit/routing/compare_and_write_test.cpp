// COMPARE AND WRITE of a routed volume: one request inside a page, two rounds across a border.
#include <catch2/catch.hpp>

#include "routing/page_message.h"
#include "test/unit/routing/router_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

constexpr std::uint64_t kBorder = kPageBlocks;  // between a page here and one at the second member

PageResult with_status(PageStatus status) { return {.status = status}; }

struct Rig : RouterRig {
  using RouterRig::RouterRig;

  // Compares with the pattern, and writes the pattern of blocks 100 further on.
  Operation compare(std::uint64_t first, std::uint64_t count) {
    Operation compare = operation(OperationKind::compare_and_write, first, count);
    compare.data = {pattern(first, count), pattern(first + 100, count)};
    return compare;
  }
  Answer across() { return submit(compare(kBorder - 1, 3)); }
  // Both have compared and keep their range.
  Answer compared_across() {
    const Answer answer = across();
    pages.sessions.answer();
    link(kSecond).answer();
    return answer;
  }
  bool told(MemberId member, std::uint64_t id) {
    const AbortSelection expected{nexus_id(1), OperationId{id}, Generation{1}};
    return std::ranges::any_of(member == kHere ? pages.aborts : links.aborts, [&](const AskedAbort& each) {
      return each.member == member && each.selection.id == expected.id && each.selection.nexus == expected.nexus &&
             each.selection.generation == expected.generation;
    });
  }
};

IoStatus status(const RouterRig::Answer& answer) {
  REQUIRE(answer->has_value());
  return (*answer)->status;
}

}  // namespace

// ---- two rounds -------------------------------------------------------------------------------------------------

TEST_CASE("across a border each page is compared and kept in order, then all are written at once") {
  Rig rig;
  const auto answer = rig.across();
  REQUIRE(rig.local().size() == 1);
  CHECK(rig.at(kSecond).empty());
  CHECK(rig.local()[0].request.keep);
  CHECK(rig.local()[0].request.part == 0);
  CHECK(same_bytes(rig.local()[0].request.data, {pattern(kBorder - 1, 1)}));
  rig.pages.sessions.answer();
  CHECK(rig.local().empty());
  REQUIRE(rig.at(kSecond).size() == 1);
  CHECK(rig.at(kSecond)[0].request.keep);
  CHECK(same_bytes(rig.at(kSecond)[0].request.data, {pattern(kBorder, 2)}));
  rig.link(kSecond).answer();
  REQUIRE(rig.local().size() == 1);
  REQUIRE(rig.at(kSecond).size() == 1);
  const PageRequest &first = rig.local()[0].request, &second = rig.at(kSecond)[0].request;
  CHECK_FALSE(first.keep);
  CHECK_FALSE(second.keep);
  CHECK(std::pair(first.part, second.part) == std::pair(2u, 3u));
  CHECK(std::pair(second.offset, second.length) == std::pair(0u, 2 * kBlockBytes));
  CHECK(same_bytes(first.data, {pattern(kBorder - 1, 1), pattern(kBorder + 99, 1)}));
  CHECK(same_bytes(second.data, {pattern(kBorder, 2), pattern(kBorder + 100, 2)}));
  rig.link(kSecond).answer();
  CHECK_FALSE(answer->has_value());
  rig.pages.sessions.answer();
  CHECK(status(answer) == IoStatus::ok);
  CHECK(rig.pages.aborts.empty());  // nothing is kept any more
  CHECK(rig.links.aborts.empty());
}

TEST_CASE("three pages are compared one after the other") {
  Rig rig(ImageOf{}, {.parts_in_flight = 2});
  const auto answer = rig.submit(rig.compare(kBorder - 1, kPageBlocks + 2));
  rig.pages.sessions.answer();
  CHECK(rig.at(kThird).empty());
  rig.link(kSecond).answer();
  rig.link(kThird).answer();
  CHECK(rig.at(kThird).empty());  // two under way
  rig.pages.sessions.answer();
  rig.link(kSecond).answer();
  REQUIRE(rig.at(kThird).size() == 1);
  CHECK(same_bytes(rig.at(kThird)[0].request.data,
                   {pattern(kBorder + kPageBlocks, 1), pattern(kBorder + kPageBlocks + 100, 1)}));
  rig.link(kThird).answer();
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("fua is asked of both rounds; only the one that writes heeds it") {
  Rig rig;
  Operation operation = rig.compare(kBorder - 1, 2);
  operation.fua = true;
  rig.submit(std::move(operation));
  rig.pages.sessions.answer();
  rig.link(kSecond).answer();
  CHECK(rig.local()[0].request.fua);
  CHECK(rig.at(kSecond)[0].request.fua);
}

TEST_CASE("a border between two pages of one member takes two rounds as well") {
  Rig rig(ImageOf{.stores = 1});
  const auto answer = rig.across();
  for (const bool keeps : {true, true}) {
    REQUIRE(rig.local().size() == 1);
    CHECK(rig.local()[0].request.keep == keeps);
    rig.pages.sessions.answer();
  }
  REQUIRE(rig.local().size() == 2);
  rig.pages.sessions.answer_all();
  CHECK(status(answer) == IoStatus::ok);
}

// ---- what differs -----------------------------------------------------------------------------------------------

TEST_CASE("a difference behind the border is told by its place in the whole, and lets go before the answer") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer();
  rig.link(kSecond).answer({.status = PageStatus::miscompare, .detail = 44});
  CHECK(status(answer) == IoStatus::miscompare);
  CHECK((*answer)->detail == kBlockBytes + 44);
  CHECK(rig.told(kHere, 1));
  CHECK(rig.told(kSecond, 1));
  CHECK(rig.local().empty());
}

TEST_CASE("a difference before the border ends it there") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer({.status = PageStatus::miscompare, .detail = 7});
  CHECK(status(answer) == IoStatus::miscompare);
  CHECK((*answer)->detail == 7);
  CHECK(rig.at(kSecond).empty());
  CHECK(rig.links.aborts.empty());
}

TEST_CASE("an error of a comparison changes nothing and lets go") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer();
  rig.link(kSecond).answer(with_status(PageStatus::stale_reservation));
  CHECK(status(answer) == IoStatus::stale_reservation);
  CHECK(rig.local().empty());
  CHECK(rig.told(kHere, 1));
}

TEST_CASE("a miscompare after a link broke says nothing: the first attempt may have been written") {
  Rig rig;
  const auto answer = rig.submit(rig.compare(kBorder, 1));
  rig.links.break_link(kSecond);
  rig.links.connect(kSecond);
  rig.link(kSecond).answer(with_status(PageStatus::miscompare));
  CHECK(status(answer) == IoStatus::owner_silent);
}

TEST_CASE("a miscompare of an owner that was asked again for another reason is one") {
  Rig rig;
  const auto answer = rig.submit(rig.compare(kBorder, 1));
  rig.link(kSecond).answer(with_status(PageStatus::wrong_store));
  rig.world.run_for(300ms);
  rig.link(kSecond).answer(with_status(PageStatus::miscompare));
  CHECK(status(answer) == IoStatus::miscompare);
}

// ---- links that break -------------------------------------------------------------------------------------------

TEST_CASE("a comparison whose link breaks is repeated over the next, the same part of the same operation") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer();
  rig.links.break_link(kSecond);
  rig.links.connect(kSecond);
  REQUIRE(rig.at(kSecond).size() == 1);
  CHECK(rig.at(kSecond)[0].request.keep);
  CHECK(rig.at(kSecond)[0].request.part == 1);
  rig.link(kSecond).answer();
  rig.link(kSecond).answer();
  rig.pages.sessions.answer();
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("a comparison whose link stays broken ends at page_hold: there is no doubt about what only compares") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer();
  rig.world.run_for(6500ms);
  rig.links.break_link(kSecond);
  CHECK_FALSE(answer->has_value());
  rig.world.run_for(700ms);
  CHECK(status(answer) == IoStatus::owner_silent);
  CHECK(rig.told(kHere, 1));
  CHECK(rig.local().empty());
}

TEST_CASE("nothing is written while an owner that keeps a part is out of reach") {
  Rig rig;
  const auto answer = rig.submit(rig.compare(2 * kPageBlocks - 1, 2));
  rig.link(kSecond).answer();
  rig.links.break_link(kSecond);
  rig.link(kThird).answer();
  CHECK(status(answer) == IoStatus::owner_silent);
  CHECK(rig.at(kThird).empty());
  CHECK(rig.told(kThird, 1));
}

TEST_CASE("nothing is written that begins so late that an owner may refuse it for its age") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer();
  rig.world.run_for(5600ms);
  rig.link(kSecond).answer();
  CHECK(status(answer) == IoStatus::owner_silent);
  CHECK(rig.local().empty());
  CHECK(rig.at(kSecond).empty());
  CHECK(rig.told(kHere, 1));
  CHECK(rig.told(kSecond, 1));
}

TEST_CASE("a write of the second round whose link breaks is repeated over the next") {
  Rig rig;
  const auto answer = rig.compared_across();
  rig.pages.sessions.answer();
  rig.links.break_link(kSecond);
  rig.world.run_for(4s);
  CHECK_FALSE(answer->has_value());
  rig.links.connect(kSecond);
  REQUIRE(rig.at(kSecond).size() == 1);
  CHECK(rig.at(kSecond)[0].request.part == 3);
  CHECK(same_bytes(rig.at(kSecond)[0].request.data, {pattern(kBorder, 2), pattern(kBorder + 100, 2)}));
  rig.link(kSecond).answer();
  CHECK(status(answer) == IoStatus::ok);
}

TEST_CASE("a write of the second round that cannot be repeated ends with an error, when it is settled") {
  Rig rig;
  const auto answer = rig.compared_across();
  rig.pages.sessions.answer();
  rig.world.run_for(6500ms);
  rig.links.break_link(kSecond);
  rig.world.run_for(2400ms);
  CHECK_FALSE(answer->has_value());
  rig.world.run_for(400ms);
  CHECK(status(answer) == IoStatus::owner_silent);
}

TEST_CASE("an owner that has forgotten what it kept, and differs now, leaves it half written: that is no miscompare") {
  Rig rig;
  const auto answer = rig.compared_across();
  rig.pages.sessions.answer();
  rig.link(kSecond).answer({.status = PageStatus::miscompare, .detail = 0});
  CHECK(status(answer) == IoStatus::failed);
}

TEST_CASE("an owner that has forgotten, and was perhaps written before, leaves the outcome unknown") {
  Rig rig;
  const auto answer = rig.compared_across();
  rig.pages.sessions.answer();
  rig.links.break_link(kSecond);
  rig.links.connect(kSecond);
  rig.link(kSecond).answer(with_status(PageStatus::miscompare));
  CHECK(status(answer) == IoStatus::owner_silent);
}

TEST_CASE("a reservation that is newer does not make half of it repeatable") {
  Rig rig;
  const auto answer = rig.compared_across();
  rig.pages.sessions.answer();
  rig.link(kSecond).answer(with_status(PageStatus::stale_reservation));
  CHECK(status(answer) == IoStatus::failed);
}

TEST_CASE("an error of a write is told, and what may still be kept is let go") {
  Rig rig;
  const auto answer = rig.compared_across();
  rig.link(kSecond).answer(with_status(PageStatus::no_space));
  CHECK_FALSE(answer->has_value());
  rig.pages.sessions.answer();
  CHECK(status(answer) == IoStatus::no_space);
  CHECK(rig.told(kSecond, 1));
}

// ---- abort ------------------------------------------------------------------------------------------------------

TEST_CASE("an abort while it compares ends it and lets go everywhere") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer();
  const auto ended = rig.abort({nexus_id(1), OperationId{1}});
  CHECK(rig.told(kSecond, 1));
  CHECK_FALSE(*ended);
  rig.link(kSecond).answer(with_status(PageStatus::aborted));
  CHECK(status(answer) == IoStatus::aborted);
  CHECK(*ended);
  CHECK(rig.told(kHere, 1));
  CHECK(rig.local().empty());
}

TEST_CASE("a comparison that was done before the abort reached it is not written") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer();
  const auto ended = rig.abort({nexus_id(1)});
  rig.link(kSecond).answer();
  CHECK(status(answer) == IoStatus::aborted);
  CHECK(*ended);
  CHECK(rig.local().empty());
  CHECK(rig.at(kSecond).empty());
}

TEST_CASE("an abort while it writes waits for all of it, and tells the owners of the others only") {
  Rig rig;
  const auto other = rig.write(0, 1);  // operation 1
  const auto answer = rig.across();    // operation 2
  rig.pages.sessions.answer_newest();
  rig.link(kSecond).answer();
  const auto ended = rig.abort({nexus_id(1)});
  REQUIRE(rig.pages.aborts.size() == 1);
  CHECK(rig.told(kHere, 1));
  CHECK(rig.links.aborts.empty());
  rig.pages.sessions.answer_newest();
  rig.pages.sessions.answer(with_status(PageStatus::aborted));
  CHECK(status(other) == IoStatus::aborted);
  CHECK_FALSE(*ended);
  rig.links.break_link(kSecond);
  rig.links.connect(kSecond);
  rig.link(kSecond).answer();
  CHECK(status(answer) == IoStatus::ok);
  CHECK(*ended);
}

// ---- what is refused --------------------------------------------------------------------------------------------

TEST_CASE("more than a frame can carry, and a range kept by nobody, are refused") {
  Rig rig(ImageOf{.pages = 3, .page_bytes = 4 * kMaxCompareBytes});
  CHECK(status(rig.submit(rig.compare(0, kMaxCompareBytes / kBlockBytes + 1))) == IoStatus::failed);
  Operation nobodys = rig.compare(4 * kMaxCompareBytes / kBlockBytes - 1, 2);
  nobodys.origin.nexus = {};
  CHECK(status(rig.submit(std::move(nobodys))) == IoStatus::failed);
  CHECK(rig.local().empty());
}

TEST_CASE("a router that goes between the rounds answers nothing") {
  Rig rig;
  const auto answer = rig.across();
  rig.pages.sessions.answer();
  rig.router.reset();
  rig.link(kSecond).answer();
  CHECK_FALSE(answer->has_value());
}

// ---- at random --------------------------------------------------------------------------------------------------

TEST_CASE("whatever breaks, a compare and write is answered once, writes all or tells, and keeps nothing for ever") {
  for (std::uint64_t seed = 1; seed <= 300; ++seed) {
    INFO("seed " << seed);
    SeededRandom random(seed);
    Rig rig;
    std::vector<std::pair<RouterRig::Answer, std::uint64_t>> answers;
    std::map<std::uint64_t, std::set<std::uint32_t>> written;  // operation: parts
    const auto serve = [&](AskedPages& asked) {
      const PageRequest& request = asked.asked.front().request;
      if (!request.keep) written[request.origin.id.value].insert(request.part);
      asked.answer();
    };
    for (int step = 0; step < 100; ++step) {
      const MemberId member = random.below(2) ? kSecond : kThird;
      AskedPages& asked = random.below(3) ? rig.link(member) : rig.pages.sessions;
      switch (random.below(7)) {
        case 0:
          answers.emplace_back(rig.submit(rig.compare(kPageBlocks * (1 + random.below(8)) - 1, 2)), rig.last_id);
          break;
        case 1:
        case 2:
        case 3:
          if (!asked.asked.empty()) serve(asked);
          break;
        case 4: rig.links.up.contains(member) ? rig.links.break_link(member) : rig.links.connect(member); break;
        case 5: rig.abort({nexus_id(1), OperationId{1 + random.below(rig.last_id + 1)}}); break;
        case 6: rig.world.run_for(std::chrono::milliseconds(random.below(1500)));
      }
    }
    rig.links.connect(kSecond);
    rig.links.connect(kThird);
    for (int i = 0; i < 100 && rig.volume->counters().in_progress > 0; ++i) {
      for (AskedPages* asked : {&rig.pages.sessions, &rig.link(kSecond), &rig.link(kThird)}) {
        while (!asked->asked.empty()) serve(*asked);
      }
      rig.world.run_for(200ms);
    }
    REQUIRE(rig.volume->counters().in_progress == 0);
    REQUIRE(rig.volume->counters().held_now == 0);
    for (const auto& [answer, id] : answers) {
      REQUIRE(answer->has_value());
      const std::size_t parts = written[id].size();
      if ((*answer)->status == IoStatus::ok) REQUIRE(parts == 2);
      if ((*answer)->status == IoStatus::aborted) REQUIRE(parts == 0);
    }
  }
}

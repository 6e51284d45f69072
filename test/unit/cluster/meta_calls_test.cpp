#include "cluster/meta_calls.h"

#include <fmt/format.h>

#include <catch2/catch.hpp>

#include "cluster/followed_listing.h"
#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;

namespace {

struct Calls {
  VirtualRuntime runtime;
  FakeMeta meta;
  MetaDoor door{runtime, meta};
  std::optional<MetaCalls> calls{std::in_place, runtime, door};

  std::optional<Settled> pursue(CasRequest request) {
    std::optional<Settled> settled;
    calls->pursue(std::move(request), [&](Settled result) { settled = std::move(result); });
    runtime.run_until([&] { return settled.has_value(); });
    return settled;
  }
};

std::function<Fault(int)> first(Fault fault, int count = 1) {
  return [fault, count](int call) { return call <= count ? fault : Fault::none; };
}

}  // namespace

TEST_CASE("a call of unknown outcome is repeated until it is known") {
  Calls calls;
  for (const Fault fault : {Fault::request_lost, Fault::answer_lost, Fault::late}) {
    CAPTURE(static_cast<int>(fault));
    calls.door.calls = 0;
    calls.door.fault = first(fault, fault == Fault::request_lost ? 6 : 1);
    const std::string key = "/k" + std::to_string(static_cast<int>(fault));
    const auto settled = calls.pursue({{{key, 0}}, {{key, "token"}}});
    REQUIRE(settled);
    CHECK(settled->done);
    CHECK(settled->revision == calls.meta.revision_of(key));
    calls.runtime.run_for(10s);
    CHECK(calls.meta.value(key) == "token");
  }
}

TEST_CASE("a conflict with somebody else's write tells what was found") {
  Calls calls;
  calls.meta.put("/k", "other");
  const auto settled = calls.pursue({{{"/k", 0}}, {{"/k", "mine"}}});
  REQUIRE(settled);
  CHECK_FALSE(settled->done);
  REQUIRE(settled->found);
  CHECK(settled->found->value == "other");
}

TEST_CASE("a deletion whose answer was lost is known again, and a reading from before the key is no proof of it") {
  Calls calls;
  for (int i = 0; i < 8; ++i) calls.meta.put("/other", std::to_string(i));
  calls.meta.put("/k", "value");
  const std::uint64_t revision = calls.meta.revision_of("/k");
  SECTION("answer lost") {
    calls.door.fault = first(Fault::answer_lost);
    CHECK(calls.pursue({{{"/k", revision}}, {{"/k", std::nullopt}}})->done);
    CHECK_FALSE(calls.meta.value("/k"));
  }
  SECTION("somebody else's is not taken for it") {
    calls.meta.cas({}, {{"/k", std::nullopt}});
    const auto settled = calls.pursue({{{"/k", revision}}, {{"/k", std::nullopt}}});
    CHECK_FALSE(settled->done);
    CHECK_FALSE(settled->found);
  }
  SECTION("a true conflict, read from the past") {
    calls.meta.put("/other", "changed");
    calls.door.fault = [](int call) { return call == 2 ? Fault::stale : Fault::none; };
    const auto settled = calls.pursue({{{"/k", revision}, {"/other", 1}}, {{"/k", std::nullopt}}});
    CHECK_FALSE(settled->done);
    CHECK(settled->found->value == "value");
  }
}

TEST_CASE("a longer key is not the one that was asked for") {
  Calls calls;
  calls.meta.put("/k/longer", "x");
  bool asked = false;
  calls.calls->read("/k", [&](std::optional<Entry> found) {
    asked = true;
    CHECK_FALSE(found);
  });
  calls.runtime.settle();
  CHECK(asked);
}

TEST_CASE("a listing has every page, and goes on when one is lost") {
  Calls calls;
  for (std::size_t i = 0; i < 2 * kListPage + 5; ++i) calls.meta.put(fmt::format("/p/{:05}", i), "x");
  calls.door.fault = [](int call) { return call == 2 ? Fault::request_lost : Fault::none; };
  std::optional<CompleteListing> listed;
  calls.calls->list("/p/", [&](CompleteListing listing) { listed = std::move(listing); });
  REQUIRE(calls.runtime.run_until([&] { return listed.has_value(); }));
  CHECK(listed->entries.size() == 2 * kListPage + 5);
  CHECK(std::is_sorted(listed->entries.begin(), listed->entries.end(),
                       [](const Entry& a, const Entry& b) { return a.key < b.key; }));
}

TEST_CASE("nothing completes after the end") {
  Calls calls;
  bool completed = false;
  SECTION("an answer on its way") {
    calls.calls->pursue({{{"/k", 0}}, {{"/k", "x"}}}, [&](Settled) { completed = true; });
  }
  SECTION("a pause") {
    calls.door.away = true;
    calls.calls->pursue({{{"/k", 0}}, {{"/k", "x"}}}, [&](Settled) { completed = true; });
    calls.runtime.settle();
    calls.door.away = false;
  }
  calls.calls.reset();
  calls.runtime.run_for(1min);
  CHECK_FALSE(completed);
}

TEST_CASE("pauses grow to a limit and differ") {
  SeededRandom random(1);
  BackOff back_off;
  for (int i = 0; i < 20; ++i) CHECK(back_off.next(random) <= kLongestPause);
  CHECK(back_off.next(random) >= kLongestPause / 2);
  CHECK(back_off.next(random) != back_off.next(random));
}

namespace {

struct Followed {
  VirtualRuntime runtime;
  FakeMeta meta;
  MetaDoor door{runtime, meta};
  int pictures = 0;
  ListedPicture last;
  Duration work{};  // that each picture makes
  std::optional<FollowedListing> listing;

  explicit Followed(const std::string& floor_key = "") {
    listing.emplace(runtime, door, "/p/", floor_key, FollowedListing::FirstPicture::doubtful,
                    [this](const ListedPicture& picture) {
                      ++pictures;
                      last = picture;
                      runtime.run_for(work);
                    });
  }
  std::size_t size() const { return last.entries.size(); }
};

}  // namespace

TEST_CASE("a followed listing shows changes, several in one listing") {
  Followed followed;
  followed.listing->start();
  followed.runtime.run_for(1s);
  CHECK(followed.pictures == 1);
  for (const char* key : {"/p/a", "/p/b", "/p/c", "/q"}) followed.meta.put(key, "x");
  followed.runtime.run_for(1s);
  CHECK(followed.size() == 3);
  CHECK(followed.pictures == 2);
}

TEST_CASE("a followed listing finds what no hint told of, after a while") {
  Followed followed;
  followed.door.silent = true;
  followed.listing->start();
  followed.runtime.run_for(1s);
  followed.meta.put("/p/a", "x");
  followed.runtime.run_for(kRelist * 2);
  CHECK(followed.size() == 1);
}

TEST_CASE("a first listing that was stale is put right soon, without any hint") {
  Followed followed;
  for (int i = 0; i < 8; ++i) followed.meta.put("/q", std::to_string(i));
  followed.meta.put("/p/a", "x");
  followed.door.fault = [](int call) { return call <= 1 ? Fault::stale : Fault::none; };
  followed.listing->start();
  followed.runtime.run_for(1s);
  REQUIRE(followed.pictures == 1);
  CHECK(followed.size() == 0);
  followed.runtime.run_for(kFirstRelist * 2);
  CHECK(followed.size() == 1);
}

TEST_CASE("a listing that is older than a hint is made again") {
  Followed followed;
  for (int i = 0; i < 8; ++i) followed.meta.put("/q", std::to_string(i));
  followed.listing->start();
  followed.runtime.run_for(1s);
  const int before = followed.door.calls;
  followed.door.fault = [before](int call) { return call <= before + 2 ? Fault::stale : Fault::none; };
  followed.meta.put("/p/a", "x");
  followed.runtime.run_for(5s);
  CHECK(followed.size() == 1);
  CHECK(followed.pictures == 2);
}

TEST_CASE("a picture tells whether it is at least as new as the floor") {
  Followed followed("/floor");
  followed.listing->start();
  followed.runtime.run_for(1s);
  CHECK_FALSE(followed.last.reached);
  for (int i = 0; i < 8; ++i) followed.meta.put("/floor", std::to_string(i));
  followed.listing->refresh();
  followed.runtime.run_for(1s);
  CHECK(followed.last.reached);
  followed.door.calls = 0;
  followed.door.fault = [](int call) { return call % 2 == 0 ? Fault::stale : Fault::none; };  // every listing, no floor
  followed.listing->refresh();
  followed.runtime.run_for(10s);
  CHECK_FALSE(followed.last.reached);
}

TEST_CASE("hints that go on coming do not put a listing off") {
  Followed followed;
  followed.listing->start();
  followed.runtime.run_for(1s);
  for (int i = 0; i < 100; ++i) {
    followed.meta.put("/p/a", std::to_string(i));
    followed.runtime.run_for(10ms);
  }
  CHECK(followed.pictures > 20);
}

TEST_CASE("a picture that takes long to make is not made anew for every hint") {
  Followed followed;
  followed.work = 50ms;
  followed.listing->start();
  followed.runtime.run_for(1s);
  for (int i = 0; i < 300; ++i) {
    followed.meta.put("/p/a", std::to_string(i));
    followed.runtime.run_for(10ms);
  }
  CHECK(followed.pictures >= 3);
  CHECK(followed.pictures <= 5);
}

TEST_CASE("hints do not make the listings for safety rarer") {
  Followed followed;
  followed.listing->start();
  for (int i = 0; i < 10; ++i) {
    followed.meta.put("/p/a", std::to_string(i));
    followed.runtime.run_for(1s);
  }
  followed.door.silent = true;
  followed.meta.put("/p/b", "x");
  followed.runtime.run_for(kFirstRelist * 2);
  CHECK(followed.size() == 2);
}

TEST_CASE("who asks while a listing is under way is answered after the next one") {
  Followed followed;
  followed.door.silent = true;
  followed.listing->start();
  bool answered = false;
  followed.listing->refresh([&] { answered = true; });  // the first listing has been made, its answer is on the way
  followed.meta.put("/p/a", "x");
  followed.runtime.settle();
  CHECK(followed.pictures == 1);
  CHECK_FALSE(answered);
  followed.runtime.run_for(1s);
  CHECK(answered);
  CHECK(followed.size() == 1);
}

TEST_CASE("a followed listing waits for metadata that are away") {
  Followed followed;
  followed.door.away = true;
  followed.meta.put("/p/a", "x");
  followed.listing->start();
  followed.runtime.run_for(1min);
  CHECK(followed.pictures == 0);
  followed.door.away = false;
  followed.runtime.run_for(3s);
  CHECK(followed.size() == 1);
}

#include "cluster/load/hot_pages.h"

#include <catch2/catch.hpp>
#include <map>

#include "target/base/random.h"

using namespace shoal;
using namespace shoal::load;

namespace {

constexpr ImageId kImage{5};

std::string host(InitiatorNumber number) { return number == 0 ? "" : "host" + std::to_string(number); }

// The sketch, and beside it what it would say with memory without bounds.
class Traffic {
 public:
  Traffic& to(std::uint64_t page, double units, InitiatorNumber initiator = 1) {
    sketch.add(kImage, PageIndex{page}, units, initiator);
    true_units[page] += units;
    total += units;
    return *this;
  }
  // `requests` units, one in `one_in` to pages 0..9, the rest all over `pages`.
  Traffic& skewed(int requests, std::uint64_t pages, std::uint64_t one_in, std::uint64_t seed = 1) {
    SeededRandom random(seed);
    for (int i = 0; i < requests; ++i) {
      to(random.below(one_in) == 0 ? random.below(10) : 10 + random.below(pages), 1 + random.below(3));
    }
    return *this;
  }
  Traffic& decays(double kept) {
    sketch.decay(kept);
    for (auto& [page, units] : true_units) units *= kept;
    total *= kept;
    return *this;
  }
  HotPageList list(std::size_t most = kMaxReportedPages) const { return sketch.list(most, 1, host); }
  double truth(PageIndex page) const {
    const auto found = true_units.find(page.value);
    return found == true_units.end() ? 0 : found->second;
  }

  HotPages sketch;
  std::map<std::uint64_t, double> true_units;
  double total = 0;
};

// Each figure is between the truth and the truth plus its error, and what is not listed has no more than `unlisted`.
void check_bounds(const HotPageList& list, const std::map<std::uint64_t, double>& truth) {
  constexpr double kRounding = 1e-6;
  std::map<std::uint64_t, double> unlisted = truth;
  for (const PageHeat& page : list.pages) {
    const auto found = truth.find(page.page.value);
    const double units = found == truth.end() ? 0 : found->second;
    CHECK(page.units >= units - kRounding);
    CHECK(page.units - page.error <= units + kRounding);
    unlisted.erase(page.page.value);
  }
  for (const auto& [page, units] : unlisted) {
    if (units > list.unlisted + kRounding) FAIL("page " << page << " has " << units << " and is not listed");
  }
}

std::vector<std::uint64_t> pages_of(const HotPageList& list) {
  std::vector<std::uint64_t> pages;
  for (const PageHeat& page : list.pages) pages.push_back(page.page.value);
  return pages;
}

}  // namespace

TEST_CASE("without traffic no page is hot") {
  const HotPageList list = HotPages().list(10, 1, host);
  CHECK(list.pages.empty());
  CHECK(list.unlisted == 0);
}

TEST_CASE("as long as all pages have room their figures are exact, hottest first") {
  Traffic traffic;
  traffic.to(7, 1).to(3, 5).to(9, 2).to(3, 1);
  const HotPageList list = traffic.list();
  CHECK(pages_of(list) == std::vector<std::uint64_t>{3, 9, 7});
  CHECK(list.pages[0] == PageHeat{kImage, PageIndex{3}, 6, 0, "host1"});
  CHECK(list.unlisted == 0);
}

TEST_CASE("pages that are equally hot stand in order of image and page") {
  HotPages sketch;
  for (std::uint64_t page : {4u, 2u, 9u}) {
    for (std::uint64_t image : {2u, 1u}) sketch.add(ImageId{image}, PageIndex{page}, 1, 1);
  }
  const HotPageList list = sketch.list(10, 1, host);
  CHECK(pages_of(list) == std::vector<std::uint64_t>{2, 4, 9, 2, 4, 9});
  CHECK(list.pages[2].image == ImageId{1});
  CHECK(list.pages[3].image == ImageId{2});
}

TEST_CASE("the hot ones of a hundred thousand pages are found, within the error that is stated") {
  Traffic traffic;
  traffic.skewed(200'000, 100'000, 3);
  CHECK(traffic.sketch.size() <= 2 * kHotPageCounters);
  CHECK(traffic.sketch.total() == Approx(traffic.total));
  CHECK(traffic.sketch.missed() > 0);
  CHECK(traffic.sketch.missed() <= traffic.total / kHotPageCounters);
  const HotPageList list = traffic.list();
  check_bounds(list, traffic.true_units);
  for (std::size_t i = 0; i < 10; ++i) CHECK(list.pages[i].page.value < 10);
}

TEST_CASE("the bound holds for the worst order: new pages without end, none twice") {
  Traffic traffic;
  for (std::uint64_t page = 0; page < 50'000; ++page) traffic.to(page, 1);
  CHECK(traffic.sketch.missed() <= traffic.total / kHotPageCounters);
  check_bounds(traffic.list(), traffic.true_units);
}

TEST_CASE("the bound holds while figures decay") {
  Traffic traffic;
  for (std::uint64_t second = 0; second < 30; ++second) {
    traffic.skewed(5'000, 20'000, 4, second).decays(0.87);
    CHECK(traffic.sketch.missed() <= traffic.total / kHotPageCounters);
  }
  check_bounds(traffic.list(), traffic.true_units);
}

TEST_CASE("what is not used any more is forgotten") {
  Traffic traffic;
  traffic.skewed(10'000, 5'000, 2);
  for (int second = 0; second < 300; ++second) traffic.decays(0.87);
  CHECK(traffic.sketch.size() == 0);
  CHECK(traffic.sketch.missed() == 0);
  CHECK(traffic.sketch.total() == 0);
}

TEST_CASE("pages that became hot later push out what was hot before") {
  Traffic traffic;
  for (int i = 0; i < 1000; ++i) traffic.to(1, 1);
  for (int second = 0; second < 30; ++second) traffic.decays(0.87).to(2, 50);
  CHECK(pages_of(traffic.list(1)) == std::vector<std::uint64_t>{2});
}

TEST_CASE("what a short list leaves out it bounds") {
  Traffic traffic;
  for (std::uint64_t page = 0; page < 100; ++page) traffic.to(page, 1 + static_cast<double>(page));
  const HotPageList list = traffic.list(10);
  CHECK(list.pages.size() == 10);
  CHECK(list.unlisted == 90);
  check_bounds(list, traffic.true_units);
}

TEST_CASE("every figure is scaled alike") {
  Traffic traffic;
  traffic.skewed(20'000, 10'000, 3);
  const HotPageList plain = traffic.list(8), scaled = traffic.sketch.list(8, 0.5, host);
  CHECK(scaled.unlisted == Approx(plain.unlisted / 2));
  CHECK(scaled.pages[0].units == Approx(plain.pages[0].units / 2));
  CHECK(scaled.pages[0].error == Approx(plain.pages[0].error / 2));
}

TEST_CASE("who has more than half of a page is named, in whatever order the requests come") {
  for (const bool first : {true, false}) {
    Traffic traffic;
    for (int i = 0; i < 40; ++i) traffic.to(1, 1, first ? 2 : 3).to(1, 1, first ? 4 : 2);
    for (int i = 0; i < 10; ++i) traffic.to(1, 1, 2);
    CHECK(traffic.list().pages[0].hottest_initiator == "host2");
  }
}

TEST_CASE("an initiator that left is not named any more") {
  Traffic traffic;
  traffic.to(1, 10, 7).to(2, 5, 8);
  traffic.sketch.forget(7);
  CHECK(traffic.list().pages[0].hottest_initiator.empty());
  CHECK(traffic.list().pages[1].hottest_initiator == "host8");
  traffic.to(1, 1, 9);
  CHECK(traffic.list().pages[0].hottest_initiator == "host9");
}

TEST_CASE("the same traffic gives the same list") {
  Traffic first, second;
  first.skewed(50'000, 30'000, 5);
  second.skewed(50'000, 30'000, 5);
  CHECK(first.list() == second.list());
}

TEST_CASE("the pages of a group are the sums of those of its members, their errors and bounds added") {
  Traffic one, two, three;
  one.skewed(60'000, 40'000, 4, 1);
  two.skewed(30'000, 40'000, 4, 2);
  three.to(3, 20'000, 9).to(77, 15'000, 9);
  const HotPageList merged = merge({one.list(), two.list(), three.list()}, 20);
  std::map<std::uint64_t, double> truth;
  for (const Traffic* each : {&one, &two, &three}) {
    for (const auto& [page, units] : each->true_units) truth[page] += units;
  }
  CHECK(merged.pages.size() == 20);
  check_bounds(merged, truth);
  CHECK(merged.pages[0].page == PageIndex{3});
  CHECK(merged.pages[0].hottest_initiator == "host9");
  CHECK(merged.pages[0].error == Approx(one.sketch.missed() + two.sketch.missed()));
}

TEST_CASE("to a page that a member does not list that member may have given what its list leaves open") {
  const HotPageList here{{{kImage, PageIndex{1}, 100, 2, "a"}}, 10};
  const HotPageList there{{{kImage, PageIndex{2}, 50, 1, "b"}}, 20};
  const HotPageList merged = merge({here, there}, 10);
  CHECK(merged.pages[0] == PageHeat{kImage, PageIndex{1}, 120, 22, "a"});
  CHECK(merged.pages[1] == PageHeat{kImage, PageIndex{2}, 60, 11, "b"});
  CHECK(merged.unlisted == 30);
}

TEST_CASE(
    "the order in which members are merged does not matter to the figures, and a list cut short bounds the rest") {
  Traffic one, two;
  one.skewed(5'000, 3'000, 4, 1);
  two.skewed(5'000, 3'000, 4, 2);
  const HotPageList ahead = merge({one.list(), two.list()}, 5), behind = merge({two.list(), one.list()}, 5);
  REQUIRE(pages_of(ahead) == pages_of(behind));
  CHECK(ahead.unlisted == Approx(behind.unlisted));
  CHECK(ahead.unlisted >= one.list().unlisted + two.list().unlisted);
  CHECK(merge({}, 5) == HotPageList{});
}

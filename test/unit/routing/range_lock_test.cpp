// The order of overlapping requests.
#include "routing/range_lock.h"

#include <catch2/catch.hpp>
#include <deque>

#include "target/base/random.h"
#include "test/unit/routing/store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

struct Ticket : RangeTicket {
  Ticket(char kind, std::uint32_t from, std::uint32_t to, std::uint64_t index = 0) {
    page = page_of(7, index);
    begin = from;
    end = to;
    exclusive = kind == 'w';
  }
};

std::vector<RangeTicket*> release(RangeLock& lock, RangeTicket& ticket) {
  std::vector<RangeTicket*> granted;
  lock.release(ticket, granted);
  return granted;
}

using Granted = std::vector<RangeTicket*>;

}  // namespace

TEST_CASE("writes that overlap hold in the order in which they came") {
  Ticket a('w', 0, 10), b('w', 5, 15), c('w', 9, 12);
  RangeLock lock;
  CHECK(lock.acquire(a));
  CHECK_FALSE(lock.acquire(b));
  CHECK_FALSE(lock.acquire(c));
  CHECK(release(lock, a) == Granted{&b});
  CHECK(release(lock, b) == Granted{&c});
  CHECK(release(lock, c).empty());
}

TEST_CASE("ranges that only touch, and other pages, do not wait") {
  Ticket a('w', 0, 10), b('w', 10, 20), c('w', 0, 10, 1);
  RangeLock lock;
  for (Ticket* each : {&a, &b, &c}) CHECK(lock.acquire(*each));
  for (Ticket* each : {&a, &b, &c}) release(lock, *each);
}

TEST_CASE("a ticket takes the place of another one that holds, before all who wait for it") {
  Ticket a('w', 0, 10), b('w', 5, 15), c('w', 5, 15), heir('r', 0, 0);
  RangeLock lock;
  lock.acquire(a);
  lock.acquire(b);
  lock.hand_over(a, heir);
  CHECK_FALSE(a.is_linked());
  CHECK_FALSE(lock.acquire(c));
  CHECK(heir.exclusive);
  CHECK(release(lock, heir) == Granted{&b});
  CHECK(release(lock, b) == Granted{&c});
  release(lock, c);
}

TEST_CASE("reads share, and a write waits for all of them") {
  Ticket a('r', 0, 10), b('r', 0, 10), c('w', 0, 1);
  RangeLock lock;
  CHECK(lock.acquire(a));
  CHECK(lock.acquire(b));
  CHECK_FALSE(lock.acquire(c));
  CHECK(release(lock, b).empty());
  CHECK(release(lock, a) == Granted{&c});
  release(lock, c);
}

TEST_CASE("a read does not overtake a write that waits") {
  Ticket a('r', 0, 10), b('w', 0, 10), c('r', 0, 10);
  RangeLock lock;
  lock.acquire(a);
  lock.acquire(b);
  CHECK_FALSE(lock.acquire(c));
  CHECK(release(lock, a) == Granted{&b});
  CHECK(release(lock, b) == Granted{&c});
  release(lock, c);
}

TEST_CASE("one that gives up waiting lets those behind it go") {
  Ticket a('r', 0, 10), b('w', 0, 10), c('r', 0, 10);
  RangeLock lock;
  lock.acquire(a);
  lock.acquire(b);
  lock.acquire(c);
  CHECK(release(lock, b) == Granted{&c});
  CHECK(release(lock, a).empty());
  release(lock, c);
}

TEST_CASE("whatever is asked and given back, a ticket holds exactly when nothing earlier conflicts with it") {
  for (std::uint64_t seed = 1; seed <= 50; ++seed) {
    SeededRandom random(seed);
    std::deque<Ticket> tickets;
    std::vector<RangeTicket*> present;  // in order of arrival
    RangeLock lock;
    for (int step = 0; step < 200; ++step) {
      std::vector<RangeTicket*> granted;
      if (present.empty() || random.below(2) == 0) {
        const auto from = static_cast<std::uint32_t>(random.below(40));
        const auto to = from + static_cast<std::uint32_t>(random.below(10));
        auto& ticket = tickets.emplace_back(random.below(2) ? 'w' : 'r', from, to, random.below(3));
        lock.acquire(ticket);
        present.push_back(&ticket);
      } else {
        const auto which = present.begin() + static_cast<std::ptrdiff_t>(random.below(present.size()));
        RangeTicket* ticket = *which;
        present.erase(which);
        lock.release(*ticket, granted);
      }
      for (std::size_t i = 0; i < present.size(); ++i) {
        const auto conflicts = std::count_if(present.begin(), present.begin() + static_cast<std::ptrdiff_t>(i),
                                             [&](RangeTicket* each) { return each->conflicts_with(*present[i]); });
        REQUIRE(present[i]->ahead == conflicts);
      }
      for (RangeTicket* each : granted) REQUIRE(each->ahead == 0);
    }
  }
}

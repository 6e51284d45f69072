#include "cluster/load/move_places.h"

#include <catch2/catch.hpp>

#include "test/unit/load/balancer_rig.h"

using namespace shoal;
using namespace shoal::load;

namespace {

// Member 3, which is asked for places.
struct Destination {
  Group group = Group::of({900, 600, 100});
  MovePlaces places{MemberId{3}};
  double own_cost = 100;
  double now = 0;

  std::string ask(std::uint8_t session, std::uint32_t source, double cost = 300, double source_load = 900,
                  MoveReason reason = MoveReason::over_utilised) {
    return std::string(to_string(
        places.ask(at(now), {nexus(session), MemberId{source}, reason, cost, source_load}, group.load, own_cost)));
  }
};

}  // namespace

TEST_CASE("a place is kept for fifteen seconds, and the login that it is for takes it once") {
  Destination destination;
  CHECK(destination.ask(1, 1) == "granted");
  CHECK(destination.places.take(at(14.9), nexus(2)) == std::nullopt);
  CHECK(destination.places.take(at(14.9), nexus(1)) == MemberId{1});
  CHECK(destination.places.take(at(14.9), nexus(1)) == std::nullopt);
  CHECK(destination.ask(1, 1) == "granted");
  CHECK(destination.places.take(at(15), nexus(1)) == std::nullopt);
}

TEST_CASE("a drain and orders by hand do not wait for each other") {
  Destination destination;
  for (const int nexus : {1, 2, 3}) CHECK(destination.ask(nexus, 1, 100, 900, MoveReason::drain) == "granted");
  CHECK(destination.ask(4, 1, 100, 900, MoveReason::by_hand) == "granted");
  CHECK(destination.ask(5, 1, 100) == "busy");
}

TEST_CASE("one session at a time is on its way from each member") {
  Destination destination;
  CHECK(destination.ask(1, 1, 100) == "granted");
  CHECK(destination.ask(2, 1, 100) == "busy");
  CHECK(destination.ask(3, 2, 100) == "granted");
  CHECK(destination.ask(1, 1, 100) == "granted");  // the answer was lost
  destination.places.give_up(nexus(1));
  CHECK(destination.ask(2, 1, 100) == "granted");
  destination.now = 15;
  CHECK(destination.ask(4, 1, 100) == "granted");
}

TEST_CASE("who drains, or carries too much itself, takes none") {
  Destination draining;
  draining.group.draining(3);
  CHECK(draining.ask(1, 1) == "draining");
  CHECK(draining.ask(1, 1, 300, 900, MoveReason::by_hand) == "draining");
  Destination over;
  over.group = Group::of({100, 100, 900});
  CHECK(over.ask(1, 1) == "over-utilised");
  CHECK(over.ask(1, 1, 300, 900, MoveReason::drain) == "granted");
  Destination unknown;
  unknown.group.load.members.clear();
  CHECK(unknown.ask(1, 1) == "no-room");
}

TEST_CASE("two members that had the same idea at once: the second is refused when no gain is left") {
  Destination destination;
  CHECK(destination.ask(1, 1, 450) == "granted");
  CHECK(destination.ask(2, 2, 300, 600) == "no-room");  // 100 + 450 + 300 are more than it would be relieved of
  CHECK(destination.ask(3, 2, 40, 600) == "granted");
}

TEST_CASE("what came is counted until it is measured") {
  Destination destination;
  CHECK(destination.ask(1, 1, 450) == "granted");
  CHECK(destination.places.expected_cost(at(0)) == 450);
  CHECK(destination.places.take(at(1), nexus(1)));
  CHECK(destination.places.expected_cost(at(1)) == 450);
  CHECK(destination.places.expected_cost(at(8)) == Approx(225));
  CHECK(destination.places.expected_cost(at(40)) == 0);
  destination.now = 3;
  CHECK(destination.ask(2, 2, 300, 600) == "no-room");
}

TEST_CASE("a place that nobody took is not counted") {
  Destination destination;
  CHECK(destination.ask(1, 1, 450) == "granted");
  CHECK(destination.places.expected_cost(at(15)) == 0);
}

TEST_CASE("a member of more weight has more room") {
  Destination destination;
  CHECK(destination.ask(1, 1, 900, 900) == "no-room");
  destination.group.weighs(3, 2);
  CHECK(destination.ask(1, 1, 900, 900) == "granted");
}

TEST_CASE("a move for affinity is refused only under pressure") {
  Destination over;
  over.group = Group::of({100, 100, 900});
  over.group.pressure(0.6);
  CHECK(over.ask(1, 1, 900, 100, MoveReason::affinity) == "over-utilised");
  over.group.pressure(0.5);
  CHECK(over.ask(1, 1, 900, 100, MoveReason::affinity) == "granted");
}

TEST_CASE("places are as many as their limit") {
  Destination destination;
  for (std::uint32_t i = 0; i < kMaxPlaces; ++i) {
    NexusId id = nexus(1);
    id.bytes[1] = static_cast<std::uint8_t>(i);
    CHECK(destination.places.ask(at(0), {id, MemberId{10 + i}, MoveReason::by_hand, 1, 900}, destination.group.load,
                                 100) == PlaceAnswer::granted);
  }
  CHECK(destination.ask(2, 1, 1, 900, MoveReason::by_hand) == "no-room");
}

#include "target/server/admission.h"

#include <catch2/catch.hpp>
#include <string>
#include <vector>

namespace shoal::server {
namespace {

using Numbers = std::vector<std::uint64_t>;

// Those that go, in order.
Numbers shed(Admission& admission) {
  Numbers gone;
  while (const auto number = admission.excess()) {
    gone.push_back(*number);
    admission.remove(*number);
  }
  return gone;
}

TEST_CASE("as many as the limits are let in") {
  Admission admission({.half_open = 2});
  admission.add(1, "10.0.0.1");
  admission.add(2, "10.0.0.1");
  CHECK(shed(admission).empty());
}

TEST_CASE("the address with most connections loses its oldest, whoever came last") {
  Admission admission({.half_open = 3});
  admission.add(1, "10.0.0.9");
  admission.add(2, "10.0.0.1");
  admission.add(3, "10.0.0.1");
  admission.add(4, "10.0.0.9");
  admission.add(5, "10.0.0.1");
  CHECK(shed(admission) == Numbers{2, 1});
}

TEST_CASE("an address has a limit of its own") {
  Admission admission({.half_open_per_address = 2});
  admission.add(1, "10.0.0.1");
  admission.add(2, "10.0.0.2");
  admission.add(3, "10.0.0.1");
  admission.add(4, "10.0.0.1");
  CHECK(shed(admission) == Numbers{1});
}

TEST_CASE("a login that goes on outlives ten thousand silent connections from its address") {
  Admission admission({.half_open_per_address = 256});
  admission.add(1, "10.0.0.1");
  admission.heard(1, 1, 0);
  for (std::uint64_t number = 2; number <= 10'000; ++number) {
    admission.add(number, "10.0.0.1");
    const Numbers gone = shed(admission);
    REQUIRE((gone.empty() || gone.front() != 1));
  }
  CHECK(admission.size() == 256);
}

TEST_CASE("logins that are begun and left take half the places, so that others still come in and go on") {
  Admission admission({.half_open_per_address = 4});
  for (std::uint64_t number = 1; number <= 4; ++number) {
    admission.add(number, "10.0.0.1");
    admission.heard(number, 1, 0);
  }
  admission.add(5, "10.0.0.1");
  CHECK(shed(admission) == Numbers{1});
  admission.add(6, "10.0.0.1");
  CHECK(shed(admission) == Numbers{2});
  admission.add(7, "10.0.0.1");
  CHECK(shed(admission) == Numbers{5});
  admission.heard(3, 2, 0);  // goes on
  admission.heard(6, 1, 0);
  admission.add(8, "10.0.0.1");
  CHECK(shed(admission) == Numbers{4});
}

TEST_CASE("who holds most memory goes, of the address that holds most") {
  Admission admission({.login_bytes = 100, .login_bytes_per_address = 60});
  admission.add(1, "10.0.0.1");
  admission.add(2, "10.0.0.1");
  admission.add(3, "10.0.0.2");
  admission.heard(1, 0, 10);
  admission.heard(2, 0, 45);
  CHECK(shed(admission).empty());
  admission.heard(3, 0, 50);  // in all
  CHECK(shed(admission) == Numbers{2});
  admission.heard(3, 0, 61);  // its own
  CHECK(shed(admission) == Numbers{3});
  CHECK(admission.size() == 1);
}

TEST_CASE("what has been dealt with is not held any more") {
  Admission admission({.login_bytes = 100});
  admission.add(1, "10.0.0.1");
  admission.heard(1, 0, 90);
  admission.heard(1, 1, 0);
  admission.add(2, "10.0.0.1");
  admission.heard(2, 0, 90);
  CHECK(shed(admission).empty());
}

TEST_CASE("what is said of a connection that has gone is no concern") {
  Admission admission({});
  admission.heard(7, 1, 1000);
  admission.remove(7);
  CHECK(admission.size() == 0);
  CHECK_FALSE(admission.first_to_go());
}

TEST_CASE("an address is an IPv4 address or the /64 of an IPv6 one") {
  CHECK(source_of({"10.0.0.1", 1}) == source_of({"10.0.0.1", 2}));
  CHECK(source_of({"10.0.0.1", 1}) != source_of({"10.0.0.2", 1}));
  CHECK(source_of({"fd00:1:2:3::1", 1}) == source_of({"fd00:1:2:3:4:5:6:7", 1}));
  CHECK(source_of({"fd00:1:2:3::1", 1}) != source_of({"fd00:1:2:4::1", 1}));
}

}  // namespace
}  // namespace shoal::server

#include "routing/journal_store/home_writer.h"

#include <catch2/catch.hpp>

using namespace shoal::routing::journal;

TEST_CASE("few blocks go home at once while the journal has room, and the more the fuller it is") {
  constexpr std::uint32_t kRing = 1024;
  CHECK(home_writes_at_once(0, kRing) == kFewestHomeWrites);
  CHECK(home_writes_at_once(kRing / 2, kRing) == kFewestHomeWrites);
  CHECK(home_writes_at_once(kRing * 5 / 8, kRing) == (kFewestHomeWrites + kMostHomeWrites) / 2);
  CHECK(home_writes_at_once(kRing * 3 / 4, kRing) == kMostHomeWrites);
  CHECK(home_writes_at_once(kRing - 1, kRing) == kMostHomeWrites);
  for (std::uint32_t used = 1; used < kRing; ++used) {
    REQUIRE(home_writes_at_once(used - 1, kRing) <= home_writes_at_once(used, kRing));
  }
}

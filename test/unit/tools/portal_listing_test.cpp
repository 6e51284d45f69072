#include "tools/node/portal_listing.h"

#include <catch2/catch.hpp>

using namespace shoal;
using Strings = std::vector<std::string>;

namespace {
const Endpoint kGroup{"10.0.0.1", 3260}, kOtherFabric{"10.1.0.1", 3260}, kMember{"10.0.0.1", 3261};
}

TEST_CASE("with one group portal, discovery answers just the portal that was asked") {
  CHECK(listed_portals(kGroup, {kGroup}, kMember) == Strings{"10.0.0.1:3260,1"});
}

TEST_CASE("the group portals of further fabrics come behind the one that was asked") {
  CHECK(listed_portals(kOtherFabric, {kGroup, kOtherFabric}, kMember) == Strings{"10.1.0.1:3260,1", "10.0.0.1:3260,1"});
}

TEST_CASE("a member portal is never listed, even where it was asked") {
  CHECK(listed_portals(kMember, {kGroup}, kMember) == Strings{"10.0.0.1:3260,1"});
}

TEST_CASE("a portal at every address is listed by the address that the host came to") {
  CHECK(listed_portals(kGroup, {{"0.0.0.0", 3260}}, {}) == Strings{"10.0.0.1:3260,1"});
  CHECK(listed_portals({"fd00::1", 3260}, {{"::", 3260}}, {}) == Strings{"[fd00::1]:3260,1"});
  CHECK(listed_portals(kMember, {{"0.0.0.0", 3260}}, kMember) == Strings{"10.0.0.1:3260,1"});
}

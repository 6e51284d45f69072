#include "cluster/member_signs.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::cluster;

TEST_CASE("a member stands while it is announced, and is gone when nothing is seen of it or it has restarted") {
  const auto presence = [](MemberSigns signs) { return judge(5, signs); };
  CHECK(presence({.is_self = true, .incarnation = 5}) == Presence::stands);
  CHECK(presence({.is_self = true, .incarnation = 6}) == Presence::gone);
  CHECK(presence({.incarnation = 5, .announced = true}) == Presence::stands);
  CHECK(presence({.incarnation = 4, .announced = true}) == Presence::stands);  // an old listing
  CHECK(presence({.incarnation = 6, .announced = true, .linked = true}) == Presence::gone);
  CHECK(presence({.incarnation = 5, .linked = true}) == Presence::doubtful);
  CHECK(presence({.incarnation = 5}) == Presence::gone);
  CHECK(presence({}) == Presence::gone);
}

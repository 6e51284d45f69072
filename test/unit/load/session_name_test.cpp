#include "cluster/load/session_name.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::load;

TEST_CASE("a session's name is member and number") {
  CHECK(to_string(SessionName{MemberId{2}, 17}) == "2-17");
  CHECK(parse_session_name("2-17") == SessionName{MemberId{2}, 17});
  for (const char* wrong : {"", "2", "-", "2-", "-17", "0-1", "2-x", "x-2", "2-17-3", "2--1",
                            "2-99999999999999999999999", "+2-1", " 2-1"}) {
    CHECK_FALSE(parse_session_name(wrong));
  }
}

#include "cluster/volume_access.h"

#include <catch2/catch.hpp>

#include "target/base/name_pattern.h"

using namespace shoal;
using namespace shoal::cluster;
using Catch::Contains;
using Patterns = std::vector<std::string>;

namespace {

const ChapUser kHost{"host", "/etc/shoal/host.secret"};

}  // namespace

TEST_CASE("without lists everybody may log in; with an allow list whom it names; a denial wins") {
  VolumeAccess access;
  CHECK(may_log_in(access, "iqn.x:a"));
  REQUIRE_FALSE(deny(access, "iqn.x:b*"));
  CHECK(may_log_in(access, "iqn.x:a"));
  CHECK_FALSE(may_log_in(access, "iqn.x:bad"));
  REQUIRE_FALSE(allow(access, "iqn.x:*"));
  CHECK(may_log_in(access, "iqn.x:a"));
  CHECK_FALSE(may_log_in(access, "iqn.x:bad"));
  CHECK_FALSE(may_log_in(access, "iqn.y:a"));
}

TEST_CASE("names in lists are lower case, whatever was given") {
  VolumeAccess access;
  REQUIRE_FALSE(allow(access, "IQN.X:Host-?"));
  CHECK(access.allow == Patterns{"iqn.x:host-?"});
  CHECK(may_log_in(access, "iqn.x:host-1"));
  CHECK(forget(access, "iqn.X:HOST-?"));
}

TEST_CASE("a pattern is in one list, once, and the last word counts") {
  VolumeAccess access;
  REQUIRE_FALSE(allow(access, "a"));
  REQUIRE_FALSE(allow(access, "b"));
  REQUIRE_FALSE(allow(access, "a"));
  CHECK(access.allow == Patterns{"a", "b"});
  REQUIRE_FALSE(deny(access, "a"));
  CHECK(access.allow == Patterns{"b"});
  CHECK(access.deny == Patterns{"a"});
  CHECK(forget(access, "a"));
  CHECK_FALSE(forget(access, "a"));
  CHECK(access.deny.empty());
}

TEST_CASE("what no initiator can be named is no pattern") {
  for (const char* bad : {"", "a b", "a,b", "a/b", "a'b", "a=b", "a\nb", "\xc3\xa4"}) {
    VolumeAccess access;
    CHECK_THAT(*allow(access, bad), Contains("no initiator name"));
    CHECK(deny(access, bad));
    CHECK(access == VolumeAccess{});
  }
  VolumeAccess access;
  CHECK_FALSE(allow(access, std::string(kMaxNamePatternBytes, 'a')));
  CHECK(allow(access, std::string(kMaxNamePatternBytes + 1, 'a')));
}

TEST_CASE("the lists of a volume are bounded together, and what is there can still be moved") {
  VolumeAccess access;
  for (std::size_t i = 0; i < kMaxAccessPatterns; ++i) {
    REQUIRE_FALSE((i % 2 ? allow : deny)(access, "iqn.x:" + std::to_string(i)));
  }
  CHECK_THAT(*allow(access, "iqn.x:more"), Contains("256"));
  CHECK_THAT(*deny(access, "iqn.x:more"), Contains("256"));
  CHECK_FALSE(allow(access, "iqn.x:0"));
  CHECK(is_sound(access));
}

TEST_CASE("CHAP settings need a user and an absolute path, and another file for the other direction") {
  CHECK_FALSE(check_chap({kHost, std::nullopt}));
  CHECK_FALSE(check_chap({kHost, ChapUser{"shoal", "/etc/shoal/target.secret"}}));
  CHECK_THAT(*check_chap({{"", kHost.secret_file}, {}}), Contains("initiator's user"));
  CHECK_THAT(*check_chap({{"a b", kHost.secret_file}, {}}), Contains("without blanks"));
  CHECK_THAT(*check_chap({{std::string(kMaxChapUserNameBytes + 1, 'a'), kHost.secret_file}, {}}), Contains("223"));
  CHECK_THAT(*check_chap({{"host", "host.secret"}, {}}), Contains("absolute path"));
  CHECK_THAT(*check_chap({{"host", ""}, {}}), Contains("absolute path"));
  CHECK_THAT(*check_chap({{"host", "/" + std::string(kMaxSecretPathBytes, 'a')}, {}}), Contains("absolute path"));
  CHECK_THAT(*check_chap({kHost, ChapUser{"shoal", "x"}}), Contains("mutual secret file"));
  CHECK_THAT(*check_chap({kHost, ChapUser{"shoal", kHost.secret_file}}), Contains("another file"));
}

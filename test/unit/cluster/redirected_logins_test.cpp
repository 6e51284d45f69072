#include "cluster/redirected_logins.h"

#include <catch2/catch.hpp>

#include "cluster/ignored_redirects.h"

using namespace shoal;
using namespace shoal::cluster;

namespace {
NexusName nexus(std::uint64_t isid) { return {ImageId{7}, 1, "iqn.x:host", isid}; }
constexpr Time kBegin{1000s};
}  // namespace

TEST_CASE("a redirect is remembered for as long as its session is here") {
  RedirectedLogins logins;
  const auto in_use = [](const NexusName& name) { return name.isid == 0; };
  const std::uint64_t count = 3 * RedirectedLogins::kRemembered;
  for (std::uint64_t isid = 0; isid < count; ++isid) {
    logins.learn(nexus(isid), kBegin + std::chrono::seconds(isid), in_use);
  }
  CHECK(logins.size() < 2 * RedirectedLogins::kRemembered);
  CHECK(logins.covers(nexus(0), kBegin));
  CHECK_FALSE(logins.covers(nexus(1), kBegin + 1s));
  CHECK(logins.covers(nexus(count - 1), kBegin + std::chrono::seconds(count)));
}

TEST_CASE("of very many redirects in one moment those that are not in use are forgotten, the oldest first") {
  RedirectedLogins logins;
  const auto in_use = [](const NexusName& name) { return name.isid == 0; };
  const std::uint64_t count = 2 * RedirectedLogins::kMostRemembered;
  for (std::uint64_t isid = 0; isid < count; ++isid) {
    logins.learn(nexus(isid), kBegin + std::chrono::microseconds(isid), in_use);
    if (logins.size() > RedirectedLogins::kMostRemembered) FAIL("after " << isid << " there are " << logins.size());
  }
  CHECK(logins.covers(nexus(0), kBegin));
  CHECK_FALSE(logins.covers(nexus(1), kBegin));
  CHECK(logins.covers(nexus(count - 1), kBegin));
}

TEST_CASE("redirects are told apart by the epoch of the nexus: who has arrived meanwhile has not ignored them") {
  IgnoredRedirects redirects;
  for (std::uint32_t epoch = 1; epoch < 10; ++epoch) CHECK(redirects.may_redirect(nexus(1), "h", epoch, kBegin));
  CHECK(redirects.may_redirect(nexus(1), "h", 9, kBegin + 1s));
  CHECK(redirects.may_redirect(nexus(1), "h", 9, kBegin + 2s));
  CHECK_FALSE(redirects.may_redirect(nexus(1), "h", 9, kBegin + 3s));
  CHECK_FALSE(redirects.may_redirect(nexus(1), "h", 9, kBegin + 30s));
  CHECK(redirects.may_redirect(nexus(1), "h", 9, kBegin + 31s));  // the first was longer ago than the window
  CHECK_FALSE(redirects.may_redirect(nexus(1), "h", 9, kBegin + 31s));
  CHECK(redirects.ignored() == 3);
}

TEST_CASE("hosts that are redirected are remembered in bounded memory") {
  IgnoredRedirects redirects;
  for (std::uint64_t isid = 0; isid < 3 * IgnoredRedirects::kMaxHosts; ++isid) {
    CHECK(redirects.may_redirect(nexus(isid), "h", 1, kBegin + std::chrono::milliseconds(isid)));
  }
  CHECK(redirects.size() <= IgnoredRedirects::kMaxHosts);
}

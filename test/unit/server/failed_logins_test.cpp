#include "target/server/failed_logins.h"

#include <catch2/catch.hpp>
#include <string>

namespace shoal::server {
namespace {

constexpr Time kStart{1h};

void fail(FailedLogins& logins, const SourceAddress& source, int times, Time now = kStart) {
  for (int i = 0; i < times; ++i) logins.failed(source, now);
}

TEST_CASE("an address may fail some times at once, then it waits") {
  FailedLogins logins(60);
  fail(logins, "10.0.0.1", 59);
  CHECK(logins.admit("10.0.0.1", kStart) == Duration::zero());
  fail(logins, "10.0.0.1", 1);
  CHECK(logins.admit("10.0.0.1", kStart) == 1s);
}

TEST_CASE("another address does not wait") {
  FailedLogins logins(1);
  fail(logins, "10.0.0.1", 10);
  CHECK(logins.admit("10.0.0.2", kStart) == Duration::zero());
}

TEST_CASE("those that wait have turns one after the other, and the rest are refused for now") {
  FailedLogins logins(60);
  fail(logins, "10.0.0.1", 60);
  for (const Duration turn : {1s, 2s, 3s, 4s, 5s}) CHECK(logins.admit("10.0.0.1", kStart) == turn);
  CHECK_FALSE(logins.admit("10.0.0.1", kStart).has_value());
  CHECK(logins.admit("10.0.0.1", kStart + 1s) == 5s);
}

TEST_CASE("failures are forgiven at the rate that is allowed") {
  FailedLogins logins(60);
  fail(logins, "10.0.0.1", 60);
  CHECK(logins.admit("10.0.0.1", kStart + 1s) == Duration::zero());
  fail(logins, "10.0.0.1", 1, kStart + 1s);
  CHECK(logins.admit("10.0.0.1", kStart + 1s) == 1s);
}

TEST_CASE("however many fail together, a right login from there is let in again soon") {
  FailedLogins logins(60);
  fail(logins, "10.0.0.1", 100'000);
  CHECK_FALSE(logins.admit("10.0.0.1", kStart).has_value());
  CHECK(logins.admit("10.0.0.1", kStart + kMaxLoginWait).has_value());
}

TEST_CASE("the table is bounded, and remembers who failed most") {
  FailedLogins logins(60);
  fail(logins, "worst", 60);
  for (int i = 0; i < 10'000; ++i) fail(logins, std::to_string(i), 1);
  CHECK(logins.size() <= kMaxFailedSources);
  CHECK(logins.admit("worst", kStart) == 1s);
}

}  // namespace
}  // namespace shoal::server

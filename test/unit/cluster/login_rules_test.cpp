#include <catch2/catch.hpp>

#include "test/unit/cluster/logins.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;

namespace {

const ChapSettings kChap{{"host", "/secret"}, std::nullopt};

std::optional<LoginRefusal> refusal(const LoginDecision& decision) {
  const auto* refuse = std::get_if<RefuseLogin>(&decision.what);
  return refuse ? std::optional(refuse->why) : std::nullopt;
}
RedirectTo redirect_of(const LoginDecision& decision) {
  REQUIRE(std::holds_alternative<RedirectTo>(decision.what));
  return std::get<RedirectTo>(decision.what);
}
const ChapCredentials* asked_for(const LoginDecision& decision) {
  const auto* serve = std::get_if<ServeHere>(&decision.what);
  return serve && serve->chap ? &*serve->chap : nullptr;
}

}  // namespace

TEST_CASE("a volume without lists and CHAP serves everybody") {
  Logins logins;
  const LoginDecision decision = logins.log_in();
  CHECK(std::holds_alternative<ServeHere>(decision.what));
  CHECK_FALSE(asked_for(decision));
  CHECK(logins.readings == 0);
}

TEST_CASE("whom the lists do not allow is told that there is no such target, or by policy that it is not allowed") {
  for (const auto why : {LoginRefusal::not_found, LoginRefusal::not_authorised}) {
    Logins logins({false, false, why, {}});
    logins.set({{"iqn.x:*"}, {"iqn.x:bad"}, {}});
    CHECK_FALSE(refusal(logins.log_in()));
    CHECK(refusal(logins.log_in("iqn.x:bad")) == why);
    CHECK(refusal(logins.log_in("iqn.y:host")) == why);
  }
}

TEST_CASE("whom the lists do not allow learns no address and makes nobody read a secret") {
  Logins logins;
  logins.set({{}, {"iqn.x:host"}, kChap});
  for (int turn = 0; turn < 6; ++turn) CHECK(refusal(logins.log_in()) == LoginRefusal::not_found);
  CHECK(logins.readings == 0);
}

TEST_CASE("a login that is served here is asked for the volume's CHAP") {
  Logins logins;
  logins.set({{}, {}, kChap});
  const LoginDecision decision = logins.log_in();
  REQUIRE(asked_for(decision));
  CHECK(asked_for(decision)->initiator.user == "host");
  CHECK(as_text(asked_for(decision)->initiator.secret.bytes()) == "read from /secret");
}

TEST_CASE("a member that can not read a secret says: try again, and the reason goes to the log") {
  Logins logins;
  logins.set({{}, {}, kChap});
  logins.readable = false;
  const LoginDecision decision = logins.log_in();
  CHECK(std::holds_alternative<Unavailable>(decision.what));
  CHECK_THAT(decision.reason, Catch::Contains("no such file"));
}

TEST_CASE("a redirect goes before CHAP, and after it where the site wants that") {
  Logins early, late({.redirect_after_chap = true});
  for (Logins* logins : {&early, &late}) {
    logins->set({{}, {}, kChap});
    CHECK(asked_for(logins->log_in()));  // round robin begins with this member
    CHECK(logins->readings == 1);
  }
  CHECK_FALSE(redirect_of(early.log_in()).after_chap);
  CHECK(early.readings == 1);
  REQUIRE(redirect_of(late.log_in()).after_chap);
  CHECK(late.readings == 2);

  late.set({});
  CHECK(std::holds_alternative<RedirectTo>(late.log_in().what));  // nothing to wait for: member 3's turn
  CHECK(late.readings == 2);
}

TEST_CASE("discovery is asked for the member's own CHAP, not for a volume's") {
  Logins open;
  open.set({{}, {}, kChap});
  CHECK_FALSE(asked_for(open.discover()));
  Logins closed({false, false, LoginRefusal::not_found, ChapSettings{{"looker", "/other"}, {}}});
  REQUIRE(asked_for(closed.discover()));
  CHECK(asked_for(closed.discover())->initiator.user == "looker");
  closed.readable = false;
  CHECK(std::holds_alternative<Unavailable>(closed.discover().what));
}

TEST_CASE("a host that is redirected three times within 30 s and does not arrive is served where it asks") {
  Logins logins;
  logins.log_in();  // served here: its turn
  const auto come = [&](const std::string& from) {
    return logins.decide(
        {.initiator_name = "iqn.x:host", .target_name = "iqn.2026-11.io.shoal:demo", .isid = 1, .peer = {from, 40000}});
  };
  const auto redirected = [&](const std::string& from) {
    // Round robin serves every third here: that is no answer to anybody who ignores redirects.
    for (int turn = 0; turn < 2; ++turn) {
      if (std::holds_alternative<RedirectTo>(come(from).what)) return true;
    }
    return false;
  };
  for (int turn = 0; turn < 3; ++turn) CHECK(redirected("10.0.0.1"));
  CHECK_FALSE(redirected("10.0.0.1"));
  CHECK(logins.policy->ignored_redirects() > 0);
  CHECK(redirected("10.0.0.2"));  // another host, or this one on another way
  logins.group.runtime.run_for(31s);
  CHECK(redirected("10.0.0.1"));
}

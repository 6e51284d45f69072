#include "target/server/login_answers.h"

#include <catch2/catch.hpp>

namespace shoal::server {
namespace {

using iscsi::LoginStatus;

const LogicalUnit kUnit{.target_name = "iqn.2026-01.shoal:demo", .portal_group_tag = 3};

iscsi::LoginAnswer placed(const LoginDecision& decision, bool discovery, const LogicalUnit* unit) {
  SeededRandom random(1);
  return server::placed(decision, discovery, unit, random);
}

const ChapCredentials kHost{{"host", Secret("secret")}, std::nullopt};

LoginStatus status_of(const iscsi::LoginAnswer& answer) { return std::get<iscsi::Refused>(answer).status; }

TEST_CASE("a login that is served here is told the target's portal group") {
  const auto answer = placed({ServeHere{}, ""}, false, &kUnit);
  CHECK(std::get<iscsi::Serve>(answer).portal_group_tag == 3);
}

TEST_CASE("a target that the catalog does not have is not found, whatever the policy says of the place") {
  CHECK(status_of(placed({ServeHere{}, ""}, false, nullptr)) == LoginStatus::not_found);
}

TEST_CASE("a redirect names the address without a tag, an IPv6 one in brackets") {
  const auto answer = placed({RedirectTo{{"fd00::2", 3261}}, ""}, false, &kUnit);
  CHECK(std::get<iscsi::Redirected>(answer).address == "[fd00::2]:3261");
  CHECK_FALSE(std::get<iscsi::Redirected>(answer).permanently);
}

TEST_CASE("discovery is never redirected") {
  CHECK(std::holds_alternative<iscsi::Serve>(placed({RedirectTo{{"10.0.0.2", 3261}}, ""}, true, nullptr)));
}

TEST_CASE("who must prove himself gets a challenge of his own") {
  SeededRandom random(1);
  const auto challenge = [&] {
    const auto answer = server::placed({ServeHere{kHost}, ""}, false, &kUnit, random);
    const auto& chap = std::get<iscsi::Serve>(answer).chap;
    REQUIRE(chap);
    CHECK(chap->credentials.initiator.user == "host");
    return std::pair(chap->identifier, chap->challenge);
  };
  const auto first = challenge(), second = challenge();
  CHECK(first.first != second.first);
  CHECK(first.second != second.second);
  CHECK_FALSE(std::get<iscsi::Serve>(placed({ServeHere{}, ""}, false, &kUnit)).chap);
}

TEST_CASE("an address that is not for strangers follows the proof") {
  const auto answer = placed({RedirectTo{{"10.0.0.2", 3261}, kHost}, ""}, false, &kUnit);
  const auto& serve = std::get<iscsi::Serve>(answer);
  CHECK(serve.chap);
  CHECK(serve.portal_group_tag == 3);
  REQUIRE(serve.then);
  CHECK(serve.then->address == "10.0.0.2:3261");
  const auto discovery = placed({RedirectTo{{"10.0.0.2", 3261}, kHost}, ""}, true, nullptr);
  CHECK(std::get<iscsi::Serve>(discovery).chap);
  CHECK_FALSE(std::get<iscsi::Serve>(discovery).then);
}

TEST_CASE("each refusal has its status") {
  const auto refuse = [](LoginRefusal why) { return status_of(placed({RefuseLogin{why}, ""}, false, &kUnit)); };
  CHECK(refuse(LoginRefusal::not_found) == LoginStatus::not_found);
  CHECK(refuse(LoginRefusal::not_authorised) == LoginStatus::authorization_failure);
  CHECK(refuse(LoginRefusal::removed) == LoginStatus::target_removed);
  CHECK(refuse(LoginRefusal::out_of_resources) == LoginStatus::out_of_resources);
  CHECK(status_of(placed({Unavailable{}, ""}, false, &kUnit)) == LoginStatus::service_unavailable);
}

TEST_CASE("a claim that cannot be had now is to be tried again; one of a deleted image, or one too many, is not") {
  CHECK(status_of(claimed(ClaimError::unavailable)) == LoginStatus::service_unavailable);
  CHECK(status_of(claimed(ClaimError::gone)) == LoginStatus::not_found);
  CHECK(status_of(claimed(ClaimError::exhausted)) == LoginStatus::out_of_resources);
  CHECK(std::get<iscsi::Claimed>(claimed(NexusClaim{.tsih = 9})).tsih == 9);
}

TEST_CASE("SendTargets of one name lists just that target") {
  const std::vector<TargetListing> listings{{"a", {"10.0.0.1:3260,1"}}, {"b", {"10.0.0.1:3260,1"}}};
  CHECK(target_records(listings, "").size() == 2);
  CHECK(target_records(listings, "b") == std::vector<iscsi::TargetRecord>{{"b", {"10.0.0.1:3260,1"}}});
  CHECK(target_records(listings, "c").empty());
}

}  // namespace
}  // namespace shoal::server

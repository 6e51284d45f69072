#include <catch2/catch.hpp>

#include "target/base/random.h"
#include "target/iscsi/binary_value.h"
#include "target/iscsi/login.h"
#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using namespace std::string_literals;
using test::operational_keys;
using test::operational_request;
using test::security_keys;
using test::security_request;
using test::with;
using test::without;

namespace {

// One login, told request by request; the group serves everything here unless a test says otherwise.
class Login {
 public:
  explicit Login(LoginConfig config = {}) : negotiator_(std::move(config)) {}

  LoginStep ask(const LoginRequest& request, const TextKeys& keys) {
    return negotiator_.on_request(request, to_text(keys));
  }
  LoginStep ask_text(const LoginRequest& request, const std::string& text) {
    return negotiator_.on_request(request, text);
  }
  LoginStep answer(const LoginAnswer& answer) { return negotiator_.on_answer(answer); }
  // Questions answered: served here, portal group 7, TSIH 0x1234.
  LoginStep served(const LoginRequest& request, const TextKeys& keys) {
    LoginStep step = ask(request, keys);
    while (auto* question = std::get_if<Ask>(&step)) {
      if (question->question.kind == LoginQuestion::Kind::place) {
        step = answer(Serve{7});
      } else {
        step = answer(Claimed{0x1234});
      }
    }
    return step;
  }

 private:
  LoginNegotiator negotiator_;
};

Reply reply_of(const LoginStep& step) {
  REQUIRE(std::holds_alternative<Reply>(step));
  return std::get<Reply>(step);
}
Finish finish_of(const LoginStep& step) {
  REQUIRE(std::holds_alternative<Finish>(step));
  return std::get<Finish>(step);
}
LoginStatus status_of(const LoginStep& step) {
  REQUIRE(std::holds_alternative<Refuse>(step));
  return std::get<Refuse>(step).status;
}
LoginQuestion question_of(const LoginStep& step) {
  REQUIRE(std::holds_alternative<Ask>(step));
  return std::get<Ask>(step).question;
}
std::string value(const TextKeys& keys, std::string_view key) {
  const std::string* found = keys.find(key);
  return found ? *found : "(none)";
}

// A login that goes straight to the operational stage, which is legal where nobody has to authenticate.
TextKeys direct_keys(const TextKeys& operational = operational_keys()) {
  return test::joined(without(security_keys(), "AuthMethod"), operational);
}
Finish direct(const TextKeys& operational, LoginConfig config = {}) {
  return finish_of(Login(std::move(config)).served(operational_request(), direct_keys(operational)));
}
// The answer to one more key of the operational offer.
std::string answer_to(std::string_view key, std::string_view offer) {
  return value(direct(with(operational_keys(), key, offer)).last.keys, key);
}

}  // namespace

TEST_CASE("open-iscsi's login: two stages, two questions, full feature phase") {
  Login login;
  const auto place = question_of(login.ask(security_request(), security_keys()));
  CHECK(place == LoginQuestion{.kind = LoginQuestion::Kind::place,
                               .initiator_name = std::string(test::kInitiatorName),
                               .target_name = std::string(test::kTargetName),
                               .isid = test::kIsid});

  const Reply first = reply_of(login.answer(Serve{7}));
  CHECK(first.transit);
  CHECK(first.current == Stage::security);
  CHECK(first.next == Stage::operational);
  CHECK(first.keys == TextKeys{{"TargetPortalGroupTag", "7"}, {"AuthMethod", "None"}});

  const auto claim = question_of(login.ask(operational_request(), operational_keys()));
  CHECK(claim.kind == LoginQuestion::Kind::claim);
  CHECK(claim.target_name == test::kTargetName);

  const Finish finish = finish_of(login.answer(Claimed{0x1234}));
  CHECK(finish.last.transit);
  CHECK(finish.last.next == Stage::full_feature);
  CHECK(finish.last.keys == TextKeys{{"HeaderDigest", "None"},
                                     {"DataDigest", "None"},
                                     {"MaxConnections", "1"},
                                     {"InitialR2T", "No"},
                                     {"ImmediateData", "Yes"},
                                     {"MaxBurstLength", "16776192"},
                                     {"FirstBurstLength", "262144"},
                                     {"DefaultTime2Wait", "2"},
                                     {"DefaultTime2Retain", "0"},
                                     {"MaxOutstandingR2T", "1"},
                                     {"DataPDUInOrder", "Yes"},
                                     {"DataSequenceInOrder", "Yes"},
                                     {"ErrorRecoveryLevel", "0"},
                                     {"IFMarker", "No"},
                                     {"OFMarker", "No"},
                                     {"MaxRecvDataSegmentLength", "262144"}});
  const SessionParameters& agreed = finish.agreed;
  CHECK(agreed.tsih == 0x1234);
  CHECK(agreed.portal_group_tag == 7);
  CHECK(agreed.initiator_alias == "host-1");
  CHECK(agreed.max_recv_data_segment_bytes == 262144);
  CHECK(agreed.max_send_data_segment_bytes == 262144);
  CHECK(agreed.max_burst_bytes == 16776192);
  CHECK(agreed.first_burst_bytes == 262144);
  CHECK_FALSE(agreed.initial_r2t);
  CHECK(agreed.immediate_data);
  CHECK(agreed.default_time2wait == 2);
  CHECK(agreed.default_time2retain == 0);
}

TEST_CASE("a login may begin in the operational stage when nobody has to authenticate") {
  const Finish finish = direct(operational_keys());
  CHECK(value(finish.last.keys, "TargetPortalGroupTag") == "7");
  CHECK(value(finish.last.keys, "AuthMethod") == "(none)");
}

TEST_CASE("a login may go from security to full feature phase; then the defaults hold") {
  Login login;
  const auto request = test::login_request(Stage::security, Stage::full_feature);
  const Finish finish = finish_of(login.served(request, security_keys()));
  CHECK(finish.agreed.max_recv_data_segment_bytes == 8192);
  CHECK(finish.agreed.max_send_data_segment_bytes == 8192);
  CHECK(finish.agreed.max_burst_bytes == 262144);
  CHECK(finish.agreed.first_burst_bytes == 65536);
  CHECK(finish.agreed.initial_r2t);
  CHECK(finish.agreed.max_outstanding_r2t == 1);
}

TEST_CASE("without T the stage stays, and keys may come over several requests") {
  Login login;
  auto request = operational_request();
  request.transit = false;
  const Reply first = reply_of(login.served(request, direct_keys({{"MaxBurstLength", "65536"}})));
  CHECK_FALSE(first.transit);
  CHECK(first.current == Stage::operational);
  CHECK(first.keys.contains("MaxRecvDataSegmentLength"));
  const Finish finish = finish_of(login.served(operational_request(), {{"FirstBurstLength", "262144"}}));
  CHECK(finish.last.keys == TextKeys{{"FirstBurstLength", "65536"}});  // never above MaxBurstLength; no key twice
}

TEST_CASE("text split at any byte over requests with C is one text") {
  const std::string text = to_text(direct_keys());
  for (std::size_t cut = 0; cut <= text.size(); cut += 13) {
    Login login;
    auto part = operational_request();
    part.transit = false;
    part.continued = true;
    const Reply empty = reply_of(login.ask_text(part, text.substr(0, cut)));
    CHECK(empty.keys.empty());
    CHECK_FALSE(empty.transit);
    CHECK(empty.current == Stage::operational);
    question_of(login.ask_text(operational_request(), text.substr(cut)));
    question_of(login.answer(Serve{7}));
    finish_of(login.answer(Claimed{1}));
  }
}

TEST_CASE("a discovery session needs no target, has no nexus to claim and no portal group tag") {
  Login login;
  const auto place = question_of(login.ask(security_request(), test::discovery_keys()));
  CHECK(place.discovery);
  CHECK(place.target_name.empty());
  const Reply first = reply_of(login.answer(Serve{7}));
  CHECK_FALSE(first.keys.contains("TargetPortalGroupTag"));
  const Finish finish = finish_of(login.ask(operational_request(), operational_keys()));
  CHECK(finish.agreed.discovery);
  CHECK(finish.agreed.tsih == kDiscoveryTsih);
  CHECK(value(finish.last.keys, "MaxBurstLength") == "Irrelevant");
  CHECK(value(finish.last.keys, "InitialR2T") == "Irrelevant");
  CHECK(value(finish.last.keys, "ErrorRecoveryLevel") == "0");
  CHECK(value(finish.last.keys, "HeaderDigest") == "None");
  CHECK(finish.agreed.max_send_data_segment_bytes == 262144);
}

TEST_CASE("each key is answered by its rule") {
  CHECK(answer_to("HeaderDigest", "CRC32C,None") == "CRC32C");
  CHECK(answer_to("HeaderDigest", "None,CRC32C") == "None");
  CHECK(answer_to("DataDigest", "X-other,CRC32C") == "CRC32C");
  CHECK(answer_to("DataDigest", "MD5") == "Reject");
  CHECK(answer_to("MaxConnections", "8") == "1");
  CHECK(answer_to("MaxConnections", "0") == "Reject");
  CHECK(answer_to("InitialR2T", "Yes") == "Yes");
  CHECK(answer_to("InitialR2T", "No") == "No");
  CHECK(answer_to("InitialR2T", "Maybe") == "Reject");
  CHECK(answer_to("ImmediateData", "No") == "No");
  CHECK(answer_to("MaxBurstLength", "16777215") == "16776192");
  CHECK(answer_to("MaxBurstLength", "0x10000") == "65536");
  CHECK(answer_to("MaxBurstLength", "16777216") == "Reject");
  CHECK(answer_to("FirstBurstLength", "16776192") == "262144");
  CHECK(answer_to("DefaultTime2Wait", "0") == "0");
  CHECK(answer_to("DefaultTime2Wait", "5") == "5");
  CHECK(answer_to("DefaultTime2Wait", "3601") == "Reject");
  CHECK(answer_to("DefaultTime2Retain", "20") == "0");
  CHECK(answer_to("MaxOutstandingR2T", "1") == "1");
  CHECK(answer_to("MaxOutstandingR2T", "65535") == "8");
  CHECK(answer_to("DataPDUInOrder", "No") == "Yes");
  CHECK(answer_to("DataSequenceInOrder", "No") == "Yes");
  CHECK(answer_to("ErrorRecoveryLevel", "2") == "0");
  CHECK(answer_to("ErrorRecoveryLevel", "3") == "Reject");
  CHECK(answer_to("TaskReporting", "FastAbort,RFC3720") == "RFC3720");
  CHECK(answer_to("TaskReporting", "FastAbort") == "Reject");
  CHECK(answer_to("iSCSIProtocolLevel", "2") == "1");
  CHECK(answer_to("iSCSIProtocolLevel", "0") == "0");
}

TEST_CASE("markers are answered and never fail a login") {
  CHECK(answer_to("IFMarker", "Yes") == "No");
  CHECK(answer_to("OFMarker", "Yes") == "No");
  CHECK(answer_to("IFMarkInt", "2048~8192") == "Reject");
  CHECK(answer_to("OFMarkInt", "2048") == "Reject");
}

TEST_CASE("keys of nobody are not understood, in both stages, and the login goes on") {
  CHECK(answer_to("X-com.example.feature", "on") == "NotUnderstood");
  CHECK(answer_to("X#Checksum", "1") == "NotUnderstood");
  CHECK(answer_to("Whatever", "") == "NotUnderstood");
  CHECK(answer_to("maxburstlength", "65536") == "NotUnderstood");  // names are compared exactly
  Login login;
  const Reply reply = reply_of(login.served(security_request(), with(security_keys(), "X-a.b", "c")));
  CHECK(value(reply.keys, "X-a.b") == "NotUnderstood");
  CHECK(reply.transit);
}

TEST_CASE("declared keys and answers of the initiator get no answer") {
  CHECK(answer_to("X#NodeArchitecture", "linux") == "(none)");
  CHECK_FALSE(direct(operational_keys()).last.keys.contains("InitiatorAlias"));
  CHECK(answer_to("TargetAlias", "NotUnderstood") == "(none)");
  CHECK(answer_to("X-a.b", "Irrelevant") == "(none)");
  CHECK(answer_to("MaxBurstLength", "Reject") == "(none)");
}

TEST_CASE("the target's alias is declared once, with the portal group tag") {
  LoginConfig config;
  config.target_alias = "demo volume";
  Login login(config);
  CHECK(value(reply_of(login.served(security_request(), security_keys())).keys, "TargetAlias") == "demo volume");
  CHECK_FALSE(finish_of(login.served(operational_request(), operational_keys())).last.keys.contains("TargetAlias"));
}

TEST_CASE("FirstBurstLength is bounded by MaxBurstLength, whoever speaks of which") {
  CHECK(direct({{"FirstBurstLength", "131072"}, {"MaxBurstLength", "65536"}}).agreed.first_burst_bytes == 65536);
  CHECK(direct({{"MaxBurstLength", "16384"}}).agreed.first_burst_bytes == 16384);
}

TEST_CASE("a data segment length that is none ends the login") {
  for (const char* bad : {"0", "511", "16777216", "none"}) {
    CHECK(status_of(Login().served(operational_request(), direct_keys({{"MaxRecvDataSegmentLength", bad}}))) ==
          LoginStatus::initiator_error);
  }
}

TEST_CASE("names are compared in lower case") {
  Login login;
  const auto keys = with(security_keys(), "TargetName", "IQN.2026-01.Shoal:Demo");
  CHECK(question_of(login.ask(security_request(), keys)).target_name == "iqn.2026-01.shoal:demo");
}

TEST_CASE("what must be said is missed by its name") {
  CHECK(status_of(Login().ask(security_request(), without(security_keys(), "InitiatorName"))) ==
        LoginStatus::missing_parameter);
  CHECK(status_of(Login().ask(security_request(), without(security_keys(), "TargetName"))) ==
        LoginStatus::missing_parameter);
  CHECK(status_of(Login().ask(security_request(), {})) == LoginStatus::missing_parameter);
  CHECK(status_of(Login().ask(security_request(), with(security_keys(), "InitiatorName", ""))) ==
        LoginStatus::initiator_error);
  CHECK(status_of(Login().ask(security_request(), with(security_keys(), "InitiatorName", std::string(224, 'a')))) ==
        LoginStatus::initiator_error);
  CHECK(status_of(Login().ask(security_request(), with(security_keys(), "TargetName", std::string(224, 'a')))) ==
        LoginStatus::not_found);
  CHECK(status_of(Login().ask(security_request(), with(security_keys(), "SessionType", "Other"))) ==
        LoginStatus::session_type_not_supported);
}

TEST_CASE("no common authentication method is an authentication failure") {
  Login login;
  CHECK(status_of(login.served(security_request(), with(security_keys(), "AuthMethod", "CHAP,KRB5"))) ==
        LoginStatus::authentication_failure);
  Login chap;
  CHECK(status_of(chap.served(security_request(), with(security_keys(), "CHAP_A", "5"))) ==
        LoginStatus::initiator_error);
}

namespace {

// The group serves it here, to a host that proves to be "host".
Serve serve_with_chap() {
  Serve serve{7};
  serve.chap = ChapDemand{{{"host", Secret("correct horse battery")}, std::nullopt}, 1, {}};
  return serve;
}

// A login up to the challenge.
Login challenged(Serve serve = serve_with_chap()) {
  Login login;
  question_of(login.ask(security_request(), with(security_keys(), "AuthMethod", "CHAP,None")));
  const Reply method = reply_of(login.answer(serve));
  CHECK(value(method.keys, "AuthMethod") == "CHAP");
  CHECK_FALSE(method.transit);
  const Reply challenge = reply_of(login.ask(security_request(), {{"CHAP_A", "5"}}));
  CHECK(challenge.keys.contains("CHAP_C"));
  CHECK_FALSE(challenge.transit);
  return login;
}

TextKeys proof() {
  const ChapResponse response(ChapAlgorithm::md5, 1, Secret("correct horse battery"), ChapDemand{}.challenge);
  return {{"CHAP_N", "host"}, {"CHAP_R", to_hex_constant(response.bytes())}};
}

}  // namespace

TEST_CASE("the security stage is left when CHAP has been carried through, not before") {
  Login login = challenged();
  const Reply proven = reply_of(login.ask(security_request(), proof()));
  CHECK(proven.transit);
  CHECK(proven.next == Stage::operational);
  CHECK(question_of(login.ask(operational_request(), operational_keys())).kind == LoginQuestion::Kind::claim);
}

TEST_CASE("a host that proves itself without T moves on with an empty request") {
  Login login = challenged();
  auto request = security_request();
  request.transit = false;
  CHECK_FALSE(reply_of(login.ask(request, proof())).transit);
  CHECK(reply_of(login.ask(security_request(), {})).transit);
}

TEST_CASE("a security stage in which nothing is proven is not left") {
  Login login;
  question_of(login.ask(security_request(), without(security_keys(), "AuthMethod")));
  CHECK_FALSE(reply_of(login.answer(serve_with_chap())).transit);
  CHECK(status_of(login.ask(operational_request(), operational_keys())) == LoginStatus::initiator_error);
}

TEST_CASE("libiscsi with a CHAP user that nobody asks for says once more who it is") {
  const TextKeys identity = without(security_keys(), "AuthMethod");
  const auto again = [&](std::string_view key, std::string_view value) {
    Login login;
    CHECK(reply_of(login.served(security_request(), with(security_keys(), "AuthMethod", "CHAP,None"))).transit);
    return login.ask(operational_request(), test::joined(with(identity, key, value), operational_keys()));
  };
  CHECK(question_of(again("SessionType", "Normal")).kind == LoginQuestion::Kind::claim);
  CHECK(status_of(again("SessionType", "Discovery")) == LoginStatus::initiator_error);
  CHECK(status_of(again("InitiatorName", "iqn.x:another")) == LoginStatus::initiator_error);
  CHECK(status_of(again("InitiatorAlias", "another")) == LoginStatus::initiator_error);
  CHECK(status_of(again("TargetName", "iqn.x:another")) == LoginStatus::initiator_error);
  CHECK(status_of(again("AuthMethod", "CHAP,None")) == LoginStatus::initiator_error);
}

TEST_CASE("a required CHAP refuses a wrong secret, None, and a login that begins behind it") {
  Login wrong = challenged();
  CHECK(status_of(wrong.ask(security_request(), with(proof(), "CHAP_R", "0x00"))) ==
        LoginStatus::authentication_failure);
  Login none;
  question_of(none.ask(security_request(), security_keys()));
  CHECK(status_of(none.answer(serve_with_chap())) == LoginStatus::authentication_failure);
  Login skipped;
  question_of(skipped.ask(operational_request(), direct_keys()));
  CHECK(status_of(skipped.answer(serve_with_chap())) == LoginStatus::authentication_failure);
}

TEST_CASE("CHAP goes before discovery where it is asked for") {
  Login login;
  question_of(login.ask(security_request(), with(test::discovery_keys(), "AuthMethod", "CHAP")));
  CHECK(value(reply_of(login.answer(serve_with_chap())).keys, "AuthMethod") == "CHAP");
  reply_of(login.ask(security_request(), {{"CHAP_A", "5"}}));
  CHECK(reply_of(login.ask(security_request(), proof())).transit);
  CHECK(finish_of(login.ask(operational_request(), operational_keys())).agreed.discovery);
}

TEST_CASE("an address that is not for strangers is told once the host has proven itself") {
  Serve serve = serve_with_chap();
  serve.then = Redirected{"127.0.1.2:3261"};
  Login login = challenged(serve);
  CHECK(reply_of(login.ask(security_request(), proof())).transit);
  const auto redirect = login.ask(operational_request(), operational_keys());
  REQUIRE(std::holds_alternative<Redirect>(redirect));
  CHECK(std::get<Redirect>(redirect).address == "127.0.1.2:3261");

  Login hurried = challenged(serve);
  CHECK(std::holds_alternative<Redirect>(
      hurried.ask(test::login_request(Stage::security, Stage::full_feature), proof())));
  Login stranger = challenged(serve);
  CHECK(status_of(stranger.ask(security_request(), with(proof(), "CHAP_N", "stranger"))) ==
        LoginStatus::authentication_failure);
  Login skipped;
  question_of(skipped.ask(operational_request(), direct_keys()));
  CHECK(status_of(skipped.answer(serve)) == LoginStatus::authentication_failure);
}

TEST_CASE("a version range without 0 is unsupported") {
  auto request = security_request();
  request.version_max = 2;
  CHECK(std::holds_alternative<Ask>(Login().ask(request, security_keys())));
  request.version_min = 1;
  CHECK(status_of(Login().ask(request, security_keys())) == LoginStatus::unsupported_version);
}

TEST_CASE("stages that are none, or lead nowhere, are refused") {
  const auto refused = [](LoginRequest request) {
    return status_of(Login().ask(request, security_keys())) == LoginStatus::initiator_error;
  };
  const auto request = [](Stage current, Stage next, bool transit, bool continued) {
    auto each = security_request();
    each.current = current;
    each.next = next;
    each.transit = transit;
    each.continued = continued;
    return each;
  };
  CHECK(refused(request(Stage::reserved, Stage::full_feature, true, false)));
  CHECK(refused(request(Stage::full_feature, Stage::full_feature, false, false)));
  CHECK(refused(request(Stage::security, Stage::security, true, false)));
  CHECK(refused(request(Stage::security, Stage::reserved, true, false)));
  CHECK(refused(request(Stage::operational, Stage::security, true, false)));
  CHECK(refused(request(Stage::operational, Stage::operational, true, false)));
  CHECK(refused(request(Stage::security, Stage::operational, true, true)));  // T with C
}

TEST_CASE("a later request that is not of this login is refused") {
  const auto second = [](auto change) {
    Login login;
    reply_of(login.served(security_request(), security_keys()));
    LoginRequest request = operational_request();
    change(request);
    return status_of(login.ask(request, operational_keys()));
  };
  CHECK(second([](LoginRequest& r) { r.isid ^= 1; }) == LoginStatus::initiator_error);
  CHECK(second([](LoginRequest& r) { r.tsih = 1; }) == LoginStatus::initiator_error);
  CHECK(second([](LoginRequest& r) { r.cid = 1; }) == LoginStatus::initiator_error);
  CHECK(second([](LoginRequest& r) { r.task = {2}; }) == LoginStatus::initiator_error);
  CHECK(second([](LoginRequest& r) { r.current = Stage::security; }) == LoginStatus::initiator_error);
}

TEST_CASE("a key said twice, in one request or in two, ends the login") {
  CHECK(status_of(Login().ask_text(security_request(), to_text(security_keys()) + "AuthMethod=None\0"s)) ==
        LoginStatus::initiator_error);
  Login login;
  auto request = operational_request();
  request.transit = false;
  reply_of(login.served(request, direct_keys()));
  CHECK(status_of(login.ask(operational_request(), {{"MaxBurstLength", "65536"}})) == LoginStatus::initiator_error);
}

TEST_CASE("keys out of their stage, or the target's own, end the login") {
  const auto misplaced = [](const LoginRequest& request, const TextKeys& keys) {
    return status_of(Login().ask(request, keys)) == LoginStatus::initiator_error;
  };
  CHECK(misplaced(security_request(), with(security_keys(), "MaxBurstLength", "65536")));
  CHECK(misplaced(security_request(), with(security_keys(), "MaxRecvDataSegmentLength", "65536")));
  CHECK(misplaced(security_request(), with(security_keys(), "TargetPortalGroupTag", "1")));
  CHECK(misplaced(security_request(), with(security_keys(), "TargetAddress", "1.2.3.4:3260,1")));
  CHECK(misplaced(operational_request(), with(direct_keys(), "AuthMethod", "None")));
  CHECK(misplaced(operational_request(), with(direct_keys(), "SendTargets", "All")));
  Login login;
  reply_of(login.served(security_request(), without(security_keys(), "SessionType")));
  CHECK(status_of(login.ask(operational_request(), with(operational_keys(), "SessionType", "Discovery"))) ==
        LoginStatus::initiator_error);
}

TEST_CASE("text that does not parse ends the login") {
  for (const std::string& text : {"A\0"s, "A=b"s, "=\0"s, "A=\x01\0"s, std::string(300, 'A')}) {
    CHECK(status_of(Login().ask_text(security_request(), text)) == LoginStatus::initiator_error);
  }
}

TEST_CASE("policy answers: redirected, refused, unavailable") {
  Login redirected;
  question_of(redirected.ask(security_request(), security_keys()));
  const auto step = redirected.answer(Redirected{"127.0.1.2:3261"});
  REQUIRE(std::holds_alternative<Redirect>(step));
  const auto response = response_to(security_request(), step, {{1}, {2}, {3}});
  CHECK(response.pdu.status == LoginStatus::moved_temporarily);
  CHECK_FALSE(response.pdu.transit);
  CHECK(response.pdu.tsih == 0);
  CHECK(response.text == "TargetAddress=127.0.1.2:3261\0"s);

  for (const auto status :
       {LoginStatus::authorization_failure, LoginStatus::not_found, LoginStatus::target_removed,
        LoginStatus::service_unavailable, LoginStatus::out_of_resources, LoginStatus::too_many_connections}) {
    Login login;
    question_of(login.ask(security_request(), security_keys()));
    const auto refused = login.answer(Refused{status});
    CHECK(status_of(refused) == status);
    CHECK(response_to(security_request(), refused, {}).pdu.status == status);
    CHECK(response_to(security_request(), refused, {}).text.empty());
  }
}

TEST_CASE("a nexus that cannot be claimed is refused instead of the final response") {
  Login login;
  reply_of(login.served(security_request(), security_keys()));
  question_of(login.ask(operational_request(), operational_keys()));
  CHECK(status_of(login.answer(Refused{LoginStatus::service_unavailable})) == LoginStatus::service_unavailable);
}

TEST_CASE("a login into a session that is not there is told so, after policy had its say") {
  auto request = security_request();
  request.tsih = 99;
  Login login;
  CHECK(question_of(login.ask(request, security_keys())).tsih == 99);
  CHECK(status_of(login.answer(Serve{1})) == LoginStatus::session_does_not_exist);
}

TEST_CASE("the TSIH is in the final response only") {
  Login login;
  const auto first = login.served(security_request(), security_keys());
  const auto early = response_to(security_request(), first, {{5}, {6}, {7}});
  CHECK(early.pdu.tsih == 0);
  CHECK(early.pdu.isid == test::kIsid);
  CHECK(early.pdu.task == InitiatorTaskTag{1});
  CHECK(early.pdu.transit);
  CHECK(early.pdu.next == Stage::operational);
  const auto last = login.served(operational_request(), operational_keys());
  const auto final = response_to(operational_request(), last, {{5}, {6}, {7}});
  CHECK(final.pdu.tsih == 0x1234);
  CHECK(final.pdu.current == Stage::operational);
  CHECK(final.pdu.next == Stage::full_feature);
  CHECK(final.pdu.numbering == Numbering{{5}, {6}, {7}});
  CHECK(refusal_of(security_request(), LoginStatus::invalid_during_login, {}).status ==
        LoginStatus::invalid_during_login);
}

TEST_CASE("a login that does not come to an end is bounded in requests and in text") {
  Login login;
  auto request = operational_request();
  request.transit = false;
  LoginStep step = login.served(request, direct_keys());
  unsigned requests = 1;
  while (std::holds_alternative<Reply>(step)) {
    step = login.ask(request, {});
    ++requests;
    REQUIRE(requests <= kMaxLoginRequests + 1);
  }
  CHECK(status_of(step) == LoginStatus::initiator_error);

  Login wordy;
  request.continued = true;
  std::size_t bytes = 0;
  step = wordy.ask_text(request, std::string(8192, 'A'));
  while (std::holds_alternative<Reply>(step)) {
    bytes += 8192;
    REQUIRE(bytes <= kMaxLoginTextBytes);
    step = wordy.ask_text(request, std::string(8192, 'A'));
  }
  CHECK(status_of(step) == LoginStatus::initiator_error);
}

TEST_CASE("as many unknown keys as are allowed still get an answer that fits in one login PDU") {
  TextKeys keys = without(security_keys(), "AuthMethod");
  while (keys.size() < TextLimits{}.keys) keys.add("X-" + std::to_string(keys.size()) + std::string(59, 'k'), "v");
  Login login;
  const auto step = login.served(security_request(), keys);
  CHECK(response_to(security_request(), step, {}).text.size() <= 8192);
}

TEST_CASE("any text in any order of stages ends in a step and never in a stop") {
  SeededRandom random(11);
  const TextKeys known = test::joined(security_keys(), operational_keys());
  const char* values[] = {"", "Yes", "No", "0", "1", "Reject", "None", "4294967296", "CRC32C,None", "Discovery", ",,"};
  for (int round = 0; round < 3000; ++round) {
    LoginNegotiator login({});
    for (int exchange = 0; exchange < 6; ++exchange) {
      std::string text = exchange == 0 && random.below(4) != 0 ? to_text(without(security_keys(), "AuthMethod")) : "";
      for (const auto& key : known) {
        if (random.below(4) != 0) continue;
        text += key.key + "=" + (random.below(2) ? key.value : values[random.below(std::size(values))]) + "\0"s;
      }
      if (random.below(10) == 0) text.resize(random.below(text.size() + 1));
      LoginRequest request = random.below(2) ? security_request() : operational_request();
      request.transit = random.below(2) != 0;
      request.continued = random.below(10) == 0;
      LoginStep step = login.on_request(request, text);
      while (auto* question = std::get_if<Ask>(&step)) {
        step = question->question.kind == LoginQuestion::Kind::place ? login.on_answer(Serve{1})
                                                                     : login.on_answer(Claimed{1});
      }
      CHECK(response_to(request, step, {}).text.size() <= 8192);
      if (!std::holds_alternative<Reply>(step)) break;
    }
  }
}

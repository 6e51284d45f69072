#include "target/iscsi/authenticator.h"

#include <catch2/catch.hpp>

#include "target/iscsi/binary_value.h"
#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using test::with;
using test::without;

namespace {

const Secret kSecret("correct horse battery"), kTargetSecret("staple for the other way");

ChapDemand demand(bool mutual = true) {
  ChapDemand demand{{{"host", kSecret}, std::nullopt}, 0x2a, {}};
  if (mutual) demand.credentials.target = ChapAccount{"shoal", kTargetSecret};
  for (std::size_t i = 0; i < demand.challenge.size(); ++i) demand.challenge[i] = static_cast<std::byte>(i);
  return demand;
}

// The host's right answer to that demand.
TextKeys proof(ChapAlgorithm algorithm = ChapAlgorithm::md5, const Secret& secret = kSecret) {
  const ChapResponse response(algorithm, 0x2a, secret, demand().challenge);
  return {{"CHAP_N", "host"}, {"CHAP_R", to_hex_constant(response.bytes())}};
}
TextKeys question(std::string_view challenge = "0xdeadbeef", std::string_view identifier = "200") {
  TextKeys keys = proof();
  keys.add("CHAP_I", identifier);
  keys.add("CHAP_C", challenge);
  return keys;
}

// A dialogue in the security stage: what is answered, or why it ended.
class Dialogue {
 public:
  explicit Dialogue(std::optional<ChapDemand> demand = ::demand()) {
    if (demand) authenticator_.demand(*demand);
  }
  // Up to the challenge.
  static Dialogue challenged(std::optional<ChapDemand> demand = ::demand(), std::string_view algorithms = "5") {
    Dialogue dialogue(std::move(demand));
    REQUIRE(dialogue.say({{"AuthMethod", "CHAP,None"}}) == TextKeys{{"AuthMethod", "CHAP"}});
    REQUIRE(dialogue.say({{"CHAP_A", std::string(algorithms)}}).contains("CHAP_C"));
    return dialogue;
  }

  TextKeys say(const TextKeys& keys) {
    TextKeys answers;
    refusal_ = authenticator_.on_keys(keys, answers);
    return answers;
  }
  LoginStatus refused(const TextKeys& keys) {
    const TextKeys answers = say(keys);
    CHECK(answers.empty());
    CHECK_FALSE(authenticator_.satisfied());
    return refusal_ ? refusal_->status : LoginStatus::success;
  }
  bool satisfied() const { return !refusal_ && authenticator_.satisfied(); }
  std::string why() const { return refusal_ ? refusal_->why : ""; }

 private:
  Authenticator authenticator_;
  std::optional<Authenticator::Refusal> refusal_;
};

constexpr auto kFailure = LoginStatus::authentication_failure;
constexpr auto kMalformed = LoginStatus::initiator_error;

}  // namespace

TEST_CASE("where nobody has to authenticate None is chosen, and nothing is challenged") {
  Dialogue dialogue{std::nullopt};
  CHECK(dialogue.satisfied());
  CHECK(dialogue.say({{"AuthMethod", "CHAP,None"}}) == TextKeys{{"AuthMethod", "None"}});
  CHECK(dialogue.satisfied());
  dialogue.say({{"CHAP_A", "5"}});
  CHECK_FALSE(dialogue.satisfied());
}

TEST_CASE("one-way CHAP: method, challenge, proof") {
  Dialogue dialogue;
  CHECK(dialogue.say({{"AuthMethod", "None,CHAP"}}) == TextKeys{{"AuthMethod", "CHAP"}});
  CHECK(dialogue.say({{"CHAP_A", "7,5"}}) ==
        TextKeys{{"CHAP_A", "7"},
                 {"CHAP_I", "42"},
                 {"CHAP_C", "0x000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f"}});
  CHECK_FALSE(dialogue.satisfied());
  CHECK(dialogue.say(proof(ChapAlgorithm::sha256)).empty());
  CHECK(dialogue.satisfied());
}

TEST_CASE("mutual CHAP: the target proves itself with its own user and secret, after the host has") {
  Dialogue dialogue = Dialogue::challenged();
  const ChapResponse response(ChapAlgorithm::md5, 200, kTargetSecret, as_bytes("\xde\xad\xbe\xef"));
  CHECK(dialogue.say(question()) == TextKeys{{"CHAP_N", "shoal"}, {"CHAP_R", to_hex_constant(response.bytes())}});
  CHECK(dialogue.satisfied());
}

TEST_CASE("a challenge and a response in base64 are as good") {
  Dialogue dialogue = Dialogue::challenged();
  const ChapResponse response(ChapAlgorithm::md5, 7, kTargetSecret, as_bytes("\xde\xad\xbe\xef"));
  const auto answers = dialogue.say(question("0b3q2+7w==", "0x07"));
  REQUIRE(answers.contains("CHAP_R"));
  CHECK(*answers.find("CHAP_R") == to_hex_constant(response.bytes()));
}

TEST_CASE("a host that does not ask for mutual CHAP is not made to") {
  Dialogue dialogue = Dialogue::challenged();
  CHECK(dialogue.say(proof()).empty());
  CHECK(dialogue.satisfied());
}

TEST_CASE("every algorithm carries a login") {
  for (const auto algorithm :
       {ChapAlgorithm::md5, ChapAlgorithm::sha1, ChapAlgorithm::sha256, ChapAlgorithm::sha3_256}) {
    Dialogue dialogue = Dialogue::challenged(demand(), std::to_string(static_cast<int>(algorithm)));
    dialogue.say(proof(algorithm));
    CHECK(dialogue.satisfied());
  }
}

TEST_CASE("a required CHAP refuses whoever does not offer it") {
  CHECK(Dialogue().refused({{"AuthMethod", "None"}}) == kFailure);
  CHECK(Dialogue().refused({{"AuthMethod", "KRB5,SRP"}}) == kFailure);
  CHECK(Dialogue().refused({{"AuthMethod", ""}}) == kFailure);
}

TEST_CASE("an unknown user and a wrong secret have the same answer") {
  Dialogue user = Dialogue::challenged(), secret = Dialogue::challenged(), both = Dialogue::challenged();
  CHECK(user.refused(with(proof(), "CHAP_N", "stranger")) == kFailure);
  CHECK(secret.refused(proof(ChapAlgorithm::md5, Secret("another"))) == kFailure);
  CHECK(both.refused(with(proof(ChapAlgorithm::md5, Secret("another")), "CHAP_N", "stranger")) == kFailure);
  CHECK(user.why() == secret.why());
  CHECK(both.why() == secret.why());
}

TEST_CASE("the user's name is compared whole and in its case") {
  for (const char* name : {"", "hos", "hostt", "Host", "host "}) {
    CHECK(Dialogue::challenged().refused(with(proof(), "CHAP_N", name)) == kFailure);
  }
  CHECK(Dialogue::challenged().refused(with(proof(), "CHAP_N", std::string(256, 'h'))) == kFailure);
}

TEST_CASE("a response that is none, or of another algorithm, is a failure") {
  const std::string right = *proof().find("CHAP_R");
  for (const std::string& response :
       {std::string(), std::string("0x"), right.substr(2), right + "00", right.substr(0, 32), std::string("0bAAAA"),
        std::string("Yes"), std::string(4000, '1')}) {
    CHECK(Dialogue::challenged().refused(with(proof(), "CHAP_R", response)) == kFailure);
  }
  CHECK(Dialogue::challenged().refused(proof(ChapAlgorithm::sha1)) == kFailure);
}

TEST_CASE("half a proof is a failure") {
  CHECK(Dialogue::challenged().refused(without(proof(), "CHAP_N")) == kFailure);
  CHECK(Dialogue::challenged().refused(without(proof(), "CHAP_R")) == kFailure);
  CHECK(Dialogue::challenged().refused(with(proof(), "CHAP_R", "Reject")) == kFailure);
  CHECK(Dialogue::challenged().refused(without(question(), "CHAP_R")) == kFailure);
}

TEST_CASE("no algorithm in common is a failure") {
  for (const char* list : {"", "4", "1,2,3", "MD5"}) {
    Dialogue dialogue;
    dialogue.say({{"AuthMethod", "CHAP"}});
    CHECK(dialogue.refused({{"CHAP_A", list}}) == kFailure);
  }
}

TEST_CASE("a mutual challenge that is not whole, not binary, too long or no octet is a failure") {
  const auto refused = [](const TextKeys& keys) { return Dialogue::challenged().refused(keys) == kFailure; };
  CHECK(refused(without(question(), "CHAP_I")));
  CHECK(refused(without(question(), "CHAP_C")));
  CHECK(refused(question("deadbeef")));
  CHECK(refused(question("0x")));
  CHECK(refused(question("0x" + std::string(2050, '1'))));
  CHECK(refused(question("0xdeadbeef", "256")));
  CHECK(refused(question("0xdeadbeef", "-1")));
  CHECK(refused(question("0xdeadbeef", "")));
  Dialogue longest = Dialogue::challenged();
  longest.say(question("0x" + std::string(2048, '1'), "255"));
  CHECK(longest.satisfied());
}

TEST_CASE("our own challenge does not come back as the host's, in whatever writing") {
  const std::string ours = to_hex_constant(demand().challenge);
  CHECK(Dialogue::challenged().refused(question(ours)) == kFailure);
  CHECK(Dialogue::challenged().refused(question("0bAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=")) == kFailure);
}

TEST_CASE("one secret for both directions is refused") {
  ChapDemand same = demand();
  same.credentials.target->secret = Secret("correct horse battery");
  CHECK(Dialogue::challenged(same).refused(question()) == kFailure);
}

TEST_CASE("a mutual challenge where the target has no user of its own is a failure") {
  CHECK(Dialogue::challenged(demand(false)).refused(question()) == kFailure);
}

TEST_CASE("a wrong host learns nothing of the target's secret") {
  Dialogue dialogue = Dialogue::challenged();
  CHECK(dialogue.refused(with(question(), "CHAP_R", "0x00112233445566778899aabbccddeeff")) == kFailure);
}

TEST_CASE("steps that are early, late or repeated end the login") {
  CHECK(Dialogue().refused({{"CHAP_A", "5"}}) == kMalformed);
  CHECK(Dialogue().refused({{"AuthMethod", "CHAP"}, {"CHAP_A", "5"}}) == kMalformed);
  CHECK(Dialogue().refused(proof()) == kMalformed);
  Dialogue early;
  early.say({{"AuthMethod", "CHAP"}});
  CHECK(early.refused(proof()) == kMalformed);
  Dialogue hasty;
  hasty.say({{"AuthMethod", "CHAP"}});
  CHECK(hasty.refused(with(proof(), "CHAP_A", "5")) == kMalformed);
  CHECK(Dialogue::challenged().refused({{"CHAP_A", "5"}}) == kMalformed);
  CHECK(Dialogue::challenged().refused(with(proof(), "AuthMethod", "None")) == kMalformed);
  Dialogue done = Dialogue::challenged();
  done.say(proof());
  REQUIRE(done.satisfied());
  done.say(proof());
  CHECK_FALSE(done.satisfied());
}

TEST_CASE("a request without keys of the authentication changes nothing") {
  Dialogue dialogue = Dialogue::challenged();
  CHECK(dialogue.say({}).empty());
  CHECK(dialogue.say({{"X-other", "1"}, {"CHAP_N", "NotUnderstood"}}).empty());
  CHECK_FALSE(dialogue.satisfied());
  dialogue.say(proof());
  CHECK(dialogue.satisfied());
}

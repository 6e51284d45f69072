#include "cluster/nexus_record.h"

#include <catch2/catch.hpp>

#include "cluster/session_messages.h"

using namespace shoal;
using namespace shoal::cluster;

namespace {
const NexusName kName{ImageId{12}, 1, "iqn.2026-11.host:a", 0x00023d000000};
const NexusMemory kMemory{{3, 17}, {{0x2a, 0x03}, {0x2a, 0x05}}};
constexpr Claimant kClaimant{MemberId{2}, 5, 77};
}  // namespace

TEST_CASE("a nexus has one key, whatever the initiator calls itself") {
  CHECK(nexus_key(kName) == "/s/000000000000000c/1/iqn.2026-11.host:a/00023d000000");
  for (const std::string& initiator : {std::string("iqn.x"), std::string("a/b"), std::string("%"),
                                       std::string("\xff\0\n", 3), std::string("Gro\xc3\x9f"), std::string(223, '/')}) {
    const NexusName name{ImageId{~0ull}, 65535, initiator, 0xffffffffffff};
    CHECK(nexus_of_key(nexus_key(name)) == name);
  }
  CHECK(gate_of_key(gate_key(ImageId{12})) == ImageId{12});
  CHECK_FALSE(gate_of_key(nexus_key(kName)));
  CHECK_FALSE(nexus_of_key(gate_key(ImageId{12})));
}

TEST_CASE("a key that this version does not write names no nexus") {
  for (const char* key :
       {"", "/s/", "/s/000000000000000c/1/x", "/s/c/1/x/00023d000000", "/s/000000000000000c/01/x/00023d000000",
        "/s/000000000000000c/1/%/00023d000000", "/s/000000000000000c/1/%zz/00023d000000",
        "/s/000000000000000c/1/%78/00023d000000", "/s/000000000000000c/1/x/00023D000000",
        "/s/000000000000000c/1/x/00023d000000/", "/v/000000000000000c/1/x/00023d000000"}) {
    CAPTURE(key);
    CHECK_FALSE(nexus_of_key(key));
  }
}

TEST_CASE("records and gates survive their JSON, and rubbish is none") {
  const NexusRecord record{kName, MemberId{}, MemberId{1}, 9, 4, ~0ull, MemberId{2}};
  CHECK(decode_nexus(nexus_key(kName), encode(record)) == record);
  const std::string without_place = R"({"member":3,"not_at":0,"epoch":9,"incarnation":4,"token":1})";
  CHECK(decode_nexus(nexus_key(kName), without_place) == NexusRecord{kName, MemberId{3}, {}, 9, 4, 1});
  const ImageGate gate{2, 8, 5};
  CHECK(decode_gate(encode(gate)) == gate);
  for (const char* text : {"", "{", "[]", "{}", "null", R"({"member":"x"})", R"({"records":1})"}) {
    CHECK_FALSE(decode_nexus(nexus_key(kName), text));
    CHECK_FALSE(decode_gate(text));
  }
}

TEST_CASE("a claim of a nexus that nobody holds makes a record above every epoch that was removed") {
  const auto plan = plan_claim(kName, std::nullopt, ImageGate{2, 8, 5}, kClaimant);
  REQUIRE(plan);
  CHECK(plan->record == NexusRecord{kName, MemberId{2}, {}, 9, 5, 77});
  CHECK(plan->gate == ImageGate{3, 8, 77});
  CHECK(plan->expel == Expel::nobody);
}

TEST_CASE("a claim of a nexus that is held raises its epoch and leaves the gate alone") {
  struct Row {
    MemberId holder;
    Expel expel;
  };
  for (const Row& row :
       {Row{MemberId{1}, Expel::holder}, Row{MemberId{2}, Expel::owners}, Row{MemberId{}, Expel::nobody}}) {
    const auto plan = plan_claim(kName, NexusRecord{kName, row.holder, {}, 4, 1, 1}, ImageGate{}, kClaimant);
    REQUIRE(plan);
    CHECK(plan->record.epoch == 5);
    CHECK(plan->record.member == MemberId{2});
    CHECK_FALSE(plan->gate);
    CHECK(plan->expel == row.expel);
  }
}

TEST_CASE("without a gate there is no image to claim") {
  CHECK_FALSE(plan_claim(kName, std::nullopt, std::nullopt, kClaimant));
}

TEST_CASE("a removal keeps the highest epoch and never counts below nothing") {
  const NexusRecord record{kName, MemberId{2}, {}, 9, 5, 77};
  CHECK(gate_after_removal(record, {3, 4, 0}, 1) == ImageGate{2, 9, 1});
  CHECK(gate_after_removal(record, {3, 40, 0}, 1) == ImageGate{2, 40, 1});
  CHECK(gate_after_removal(record, {0, 0, 0}, 1).records == 0);
}

TEST_CASE("a record that moves takes along what its host has not been told") {
  const NexusRecord moved{kName, MemberId{}, MemberId{2}, 5, 1, 99, {}, kMemory};
  CHECK(decode_nexus(nexus_key(kName), encode(moved)) == moved);
  const auto plan = plan_claim(kName, moved, ImageGate{}, kClaimant);
  REQUIRE(plan);
  CHECK(plan->memory == kMemory);
  CHECK_FALSE(plan->record.memory);
}

TEST_CASE("a memory that can not be read, or is beyond any that is written, is none") {
  CHECK(decode_memory(encode(kMemory)) == kMemory);
  CHECK(decode_memory(encode(NexusMemory{})) == NexusMemory{});
  NexusMemory much = kMemory;
  much.waiting.resize(kMaxRemembered);
  CHECK(decode_memory(encode(much)) == much);
  much.waiting.resize(kMaxRemembered + 1);
  CHECK_FALSE(decode_memory(encode(much)));
  for (const char* text : {"", "{}", "[]", "7", R"({"term":1,"serial":2})", R"({"term":1,"serial":2,"waiting":[[41]]})",
                           R"({"term":1,"serial":"x","waiting":[]})"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_memory(text));
  }
}

TEST_CASE("session messages survive the wire, and what can not be read promises nothing") {
  const SessionRequest end = EndRequest{kName, 7}, idle = ReleaseIdleRequest{ImageId{12}};
  const SessionRequest moved = MovedRequest{NexusRecord{kName, MemberId{}, MemberId{2}, 5, 1, 99, MemberId{3}}, 13};
  const SessionRequest redirected = RedirectedRequest{kName}, placed = PlacedRequest{kName, MemberId{2}};
  CHECK(decode_session_request(encode(moved)) == moved);
  CHECK(decode_session_request(encode(end)) == end);
  CHECK(decode_session_request(encode(idle)) == idle);
  CHECK(decode_session_request(encode(redirected)) == redirected);
  CHECK(decode_session_request(encode(placed)) == placed);
  for (const EndReply& reply : {EndReply{EndAnswer::ended}, EndReply{EndAnswer::ended, kMemory},
                                EndReply{EndAnswer::unknown}, EndReply{EndAnswer::newer}}) {
    CHECK(decode_end_reply(encode(reply)) == reply);
  }
  CHECK(decode_live(encode_live(3)) == 3u);
  for (const char* text :
       {"", "{", "[]", "{}", R"({"end":"/s/x","epoch":1})", R"({"placed":"/s/x","at":1})", R"({"epoch":1})",
        R"({"release_idle":-1})", R"({"moved":"/s/x","record":"{}","revision":1})", R"({"redirected":"/s/x"})",
        R"({"redirected":7})", R"({"end":"/s/000000000000000c/1/x/00023d000000","epoch":4294967296})"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_session_request(text));
    CHECK(decode_end_reply(text) == EndReply{});
    CHECK_FALSE(decode_live(text));
  }
}

#include "tools/node/move_order.h"

#include <catch2/catch.hpp>

#include "tools/node/member_drain.h"
#include "tools/node/move_messages.h"

using namespace shoal;
using Catch::Contains;
using nlohmann::json;

namespace {
const NexusName kNexus{ImageId{12}, 1, "iqn.x:host", 0x23d000000};

std::string wrong(const std::string& body) {
  const auto order = parse_move_order(body);
  return order ? "" : order.error();
}
}  // namespace

TEST_CASE("an order to move names a member and a way, or leaves both to the group") {
  CHECK(*parse_move_order("") == MoveOrder{});
  CHECK(*parse_move_order(R"({"to":3,"force":true})") == MoveOrder{.to = MemberId{3}, .force = true});
  CHECK(parse_move_order(R"({"polite":true})")->how == server::Departure::polite);
  CHECK(parse_move_order(R"({"polite":false,"how":"logout"})")->how == server::Departure::logout);
}

TEST_CASE("a wrong order to move is told what is wrong") {
  CHECK_THAT(wrong("nonsense"), Contains("JSON object"));
  for (const char* to : {R"({"to":-1})", R"({"to":"3"})", R"({"to":1024})", R"({"to":4294967297})"}) {
    CHECK_THAT(wrong(to), Contains("member's id"));
  }
  CHECK_THAT(wrong(R"({"how":"gone"})"), Contains("close or logout or polite"));
  CHECK_THAT(wrong(R"({"polite":1})"), Contains("\"polite\": expected true or false"));
  CHECK_THAT(wrong(R"({"colour":"red"})"), Contains("unknown key \"colour\""));
}

TEST_CASE("messages of moves survive the wire, and what can not be read is none") {
  const MoveOrder order{MemberId{3}, server::Departure::logout, true, load::MoveReason::drain};
  const MoveMessage messages[] = {OrderMove{17, order}, KeepPlace{kNexus, load::MoveReason::over_utilised, 12.5, 80},
                                  GiveUpPlace{kNexus}, Arrived{kNexus}};
  for (const MoveMessage& message : messages) CHECK(decode_move_message(encode(message)) == message);
  for (const char* text : {"", "[]", "{}", R"({"order":-1})", R"({"order":"17"})", R"({"order":1,"how":7})",
                           R"({"keep":"/s/x","reason":"drain"})", R"({"arrived":7})", R"({"give_up":"/s/"})"}) {
    CAPTURE(text);
    CHECK_FALSE(decode_move_message(text));
  }
}

TEST_CASE("a place is kept only by who says so in words that are understood") {
  using load::PlaceAnswer;
  for (const auto answer : {PlaceAnswer::granted, PlaceAnswer::draining, PlaceAnswer::over_utilised,
                            PlaceAnswer::no_room, PlaceAnswer::busy}) {
    CHECK(decode_place_answer(encode(answer)) == answer);
  }
  for (const char* text : {"", "{}", R"({"place":"yes"})", R"({"place":1})"}) {
    CHECK(decode_place_answer(text) == PlaceAnswer::no_room);
  }
}

TEST_CASE("an order to drain is a member and perhaps force") {
  CHECK(parse_member_id("1023") == MemberId{1023});
  for (const char* text : {"", "0", "-1", "1024", "x", "1x", "99999999999"}) CHECK_FALSE(parse_member_id(text));
  CHECK(*parse_drain_order("drain", "") == DrainOrder{true, false});
  CHECK(*parse_drain_order("drain", R"({"force":true})") == DrainOrder{true, true});
  CHECK(*parse_drain_order("undrain", "") == DrainOrder{false, false});
  CHECK_THAT(parse_drain_order("drain", R"({"force":1})").error(), Contains("true or false"));
  CHECK_THAT(parse_drain_order("drain", R"({"to":1})").error(), Contains("unknown key \"to\""));
  for (const DrainOrder& order : {DrainOrder{true, true}, DrainOrder{false, false}}) {
    CHECK(decode_drain_order(encode(order)) == order);
  }
  for (const char* text : {"", "{}", R"({"drain":true})", R"({"drain":1,"force":false})"}) {
    CHECK_FALSE(decode_drain_order(text));
  }
}

TEST_CASE("what became of a move is told in milliseconds since it began, and a failed one by its text") {
  MoveResult result;
  result.text = "session 2-17 is at member 3";
  result.record = {
      .session = {MemberId{2}, 17}, .nexus = kNexus, .volume = "demo", .from = MemberId{2}, .to = MemberId{3}};
  result.record.placed = 1500us;
  const json body = json::parse(to_response(result).body);
  CHECK(body.at("id") == "2-17");
  CHECK(body.at("placed_ms") == 1.5);
  CHECK(body.at("arrived_ms").is_null());
  CHECK(body.at("message") == result.text);
  result.status = 503;
  CHECK(to_response(result).status == 503);
  CHECK(json::parse(to_response(result).body) == json{{"error", result.text}});
}

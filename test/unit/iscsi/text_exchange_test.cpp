#include <catch2/catch.hpp>

#include "target/iscsi/discovery.h"
#include "target/iscsi/text_exchange.h"
#include "test/support/initiator_pdus.h"

using namespace shoal;
using namespace shoal::iscsi;
using namespace std::string_literals;

namespace {

SessionParameters discovery_session() {
  SessionParameters parameters;
  parameters.discovery = true;
  return parameters;
}
SessionParameters normal_session() {
  SessionParameters parameters;
  parameters.target_name = std::string(test::kTargetName);
  return parameters;
}

TextReply reply_of(const TextStep& step) {
  REQUIRE(std::holds_alternative<TextReply>(step));
  return std::get<TextReply>(step);
}
std::string text_of(const TextReply& reply) { return std::string(as_text(reply.text.bytes())); }
RejectReason reason_of(const TextStep& step) {
  REQUIRE(std::holds_alternative<TextReject>(step));
  return std::get<TextReject>(step).reason;
}
std::string wanted_of(const TextStep& step) {
  REQUIRE(std::holds_alternative<TargetsWanted>(step));
  return std::get<TargetsWanted>(step).name;
}

TextRequest request(TargetTransferTag transfer = kNoTransfer) { return {.task = {5}, .transfer = transfer}; }
TextRequest unfinished(TargetTransferTag transfer = kNoTransfer, bool continued = true) {
  return {.final = false, .continued = continued, .task = {5}, .transfer = transfer};
}

std::vector<TargetRecord> many_targets(int count) {
  std::vector<TargetRecord> targets;
  for (int i = 0; i < count; ++i) {
    targets.push_back({"iqn.2026-01.shoal:volume-" + std::to_string(i), {"127.0.1.1:3260,1", "[fd00::1]:3260,1"}});
  }
  return targets;
}

}  // namespace

TEST_CASE("SendTargets=All in a discovery session lists names and addresses with their tags") {
  SessionParameters parameters = discovery_session();
  TextExchange exchange(parameters);
  CHECK(wanted_of(exchange.on_request(request(), "SendTargets=All\0"s)).empty());
  CHECK(exchange.asking());
  const TextReply reply = reply_of(exchange.on_targets(many_targets(2)));
  CHECK(reply.pdu == TextResponse{.final = true, .task = {5}, .transfer = kNoTransfer});
  CHECK(text_of(reply) ==
        "TargetName=iqn.2026-01.shoal:volume-0\0TargetAddress=127.0.1.1:3260,1\0TargetAddress=[fd00::1]:3260,1\0"
        "TargetName=iqn.2026-01.shoal:volume-1\0TargetAddress=127.0.1.1:3260,1\0TargetAddress=[fd00::1]:3260,1\0"s);
}

TEST_CASE("no target at all is an empty answer") {
  SessionParameters parameters = discovery_session();
  TextExchange exchange(parameters);
  wanted_of(exchange.on_request(request(), "SendTargets=All\0"s));
  const TextReply reply = reply_of(exchange.on_targets({}));
  CHECK(reply.pdu.final);
  CHECK(reply.text.empty());
}

TEST_CASE("an answer longer than one PDU goes out in pages, and the pages are the answer") {
  const auto targets = many_targets(500);
  for (const std::uint32_t limit : {512u, 8192u, 65536u}) {
    SessionParameters parameters = discovery_session();
    parameters.max_send_data_segment_bytes = limit;
    TextExchange exchange(parameters);
    wanted_of(exchange.on_request(request(), "SendTargets=All\0"s));
    TextReply reply = reply_of(exchange.on_targets(targets));
    std::string all;
    while (!reply.pdu.final) {
      CHECK(reply.text.size() == limit);
      CHECK(reply.pdu.continued);
      REQUIRE_FALSE(reply.pdu.transfer == kNoTransfer);
      all += text_of(reply);
      reply = reply_of(exchange.on_request(request(reply.pdu.transfer), {}));
    }
    all += text_of(reply);
    CHECK_FALSE(reply.pdu.continued);
    CHECK(reply.pdu.transfer == kNoTransfer);
    CHECK(all == targets_text(targets));
  }
}

TEST_CASE("SendTargets with a name asks for that one; the name is compared in lower case") {
  SessionParameters parameters = discovery_session();
  TextExchange exchange(parameters);
  CHECK(wanted_of(exchange.on_request(request(), "SendTargets=IQN.x:Y\0"s)) == "iqn.x:y");
  exchange.on_targets({});
  CHECK(text_of(reply_of(exchange.on_request(request(), "SendTargets=\0"s))) == "SendTargets=Reject\0"s);
}

TEST_CASE("in a normal session SendTargets is about its own target only") {
  SessionParameters parameters = normal_session();
  TextExchange exchange(parameters);
  CHECK(wanted_of(exchange.on_request(request(), "SendTargets=\0"s)) == test::kTargetName);
  exchange.on_targets({});
  CHECK(wanted_of(exchange.on_request(request(), "SendTargets="s + std::string(test::kTargetName) + "\0"s)) ==
        test::kTargetName);
  exchange.on_targets({});
  CHECK(text_of(reply_of(exchange.on_request(request(), "SendTargets=All\0"s))) == "SendTargets=Reject\0"s);
  CHECK(text_of(reply_of(exchange.on_request(request(), "SendTargets=iqn.other\0"s))) == "SendTargets=Reject\0"s);
}

TEST_CASE("a request split over PDUs is asked for with a tag and read as one") {
  SessionParameters parameters = discovery_session();
  TextExchange exchange(parameters);
  const TextReply more = reply_of(exchange.on_request(unfinished(), "SendTar"));
  CHECK_FALSE(more.pdu.final);
  CHECK(more.text.empty());
  REQUIRE_FALSE(more.pdu.transfer == kNoTransfer);
  CHECK(wanted_of(exchange.on_request(request(more.pdu.transfer), "gets=All\0"s)).empty());
}

TEST_CASE("a new request forgets the negotiation before it, and the old tag is refused") {
  SessionParameters parameters = discovery_session();
  TextExchange exchange(parameters);
  const TextReply old = reply_of(exchange.on_request(unfinished(), "SendTargets=All"));
  CHECK(text_of(reply_of(exchange.on_request(request(), "X-a=b\0"s))) == "X-a=NotUnderstood\0"s);
  CHECK(reason_of(exchange.on_request(request(old.pdu.transfer), "\0"s)) == RejectReason::protocol_error);
}

TEST_CASE("a tag of no negotiation, another task or another LUN is a protocol error") {
  SessionParameters parameters = discovery_session();
  TextExchange exchange(parameters);
  CHECK(reason_of(exchange.on_request(request({1}), "SendTargets=All\0"s)) == RejectReason::protocol_error);
  const TextReply more = reply_of(exchange.on_request(unfinished(), ""));
  auto other = request(more.pdu.transfer);
  other.task = {6};
  CHECK(reason_of(exchange.on_request(other, "")) == RejectReason::protocol_error);
  // and the refusal ended it
  CHECK(reason_of(exchange.on_request(request(more.pdu.transfer), "")) == RejectReason::protocol_error);
}

TEST_CASE("text while the answer is still going out is a protocol error") {
  SessionParameters parameters = discovery_session();
  parameters.max_send_data_segment_bytes = 512;
  TextExchange exchange(parameters);
  wanted_of(exchange.on_request(request(), "SendTargets=All\0"s));
  const TextReply page = reply_of(exchange.on_targets(many_targets(100)));
  CHECK(reason_of(exchange.on_request(request(page.pdu.transfer), "A=b\0"s)) == RejectReason::protocol_error);
}

TEST_CASE("a second request before the targets are known is refused and does not disturb the first") {
  SessionParameters parameters = discovery_session();
  TextExchange exchange(parameters);
  wanted_of(exchange.on_request(request(), "SendTargets=All\0"s));
  CHECK(reason_of(exchange.on_request(request(), "SendTargets=All\0"s)) == RejectReason::protocol_error);
  CHECK(reply_of(exchange.on_targets(many_targets(1))).pdu.final);
}

TEST_CASE("malformed and endless text is refused") {
  SessionParameters parameters = discovery_session();
  TextExchange exchange(parameters);
  CHECK(reason_of(exchange.on_request(request(), "SendTargets=All")) == RejectReason::protocol_error);
  CHECK(reason_of(exchange.on_request(request(), "SendTargets=All\0SendTargets=All\0"s)) ==
        RejectReason::protocol_error);
  TextStep step = exchange.on_request(unfinished(), std::string(8192, 'A'));
  std::size_t bytes = 8192;
  while (const auto* reply = std::get_if<TextReply>(&step)) {
    REQUIRE(bytes <= kMaxRequestTextBytes);
    step = exchange.on_request(unfinished(reply->pdu.transfer), std::string(8192, 'A'));
    bytes += 8192;
  }
  CHECK(reason_of(step) == RejectReason::protocol_error);
}

TEST_CASE("the data segment length may be declared anew; all else was agreed at login") {
  SessionParameters parameters = normal_session();
  TextExchange exchange(parameters);
  const TextReply reply = reply_of(exchange.on_request(
      request(), "MaxRecvDataSegmentLength=65536\0MaxBurstLength=512\0X-a=b\0TargetAlias=NotUnderstood\0"s));
  CHECK(text_of(reply) == "MaxBurstLength=Reject\0X-a=NotUnderstood\0"s);
  CHECK(parameters.max_send_data_segment_bytes == 65536);
  CHECK(text_of(reply_of(exchange.on_request(request(), "MaxRecvDataSegmentLength=0\0"s))) ==
        "MaxRecvDataSegmentLength=Reject\0"s);
  CHECK(parameters.max_send_data_segment_bytes == 65536);
}

TEST_CASE("an initiator that has more to say gets its answers and a tag to go on with") {
  SessionParameters parameters = normal_session();
  TextExchange exchange(parameters);
  const TextReply first = reply_of(exchange.on_request(unfinished(kNoTransfer, false), "X-a=b\0"s));
  CHECK_FALSE(first.pdu.final);
  CHECK_FALSE(first.pdu.continued);
  CHECK(text_of(first) == "X-a=NotUnderstood\0"s);
  const TextReply last = reply_of(exchange.on_request(request(first.pdu.transfer), "X-c=d\0"s));
  CHECK(last.pdu.final);
  CHECK(text_of(last) == "X-c=NotUnderstood\0"s);
}

TEST_CASE("a list of targets beyond all measure is cut between targets") {
  const std::string name(200, 'n');
  std::vector<TargetRecord> targets(kMaxTargetsText / 200, TargetRecord{name, {"1.2.3.4:3260,1"}});
  const std::string text = targets_text(targets);
  CHECK(text.size() <= kMaxTargetsText);
  CHECK(text.size() > kMaxTargetsText - 300);
  CHECK(text.ends_with("TargetAddress=1.2.3.4:3260,1\0"s));
}

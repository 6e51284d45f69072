#include "tools/node/move_order.h"

#include <map>

#include "tools/node/config.h"
#include "tools/node/control_views.h"
#include "tools/node/request_json.h"

namespace shoal {

using nlohmann::json;
using server::Departure;

namespace {

const std::map<std::string, Departure> kDepartures = {
    {"close", Departure::close}, {"logout", Departure::logout}, {"polite", Departure::polite}};

json milliseconds(const std::optional<Duration>& time) {
  if (!time) return nullptr;
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(*time).count()) / 1000;
}

}  // namespace

const char* to_string(Departure how) {
  switch (how) {
    case Departure::close: return "close";
    case Departure::logout: return "logout";
    case Departure::polite: return "polite";
  }
  return "unknown";
}

json move_order_json(const MoveOrder& order) {
  return {{"to", order.to.value},
          {"how", to_string(order.how)},
          {"force", order.force},
          {"reason", load::to_string(order.reason)}};
}

MoveOrder move_order_in(const json& body) {
  MoveOrder order;
  if (body.contains("to")) {
    const json& to = body.at("to");
    if (!to.is_number_unsigned() || to > kMaxMemberId) throw BadRequest{"\"to\": expected a member's id"};
    order.to = MemberId{to.get<std::uint32_t>()};
  }
  if (body.contains("how")) order.how = choice_in(body, "how", kDepartures);
  if (body.contains("force")) order.force = truth_in(body, "force");
  return order;
}

Result<MoveOrder, std::string> parse_move_order(const std::string& body) {
  if (body.empty()) return MoveOrder{};
  try {
    const json value = object_in(body);
    expect_keys(value, {"to", "how", "polite", "force"});
    MoveOrder order = move_order_in(value);
    if (value.contains("polite") && truth_in(value, "polite")) order.how = Departure::polite;
    return order;
  } catch (const BadRequest& bad) {
    return bad.text;
  }
}

json move_json(const MoveRecord& record) {
  return {{"id", to_string(record.session)},
          {"volume", record.volume},
          {"initiator", record.nexus.initiator_name},
          {"isid", fmt::format("{:012x}", record.nexus.isid)},
          {"from", record.from.value},
          {"to", record.to.value},
          {"how", to_string(record.how)},
          {"reason", load::to_string(record.reason)},
          {"placed_ms", milliseconds(record.placed)},
          {"quiet_ms", milliseconds(record.quiet)},
          {"told_ms", milliseconds(record.told)},
          {"closed_ms", milliseconds(record.closed)},
          {"arrived_ms", milliseconds(record.arrived)}};
}

ControlResponse to_response(const MoveResult& result) {
  if (result.status != 200) return failure(result.status, result.text);
  json body = move_json(result.record);
  body["message"] = result.text;
  return ok(body);
}

}  // namespace shoal

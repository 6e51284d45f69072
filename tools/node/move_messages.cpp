#include "tools/node/move_messages.h"

#include <nlohmann/json.hpp>

#include "cluster/load/load_report_codec.h"
#include "cluster/nexus_record.h"
#include "tools/node/control_views.h"
#include "tools/node/request_json.h"

namespace shoal {

using load::PlaceAnswer;
using nlohmann::json;

namespace {

std::string keyed(const char* word, const NexusName& nexus) { return json{{word, cluster::nexus_key(nexus)}}.dump(); }

std::string encode_one(const OrderMove& order) {
  json value = move_order_json(order.order);
  value["order"] = order.number;
  return value.dump();
}
std::string encode_one(const KeepPlace& keep) {
  return json{{"keep", cluster::nexus_key(keep.nexus)},
              {"reason", load::to_string(keep.reason)},
              {"cost", keep.cost},
              {"source_load", keep.source_load}}
      .dump();
}
std::string encode_one(const GiveUpPlace& message) { return keyed("give_up", message.nexus); }
std::string encode_one(const Arrived& message) { return keyed("arrived", message.nexus); }

std::optional<NexusName> nexus_in(const json& value, const char* key) {
  const auto found = value.find(key);
  if (found == value.end() || !found->is_string()) return std::nullopt;
  return cluster::nexus_of_key(found->get<std::string>());
}

// 0 where there is none, which is that of an order by hand.
std::optional<double> figure_in(const json& value, const char* key) {
  const auto found = value.find(key);
  if (found == value.end()) return 0;
  const double figure = found->is_number() ? found->get<double>() : -1;
  return figure >= 0 && figure <= load::kMaxFigure ? std::optional(figure) : std::nullopt;
}

std::optional<load::MoveReason> reason_in(const json& value) {
  const auto found = value.find("reason");
  return found != value.end() && found->is_string() ? load::parse_move_reason(found->get<std::string>()) : std::nullopt;
}

std::optional<MoveMessage> order_in(const json& value) try {
  const auto reason = reason_in(value);
  if (!reason) return std::nullopt;
  OrderMove message{number_in(value, "order", ""), move_order_in(value)};
  message.order.reason = *reason;
  return message;
} catch (const BadRequest&) {
  return std::nullopt;
}

std::optional<MoveMessage> keep_in(const json& value, const NexusName& nexus) {
  const auto reason = reason_in(value);
  const auto cost = figure_in(value, "cost"), source_load = figure_in(value, "source_load");
  if (!reason || !cost || !source_load) return std::nullopt;
  return KeepPlace{nexus, *reason, *cost, *source_load};
}

}  // namespace

std::string encode(const MoveMessage& message) {
  return std::visit([](const auto& one) { return encode_one(one); }, message);
}

std::optional<MoveMessage> decode_move_message(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  if (value.contains("order")) return order_in(value);
  if (const auto nexus = nexus_in(value, "keep")) return keep_in(value, *nexus);
  if (auto nexus = nexus_in(value, "give_up")) return GiveUpPlace{std::move(*nexus)};
  if (auto nexus = nexus_in(value, "arrived")) return Arrived{std::move(*nexus)};
  return std::nullopt;
}

std::string encode(PlaceAnswer answer) { return json{{"place", load::to_string(answer)}}.dump(); }

PlaceAnswer decode_place_answer(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object() || !value.contains("place")) return PlaceAnswer::no_room;
  for (const auto answer :
       {PlaceAnswer::granted, PlaceAnswer::draining, PlaceAnswer::over_utilised, PlaceAnswer::busy}) {
    if (value.at("place") == load::to_string(answer)) return answer;
  }
  return PlaceAnswer::no_room;
}

std::string to_reply(const ControlResponse& response) {
  return json{{"status", response.status}, {"body", response.body}}.dump();
}

ControlResponse from_reply(MemberId member, const Result<std::string, routing::PeerError>& reply) {
  if (!reply) {
    return failure(503,
                   fmt::format("member {} does not answer; try again when `shoalctl member list` shows it up", member));
  }
  const json answer = json::parse(*reply, nullptr, false);
  if (!answer.is_object() || !answer.value("status", json()).is_number_integer() ||
      !answer.value("body", json()).is_string()) {
    return failure(502, fmt::format("member {} answered what this version does not understand", member));
  }
  return {answer["status"].get<int>(), answer["body"].get<std::string>()};
}

}  // namespace shoal

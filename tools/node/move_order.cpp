#include "tools/node/move_order.h"

#include <charconv>

#include "tools/node/config.h"
#include "tools/node/control_views.h"

namespace shoal {

using nlohmann::json;
using server::Departure;

namespace {

template <class Number>
bool parse_number(std::string_view text, Number& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc{} && end == text.data() + text.size();
}

std::optional<Departure> departure_of(const json& word) {
  for (const Departure how : {Departure::close, Departure::logout, Departure::polite}) {
    if (word == to_string(how)) return how;
  }
  return std::nullopt;
}

std::optional<load::MoveReason> reason_of(const json& word) {
  using load::MoveReason;
  for (const auto reason : {MoveReason::over_utilised, MoveReason::affinity, MoveReason::drain, MoveReason::by_hand}) {
    if (word == load::to_string(reason)) return reason;
  }
  return std::nullopt;
}

// What is wrong with that one; empty: it is taken into the order.
std::string take(const std::string& key, const json& value, MoveOrder& order) {
  if (key == "to") {
    if (!value.is_number_unsigned() || value.get<std::uint64_t>() > kMaxMemberId)
      return "\"to\": expected a member's id";
    order.to = MemberId{value.get<std::uint32_t>()};
  } else if (key == "how") {
    const auto how = departure_of(value);
    if (!how) return "\"how\": expected close, logout or polite";
    order.how = *how;
  } else if (key == "reason") {
    const auto reason = reason_of(value);
    if (!reason) return "\"reason\": unknown";
    order.reason = *reason;
  } else if (key == "polite" || key == "force") {
    if (!value.is_boolean()) return "\"" + key + "\": expected true or false";
    if (key == "force") order.force = value.get<bool>();
    if (key == "polite" && value.get<bool>()) order.how = Departure::polite;
  } else {
    return "unknown key \"" + key + "\"; known: to, how, polite, force";
  }
  return {};
}

json milliseconds(const std::optional<Duration>& time) {
  if (!time) return nullptr;
  return static_cast<double>(std::chrono::duration_cast<std::chrono::microseconds>(*time).count()) / 1000;
}

}  // namespace

std::optional<SessionName> parse_session_name(std::string_view text) {
  const std::size_t dash = text.find('-');
  SessionName name;
  if (dash == std::string_view::npos || !parse_number(text.substr(0, dash), name.member.value) ||
      !parse_number(text.substr(dash + 1), name.number) || name.member.value == 0 || name.member.value > kMaxMemberId) {
    return std::nullopt;
  }
  return name;
}

std::string to_string(const SessionName& name) { return fmt::format("{}-{}", name.member, name.number); }

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

Result<MoveOrder, std::string> parse_move_order(const std::string& body) {
  MoveOrder order;
  if (body.empty()) return order;
  const json value = json::parse(body, nullptr, false);
  if (!value.is_object()) return std::string("expected a JSON object");
  for (const auto& [key, one] : value.items()) {
    if (std::string wrong = take(key, one, order); !wrong.empty()) return wrong;
  }
  return order;
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

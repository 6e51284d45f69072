#include "cluster/unit_json.h"

#include <array>
#include <string>
#include <utility>

#include "cluster/nexus_record.h"
#include "cluster/record_json.h"
#include "target/unit/persistent_reserve.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;
using unit::Audience;

template <class T>
T checked(bool good, T value, const char* what) {
  return readable(good ? std::optional(std::move(value)) : std::nullopt, what);
}

// An enumerator by its number, which is at most that of `last`.
template <class Enum>
Enum enumerator(const json& value, Enum last) {
  const auto number = value.get<std::uint64_t>();
  return checked(number <= static_cast<std::uint64_t>(last), static_cast<Enum>(number), "enumerator");
}

template <class Enum>
json number(Enum value) {
  return static_cast<std::uint64_t>(value);
}

UnitCondition condition_of(const json& value) { return enumerator(value, UnitCondition::format_corrupted); }

ReservationType type_of(const json& value) {
  const auto type = enumerator(value, ReservationType::exclusive_access_all_registrants);
  const int code = static_cast<int>(type);
  return checked(code == 1 || code == 3 || code >= 5, type, "reservation type");
}

json ports_json(const std::vector<InitiatorPort>& ports) {
  json list = json::array();
  for (const InitiatorPort& port : ports) list.push_back(port_json(port));
  return list;
}

std::vector<InitiatorPort> ports_of(const json& value) {
  std::vector<InitiatorPort> ports;
  for (const json& port : value) ports.push_back(port_of(port));
  return ports;
}

json audience_json(const Audience& audience) { return {{"all", audience.all}, {"ports", ports_json(audience.ports)}}; }
Audience audience_of(const json& value) { return {ports_of(value.at("ports")), value.at("all").get<bool>()}; }

json persistent_json(const PersistentReservations& persistent) {
  json keys = json::array(), held;
  for (const auto& [port, key, all_target_ports] : persistent.registrations) {
    keys.push_back(json::array({port_json(port), key, all_target_ports}));
  }
  if (persistent.held) held = json::array({number(persistent.held->type), port_json(persistent.held->holder)});
  return {{"generation", persistent.generation},
          {"aptpl", persistent.through_power_loss},
          {"keys", std::move(keys)},
          {"held", std::move(held)}};
}

PersistentReservations persistent_of(const json& value) {
  PersistentReservations persistent;
  persistent.generation = value.at("generation").get<std::uint32_t>();
  persistent.through_power_loss = value.at("aptpl").get<bool>();
  for (const json& key : value.at("keys")) {
    persistent.registrations.push_back({port_of(key.at(0)), key.at(1).get<std::uint64_t>(), key.at(2).get<bool>()});
  }
  if (const json& held = value.at("held"); !held.is_null()) {
    persistent.held = PersistentReservation{type_of(held.at(0)), port_of(held.at(1))};
  }
  const bool consistent = unit::is_consistent(persistent);
  return checked(consistent, std::move(persistent), "reservations");
}

json mode_json(const ModeParameters& mode) { return json::array({mode.descriptor_sense, mode.software_write_protect}); }
ModeParameters mode_of(const json& value) { return {value.at(0).get<bool>(), value.at(1).get<bool>()}; }

// ---- changes

struct ChangeWriter {
  json operator()(const PersistentReserveOut& out) const {
    return {
        {"out", json::array({number(out.action), out.type ? number(*out.type) : json(), out.key, out.action_key,
                             out.through_power_loss, out.all_target_ports, out.unregister, ports_json(out.ports)})}};
  }
  json operator()(const ReserveUnit&) const { return {{"reserve", nullptr}}; }
  json operator()(const ReleaseUnit&) const { return {{"release", nullptr}}; }
  json operator()(const ChangeMode& change) const { return {{"mode", mode_json(change.mode)}}; }
  json operator()(const ChangeCondition& change) const {
    json abandoned = change.abandoned ? number(*change.abandoned) : json();
    return {{"condition", json::array({number(change.from), number(change.to), std::move(abandoned)})}};
  }
  json operator()(const ResetUnit& reset) const { return {{"reset", number(reset.kind)}}; }
  json operator()(const NexusLost&) const { return {{"nexus_lost", nullptr}}; }
  json operator()(const TellNexuses& told) const {
    return {{"tell", json::array({told.attention.asc, told.attention.ascq})}};
  }
};

PersistentReserveOut reserve_out_of(const json& value) {
  return {.action = enumerator(value.at(0), PersistentReserveOut::Action::replace_lost),
          .type = value.at(1).is_null() ? std::nullopt : std::optional(type_of(value.at(1))),
          .key = value.at(2).get<std::uint64_t>(),
          .action_key = value.at(3).get<std::uint64_t>(),
          .through_power_loss = value.at(4).get<bool>(),
          .all_target_ports = value.at(5).get<bool>(),
          .unregister = value.at(6).get<bool>(),
          .ports = ports_of(value.at(7))};
}

ChangeCondition condition_change_of(const json& value) {
  ChangeCondition change{condition_of(value.at(0)), condition_of(value.at(1))};
  if (const json& abandoned = value.at(2); !abandoned.is_null()) change.abandoned = condition_of(abandoned);
  return change;
}

constexpr std::array<std::pair<UnitAnswer, const char*>, 7> kAnswers{{
    {UnitAnswer::good, "good"},
    {UnitAnswer::conflict, "conflict"},
    {UnitAnswer::invalid_field_in_cdb, "invalid_field_in_cdb"},
    {UnitAnswer::invalid_field_in_list, "invalid_field_in_list"},
    {UnitAnswer::invalid_release, "invalid_release"},
    {UnitAnswer::insufficient_resources, "insufficient_resources"},
    {UnitAnswer::unavailable, "unavailable"},
}};

}  // namespace

json port_json(const InitiatorPort& port) { return json::array({escape(port.name), port.isid}); }

InitiatorPort port_of(const json& value) {
  return {readable(unescape(value.at(0).get<std::string>()), "initiator"), value.at(1).get<std::uint64_t>()};
}

json view_json(const UnitView& view) {
  return {{"generation", view.generation},
          {"pr", persistent_json(view.persistent)},
          {"reserved_by", view.reserved_by ? port_json(*view.reserved_by) : json()},
          {"mode", mode_json(view.mode)},
          {"condition", number(view.condition)}};
}

UnitView view_of(const json& value) {
  UnitView view;
  view.generation = value.at("generation").get<std::uint64_t>();
  view.persistent = persistent_of(value.at("pr"));
  if (const json& holder = value.at("reserved_by"); !holder.is_null()) view.reserved_by = port_of(holder);
  view.mode = mode_of(value.at("mode"));
  view.condition = condition_of(value.at("condition"));
  return view;
}

json consequences_json(const unit::Consequences& consequences) {
  json announcements = json::array();
  for (const auto& [attention, audience] : consequences.announcements) {
    announcements.push_back(json::array({attention.asc, attention.ascq, audience_json(audience)}));
  }
  return {{"announce", std::move(announcements)},
          {"abort", audience_json(consequences.aborted)},
          {"end", audience_json(consequences.ended)}};
}

unit::Consequences consequences_of(const json& value) {
  unit::Consequences consequences;
  for (const json& each : value.at("announce")) {
    const UnitAttention attention{each.at(0).get<std::uint8_t>(), each.at(1).get<std::uint8_t>()};
    consequences.announcements.push_back({attention, audience_of(each.at(2))});
  }
  consequences.aborted = audience_of(value.at("abort"));
  consequences.ended = audience_of(value.at("end"));
  return consequences;
}

json change_json(const UnitChange& change) { return std::visit(ChangeWriter{}, change); }

UnitChange change_of(const json& value) {
  const auto change = readable(value.size() == 1 ? std::optional(value.items().begin()) : std::nullopt, "change");
  const std::string& what = change.key();
  const json& how = change.value();
  if (what == "out") return reserve_out_of(how);
  if (what == "reserve") return ReserveUnit{};
  if (what == "release") return ReleaseUnit{};
  if (what == "mode") return ChangeMode{mode_of(how)};
  if (what == "condition") return condition_change_of(how);
  if (what == "reset") return ResetUnit{enumerator(how, ResetKind::target_cold)};
  if (what == "tell") return TellNexuses{{how.at(0).get<std::uint8_t>(), how.at(1).get<std::uint8_t>()}};
  return checked(what == "nexus_lost", NexusLost{}, "change");
}

json answer_json(UnitAnswer answer) {
  for (const auto& [known, word] : kAnswers) {
    if (known == answer) return word;
  }
  return nullptr;
}

UnitAnswer answer_of(const json& value) {
  const auto word = value.get<std::string>();
  for (const auto& [answer, known] : kAnswers) {
    if (known == word) return answer;
  }
  return checked(false, UnitAnswer::unavailable, "answer");
}

}  // namespace shoal::cluster

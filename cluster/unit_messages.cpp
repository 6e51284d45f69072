#include "cluster/unit_messages.h"

#include <utility>

#include "cluster/unit_json.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;

json snapshot_json(const UnitSnapshot& unit) {
  json recent = json::array();
  for (const auto& [serial, consequences] : unit.recent)
    recent.push_back(json::array({serial, consequences_json(consequences)}));
  return {{"image", unit.image.value},
          {"serial", unit.serial},
          {"view", view_json(unit.view)},
          {"recent", std::move(recent)}};
}

UnitSnapshot snapshot_of(const json& value) {
  UnitSnapshot unit{ImageId{value.at("image").get<std::uint64_t>()}, value.at("serial").get<std::uint64_t>(),
                    view_of(value.at("view"))};
  for (const json& each : value.at("recent")) {
    unit.recent.push_back({each.at(0).get<std::uint64_t>(), consequences_of(each.at(1))});
  }
  return unit;
}

struct RequestWriter {
  json operator()(const ChangeRequest& request) const {
    const ChangeId& id = request.id;
    return {{"change", change_json(request.change)},
            {"id", json::array({id.member.value, id.incarnation, id.number})},
            {"image", request.image.value},
            {"from", port_json(request.from)}};
  }
  json operator()(const AdoptRequest& request) const {
    return {{"adopt", snapshot_json(request.unit)}, {"term", request.term}};
  }
  json operator()(const PullRequest& request) const { return {{"pull", request.after.value}, {"term", request.term}}; }
};

UnitRequest request_of(const json& value) {
  if (value.contains("change")) {
    const json& id = value.at("id");
    return ChangeRequest{
        {MemberId{id.at(0).get<std::uint32_t>()}, id.at(1).get<std::uint64_t>(), id.at(2).get<std::uint64_t>()},
        ImageId{value.at("image").get<std::uint64_t>()},
        port_of(value.at("from")),
        change_of(value.at("change"))};
  }
  const auto term = value.at("term").get<std::uint32_t>();
  if (value.contains("adopt")) return AdoptRequest{term, snapshot_of(value.at("adopt"))};
  return PullRequest{term, ImageId{value.at("pull").get<std::uint64_t>()}};
}

struct ReplyWriter {
  json operator()(UnitAnswer answer) const { return {{"answer", answer_json(answer)}}; }
  json operator()(const Adopted&) const { return {{"adopted", true}}; }
  json operator()(const PulledUnits& pulled) const {
    json units = json::array();
    for (const UnitSnapshot& unit : pulled.units) units.push_back(snapshot_json(unit));
    return {{"units", std::move(units)}, {"more", pulled.more}, {"term", pulled.term}};
  }
  json operator()(const OtherTerm& other) const { return {{"term", other.term}}; }
};

UnitReply reply_of(const json& value) {
  if (value.contains("answer")) return answer_of(value.at("answer"));
  if (value.contains("adopted")) return Adopted{};
  const auto term = value.at("term").get<std::uint32_t>();
  if (!value.contains("units")) return OtherTerm{term};
  PulledUnits pulled{term, {}, value.at("more").get<bool>()};
  for (const json& unit : value.at("units")) pulled.units.push_back(snapshot_of(unit));
  return pulled;
}

}  // namespace

std::string encode(const UnitRequest& request) { return std::visit(RequestWriter{}, request).dump(); }

std::optional<UnitRequest> decode_unit_request(std::string_view text) try {
  return request_of(json::parse(text));
} catch (const json::exception&) {
  return std::nullopt;
}

std::string encode(const UnitReply& reply) { return std::visit(ReplyWriter{}, reply).dump(); }

std::optional<UnitReply> decode_unit_reply(std::string_view text) try {
  return reply_of(json::parse(text));
} catch (const json::exception&) {
  return std::nullopt;
}

}  // namespace shoal::cluster

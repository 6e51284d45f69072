#include "cluster/load/group_json.h"

#include <fmt/format.h>

#include <cmath>

#include "cluster/load/json_guard.h"

namespace shoal::load {
namespace {

using nlohmann::json;

double figure(const json& object, const char* name) {
  const double value = object.at(name).get<double>();
  if (!std::isfinite(value) || value < 0) not_ours("a figure is negative or none");
  return value;
}

double weight_of(const json& object) {
  const double weight = figure(object, "weight");
  if (weight == 0) not_ours("a weight is 0");
  return weight;
}

Time time_of(const json& object, const char* name) { return Time{Duration{object.at(name).get<std::int64_t>()}}; }
std::int64_t ns(Time time) { return time.time_since_epoch().count(); }

MemberId member_of(const json& number) { return MemberId{number.get<std::uint32_t>()}; }

json member_json(MemberId id, const MemberLoad& member) {
  return {{"member", id.value},
          {"weight", member.weight},
          {"work", member.work},
          {"forwarded", member.forwarded},
          {"stretch", member.stretch},
          {"client_load", member.client_load},
          {"share", member.share},
          {"fair", member.fair},
          {"threshold", member.threshold},
          {"pressure", member.pressure},
          {"sessions", member.sessions},
          {"disproportionate", member.disproportionate},
          {"ready", member.ready},
          {"heard", member.heard},
          {"draining", member.draining},
          {"incarnation", member.incarnation},
          {"sequence", member.sequence},
          {"reported_ns", ns(member.reported)}};
}

MemberLoad member_load_of(const json& object) {
  MemberLoad member;
  member.weight = weight_of(object);
  member.work = figure(object, "work");
  member.forwarded = figure(object, "forwarded");
  member.stretch = figure(object, "stretch");
  member.client_load = figure(object, "client_load");
  member.share = figure(object, "share");
  member.fair = figure(object, "fair");
  member.threshold = figure(object, "threshold");
  member.pressure = figure(object, "pressure");
  member.sessions = object.at("sessions").get<std::uint32_t>();
  member.disproportionate = object.at("disproportionate").get<bool>();
  member.ready = object.at("ready").get<bool>();
  member.heard = object.at("heard").get<bool>();
  member.draining = object.at("draining").get<bool>();
  member.incarnation = object.at("incarnation").get<std::uint64_t>();
  member.sequence = object.at("sequence").get<std::uint64_t>();
  member.reported = time_of(object, "reported_ns");
  return member;
}

}  // namespace

json group_json(const GroupLoad& group) {
  json members = json::array();
  for (const auto& [id, member] : group.members) members.push_back(member_json(id, member));
  return {{"at_ns", ns(group.at)},
          {"work", group.work},
          {"system_load", group.system_load},
          {"members", std::move(members)}};
}

GroupLoad group_of(const json& object) {
  GroupLoad group;
  group.at = time_of(object, "at_ns");
  group.work = figure(object, "work");
  group.system_load = figure(object, "system_load");
  for (const json& member : limited(object.at("members"), kMaxPictureMembers)) {
    group.members[member_of(member.at("member"))] = member_load_of(member);
  }
  return group;
}

json own_session_json(const OwnSession& session) {
  json owners = json::array(), siblings = json::array();
  for (const auto& [id, fraction] : session.load.owners) {
    owners.push_back({{"member", id.value}, {"fraction", fraction}});
  }
  for (const MemberId id : session.siblings_at) siblings.push_back(id.value);
  json object{{"session", to_string(session.load.session)}, {"nexus", session.nexus.to_string()},
              {"image", session.load.image.value},          {"initiator", session.load.initiator_name},
              {"requests", session.load.rate.requests},     {"bytes", session.load.rate.bytes},
              {"latency_s", session.load.latency_s},        {"owners", std::move(owners)},
              {"siblings_at", std::move(siblings)},         {"may_not_move", session.load.may_not_move}};
  if (session.moved_here) object["moved_here_ns"] = ns(*session.moved_here);
  return object;
}

OwnSession own_session_of(const json& object) {
  OwnSession session;
  const auto name = parse_session_name(object.at("session").get<std::string>());
  const auto nexus = NexusId::parse(object.at("nexus").get<std::string>());
  if (!name || !nexus) not_ours("a session's name is none");
  session.load.session = *name;
  session.nexus = *nexus;
  session.load.image = ImageId{object.at("image").get<std::uint64_t>()};
  session.load.initiator_name = object.at("initiator").get<std::string>();
  session.load.rate = {figure(object, "requests"), figure(object, "bytes")};
  session.load.latency_s = figure(object, "latency_s");
  for (const json& owner : limited(object.at("owners"), kMaxPictureOwners)) {
    session.load.owners[member_of(owner.at("member"))] = figure(owner, "fraction");
  }
  for (const json& id : limited(object.at("siblings_at"), kMaxPictureMembers)) {
    session.siblings_at.insert(member_of(id));
  }
  session.load.may_not_move = object.at("may_not_move").get<std::string>();
  if (object.contains("moved_here_ns")) session.moved_here = time_of(object, "moved_here_ns");
  return session;
}

}  // namespace shoal::load

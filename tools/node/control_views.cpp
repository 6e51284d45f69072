#include "tools/node/control_views.h"

#include <algorithm>

#include "cluster/volume_rules.h"
#include "tools/node/group_space.h"
#include "tools/node/page_runs.h"

namespace shoal {

using nlohmann::json;

namespace {

json endpoint_json(const Endpoint& endpoint) { return endpoint.port == 0 ? json(nullptr) : json(endpoint.to_string()); }

json endpoints_json(const std::vector<Endpoint>& endpoints) {
  json list = json::array();
  for (const Endpoint& endpoint : endpoints) list.push_back(endpoint.to_string());
  return list;
}

// {state, note} of a member as the asked one sees it.
std::pair<std::string, std::string> state_of(const MemberView& view, const cluster::MemberRecord& member) {
  const std::string leaving = member.takes_hosts() ? "" : "draining";
  if (member.id == view.self) return {"self", leaving};
  const auto peer = view.peers.find(member.id);
  if (peer == view.peers.end()) return {"down", "no address to reach it at"};
  if (!peer->second.up) return {"down", peer->second.reason};
  return {leaving.empty() ? "up" : leaving, ""};
}

json space_json(const routing::StoreSpace& space) {
  if (space.total_bytes == 0)
    return {{"used_bytes", space.used_bytes}, {"total_bytes", nullptr}, {"free_bytes", nullptr}};
  return {{"used_bytes", space.used_bytes}, {"total_bytes", space.total_bytes}, {"free_bytes", space.free_bytes}};
}

// What is not known is null.
json store_space_json(const MemberView& view, const cluster::MemberStore& store) {
  const auto space = view.spaces.find(store.id);
  json body = space == view.spaces.end()
                  ? json{{"used_bytes", nullptr}, {"total_bytes", nullptr}, {"free_bytes", nullptr}}
                  : space_json(space->second);
  body.update({{"uuid", store.id.to_string()}, {"kind", to_string(store.kind)}});
  return body;
}

json stores_json(const MemberView& view, const cluster::MemberRecord& member) {
  json list = json::array();
  for (const auto& store : member.stores) list.push_back(store_space_json(view, store));
  return list;
}

// Of all stores of the group that outlive their members, and of those that do not.
json group_space_json(const MemberView& view) {
  std::map<bool, std::vector<routing::StoreSpace>> spaces;
  for (const auto& [id, member] : view.members) {
    for (const auto& store : member.stores) {
      const auto space = view.spaces.find(store.id);
      if (space != view.spaces.end()) spaces[routing::outlives_its_process(store.kind)].push_back(space->second);
    }
  }
  return {{"lasting", space_json(sum_of(spaces[true]))}, {"memory", space_json(sum_of(spaces[false]))}};
}

json member_json(const MemberView& view, const cluster::MemberRecord& member) {
  const auto [state, note] = state_of(view, member);
  return {{"id", member.id.value},
          {"state", state},
          {"group_portals", endpoints_json(member.group_portals)},
          {"member_portal", endpoint_json(member.member_portal)},
          {"peer", endpoint_json(member.peer)},
          {"control", endpoint_json(member.control)},
          {"incarnation", member.incarnation},
          {"drain_ordered", member.drain_ordered},
          {"stores", stores_json(view, member)},
          {"note", note}};
}

json volume_health_json(const VolumeView& volume, const StorePlaces& places) {
  const VolumeHealth health = health_of(*volume.map, places);
  return {{"name", volume.record.name},      {"state", state_of(health)},
          {"pages", health.pages},           {"unavailable_pages", health.unavailable_pages},
          {"lost_pages", health.lost_pages}, {"reason", health.reason}};
}

json store_json(const OwnStore& store) {
  json body = space_json(store.space);
  body.update({{"uuid", store.id.to_string()},
               {"kind", to_string(store.kind)},
               {"state", store.state.in_service ? "in service" : "out of service"},
               {"damaged_blocks", store.damage.damaged},
               {"reason", store.state.reason}});
  return body;
}

json counters_json(const MemberView& view) {
  return {{"local_bytes", view.volumes.local_bytes},
          {"forwarded_bytes", view.volumes.forwarded_bytes},
          {"operations", view.volumes.operations},
          {"failed_operations", view.volumes.failed},
          {"held_parts", view.volumes.held_now},
          {"commands", view.server.commands},
          {"read_bytes", view.server.read_bytes},
          {"written_bytes", view.server.written_bytes},
          {"sessions", view.sessions},
          {"logins", view.server.logins},
          {"redirects", view.server.redirects},
          {"refused_logins", view.server.refused_logins},
          {"delayed_logins", view.server.delayed_logins},
          {"shared_names", view.server.shared_names},
          {"discovery_sessions", view.server.discovery_sessions},
          {"refused_connections", view.server.refused_connections},
          {"pages_read_bytes", view.pages.read_bytes},
          {"pages_written_bytes", view.pages.written_bytes}};
}

void warn_of_secrets(json& warnings, const std::string& whose, const SecretCheck& secrets) {
  if (!secrets.problem.empty()) {
    warnings.push_back(
        fmt::format("{}: its CHAP secret is not to be had at this member, so logins here are told to try "
                    "again (0301): {}",
                    whose, secrets.problem));
  }
  for (const std::string& warning : secrets.warnings) warnings.push_back(fmt::format("{}: {}", whose, warning));
}

json chap_json(const VolumeView& volume) {
  const auto& chap = volume.record.access.chap;
  if (!chap) return nullptr;
  json body = {{"user", chap->initiator.user},
               {"secret_file", chap->initiator.secret_file},
               {"problem", volume.secrets.problem}};
  if (chap->target) body["mutual_user"] = chap->target->user, body["mutual_secret_file"] = chap->target->secret_file;
  return body;
}

json warnings_json(const MemberView& view, const json& volumes) {
  json warnings = json::array();
  if (!view.metadata_trouble.empty()) {
    warnings.push_back(view.metadata_trouble +
                       ": hosts are served by what the members know, but no volume can be created or deleted and no "
                       "host can move to another member; give back the metadata that the group had");
  } else if (!view.metadata_reachable) {
    warnings.push_back(
        fmt::format("metadata in {} are out of reach{}: hosts are served, but no volume can be created or "
                    "deleted and no host can move to another member",
                    view.metadata_kind, view.metadata_problem.empty() ? "" : " (" + view.metadata_problem + ")"));
  }
  for (const OwnStore& store : view.stores) {
    if (store.state.in_service) continue;
    warnings.push_back(
        fmt::format("store {} is out of service: {}; repair it and restart this member", store.id, store.state.reason));
  }
  for (const OwnStore& store : view.stores) {
    if (store.damage.damaged == store.damage.repaired) continue;
    warnings.push_back(
        fmt::format("{} reads of store {} found blocks that are not what was written there: `shoalctl "
                    "store scrub start` finds all of them, the log names each",
                    store.damage.damaged - store.damage.repaired, store.id));
  }
  for (const OwnStore& store : view.stores) {
    if (!cluster::is_nearly_full(store.space)) continue;
    warnings.push_back(
        fmt::format("store {} has {} of {} bytes left: delete volumes, let hosts discard what they do not "
                    "use (fstrim), or give it more room",
                    store.id, store.space.free_bytes, store.space.total_bytes));
  }
  if (view.scrub && view.scrub->unread_bytes > 0) {
    warnings.push_back(
        fmt::format("the last scrub of the store here could not read {} bytes of it: start another one by "
                    "`shoalctl store scrub start`",
                    view.scrub->unread_bytes));
  }
  if (view.scrub && view.scrub->damaged_blocks > 0) {
    warnings.push_back(fmt::format(
        "the last scrub of the store here found {} blocks that cannot be read: `shoalctl store scrub status` "
        "names them; write them again from a copy",
        view.scrub->damaged_blocks));
  }
  for (const json& volume : volumes) {
    if (volume.at("unavailable_pages") == 0) continue;
    warnings.push_back(fmt::format("volume {}: {} of {} pages are not available: {}",
                                   volume.at("name").get<std::string>(),
                                   volume.at("unavailable_pages").get<std::uint64_t>(),
                                   volume.at("pages").get<std::uint64_t>(), volume.at("reason").get<std::string>()));
  }
  return warnings;
}

std::uint32_t member_of(const StorePlace& place) {
  return place.health == StoreHealth::lost ? 0 : place.member.value;  // 0: no member has it
}

json shares_json(const VolumeView& volume, const StorePlaces& places) {
  json list = json::array();
  for (const StoreShare& share : shares_of(*volume.map, places)) {
    list.push_back({{"member", member_of(share.place)},
                    {"store", share.store.to_string()},
                    {"pages", share.pages},
                    {"note", share.place.reason}});
  }
  return list;
}

json runs_json(const VolumeView& volume, const StorePlaces& places) {
  json list = json::array();
  for (const PageRun& run : runs_of(*volume.map)) {
    const auto place = places.find(run.store);
    list.push_back({{"first", run.first},
                    {"count", run.count},
                    {"step", run.step},
                    {"member", place == places.end() ? 0u : member_of(place->second)}});
  }
  return list;
}

json containers_json(const routing::PageMap& map) {
  json list = json::array();
  for (const auto& [container, revision] : map.revisions()) {
    list.push_back({{"container", container}, {"revision", revision}});
  }
  return list;
}

std::optional<std::string> why_no_room(const MemberView& view, const cluster::MemberRecord& member,
                                       const routing::Image& image) {
  for (const auto& store : member.stores) {
    const bool fits =
        routing::outlives_its_process(store.kind) == (image.durability != routing::DurabilityPolicy::memory);
    const auto space = view.spaces.find(store.id);
    if (!fits || space == view.spaces.end()) continue;
    return cluster::why_no_room(space->second, image.size_bytes / image.placement.stores.size());
  }
  return std::nullopt;
}

std::string drain_note(const json& member, const json& sessions) {
  std::string moving, waits;
  for (const json& session : sessions) {
    if (session.at("member") != member.at("id")) continue;
    std::string& list = session.at("came") == "member portal" ? waits : moving;
    list += (list.empty() ? "" : ", ") + session.at("id").get<std::string>();
  }
  std::string note = moving.empty() && waits.empty() ? "drained: no session is left" : "draining";
  if (!moving.empty()) note += "; to be moved: " + moving;
  if (!waits.empty()) note += "; came to the member portal by themselves, --force drops them: " + waits;
  return note;
}

}  // namespace

StorePlaces places_of(const MemberView& view) {
  std::map<StoreId, routing::StoreState> own;
  for (const OwnStore& store : view.stores) own[store.id] = store.state;
  return places_of(view.members, view.self, view.peers, own);
}

json members_json(const MemberView& view) {
  json list = json::array();
  for (const auto& [id, member] : view.members) list.push_back(member_json(view, member));
  return list;
}

json volume_json(const VolumeView& volume, const StorePlaces& places) {
  const auto& record = volume.record;
  json body = volume_health_json(volume, places);
  body.update({{"iqn", record.iqn},
               {"size_bytes", record.image.size_bytes},
               {"page_bytes", record.image.page_bytes},
               {"durability", to_string(record.image.durability)},
               {"placement", to_string(record.image.placement.rule)},
               {"image", record.image.id.value},
               {"serial", record.identity.serial},
               {"naa", fmt::format("{:016x}", record.identity.naa)},
               {"created_ms", record.created_ms},
               {"allow", record.access.allow},
               {"deny", record.access.deny},
               {"chap", chap_json(volume)}});
  for (json share : shares_json(volume, places)) {
    share["uuid"] = share.at("store");
    share.erase("store");
    body["stores"].push_back(std::move(share));
  }
  return body;
}

void add_allocation(json& volume, const VolumeView& of, const Allocations& allocations) {
  const auto bytes = allocations.bytes.find(of.record.image.id);
  json missing = json::array();
  for (const MemberId member : allocations.missing) missing.push_back(member.value);
  volume["allocated_bytes"] = bytes == allocations.bytes.end() ? 0 : bytes->second;
  volume["allocation_missing"] = std::move(missing);
}

json left_out_json(const MemberView& view, const routing::Image& image) {
  const auto& placed_on = image.placement.stores;
  const auto has_part = [&placed_on](const cluster::MemberStore& store) {
    return std::ranges::find(placed_on, store.id) != placed_on.end();
  };
  json list = json::array();
  for (const auto& [id, member] : view.members) {
    if (std::ranges::any_of(member.stores, has_part)) continue;
    const auto [state, note] = state_of(view, member);
    const bool could_have = state == "up" || state == "self";
    const auto room = could_have ? why_no_room(view, member, image) : std::nullopt;
    const std::string why = room            ? *room
                            : state == "up" ? "it did not answer in time"
                            : note.empty()  ? state
                                            : state + ": " + note;
    list.push_back({{"member", id.value}, {"why", why}});
  }
  return list;
}

json map_json(const VolumeView& volume, const StorePlaces& places) {
  return {{"volume", volume.record.name},
          {"image", volume.record.image.id.value},
          {"pages", volume.map->page_count()},
          {"page_bytes", volume.record.image.page_bytes},
          {"placement", to_string(volume.record.image.placement.rule)},
          {"hash", fmt::format("{:016x}", volume.map->hash())},
          {"members", shares_json(volume, places)},
          {"runs", runs_json(volume, places)},
          {"containers", containers_json(*volume.map)}};
}

json status_json(const MemberView& view, const std::vector<VolumeView>& volumes) {
  const StorePlaces places = places_of(view);
  json volume_list = json::array(), store_list = json::array();
  for (const VolumeView& volume : volumes) volume_list.push_back(volume_health_json(volume, places));
  for (const OwnStore& store : view.stores) store_list.push_back(store_json(store));
  json warnings = warnings_json(view, volume_list);
  warn_of_secrets(warnings, "discovery", view.discovery_secrets);
  for (const VolumeView& volume : volumes) warn_of_secrets(warnings, "volume " + volume.record.name, volume.secrets);
  return {{"group", view.group},
          {"member", view.self.value},
          {"state", view.state},
          {"uptime_s", view.uptime_s},
          {"metadata", {{"kind", view.metadata_kind}, {"reachable", view.metadata_reachable}}},
          {"warnings", std::move(warnings)},
          {"space", group_space_json(view)},
          {"members", members_json(view)},
          {"volumes", volume_list},
          {"stores", store_list},
          {"counters", counters_json(view)}};
}

json session_json(MemberId member, const server::SessionInfo& session, const char* came, Time now) {
  return {{"id", to_string(SessionName{member, session.number})},
          {"member", member.value},
          {"volume", session.volume},
          {"initiator", session.nexus.initiator_name},
          {"alias", session.initiator_alias},
          {"isid", fmt::format("{:012x}", session.nexus.isid)},
          {"peer", session.peer.to_string()},
          {"portal", session.local.to_string()},
          {"came", came},
          {"age_s", std::chrono::duration_cast<std::chrono::seconds>(now - session.since).count()},
          {"commands", session.commands},
          {"open_commands", session.open_tasks},
          {"read_bytes", session.read_bytes},
          {"written_bytes", session.written_bytes},
          {"state", session.dropping ? "dropping" : "serving"}};
}

bool is_session(const json& answered) {
  const auto is_text = [&](const char* key) { return answered.contains(key) && answered.at(key).is_string(); };
  return answered.is_object() && answered.contains("member") && answered.at("member").is_number_unsigned() &&
         is_text("id") && is_text("came") && is_text("volume") && is_text("initiator");
}

void add_drain_notes(json& members, const Gathered& sessions) {
  const bool nowhere = std::none_of(members.begin(), members.end(), [](const json& member) {
    return member.at("state") == "up" || (member.at("state") == "self" && member.at("note") == "");
  });
  for (json& member : members) {
    if (!member.value("drain_ordered", false)) continue;
    const bool silent = std::ranges::count(sessions.missing, MemberId{member.at("id").get<std::uint32_t>()}) != 0;
    std::string note = silent ? "does not answer: its sessions are not known" : drain_note(member, sessions.list);
    if (nowhere) note += "; no member takes hosts: undrain one, or add one";
    member["note"] = std::move(note);
  }
}

// Names come from outside: what is not UTF-8 in them is replaced and does not end the answer.
ControlResponse ok(const json& body) {
  return {200, body.dump(-1, ' ', false, json::error_handler_t::replace), "application/json"};
}
ControlResponse failure(int status, const std::string& what) {
  ControlResponse response = ok({{"error", what}});
  response.status = status;
  return response;
}

}  // namespace shoal

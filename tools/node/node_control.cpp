#include "tools/node/node_control.h"

#include <algorithm>

#include "cluster/load/load_view.h"
#include "tools/node/group_space.h"
#include "tools/node/metrics.h"
#include "tools/node/once.h"

namespace shoal {

using nlohmann::json;

namespace {

ControlResponse not_allowed(const ControlRequest& request) {
  return failure(405, request.method + " is not possible at " + request.path);
}
ControlResponse no_such_volume(const std::string& name) {
  return failure(404, "there is no volume " + name + "; `shoalctl volume list` shows them");
}

// "/decisions?last=5" -> {"/decisions", "last=5"}
std::pair<std::string, std::string> split_query(const std::string& path) {
  const std::size_t mark = path.find('?');
  if (mark == std::string::npos) return {path, ""};
  return {path.substr(0, mark), path.substr(mark + 1)};
}

// "/volumes/demo/map" -> {"volumes", "demo", "map"}
std::vector<std::string> segments_of(const std::string& path) {
  std::vector<std::string> segments;
  std::size_t at = 0;
  while (at < path.size()) {
    const std::size_t end = std::min(path.find('/', at), path.size());
    if (end > at) segments.push_back(path.substr(at, end - at));
    at = end + 1;
  }
  return segments;
}

std::string metadata_kind(const NodeConfig& config) { return config.etcd.empty() ? "sqlite" : "etcd"; }

// Said before anything is sent: an order whose answer is lost may be carried out later.
ControlResponse metadata_away(const std::string& trouble, const char* so) {
  if (!trouble.empty()) {
    return failure(503, trouble +
                            "; nothing was done: give back the metadata that the group had, or restart its "
                            "members to go on with these (README: Metadata restored from a backup)");
  }
  return failure(503,
                 fmt::format("metadata are out of reach, so {}; nothing was done, try again when `shoalctl status` "
                             "shows them reachable",
                             so));
}
constexpr const char* kVolumesStay = "volumes can be neither made, changed nor deleted";

}  // namespace

const char* to_string(NodeState state) {
  switch (state) {
    case NodeState::starting: return "starting";
    case NodeState::serving: return "serving";
    case NodeState::stopping: return "stopping";
  }
  return "unknown";
}

void NodeControl::handle(ControlRequest request, Completion<ControlResponse> done) {
  auto answer = Once<ControlResponse>::make(std::move(done));
  if (state_ == NodeState::starting || !parts_.desk) {  // without a desk: told to stop before it was all there
    const std::string why = state_ == NodeState::starting ? ": it waits for " + waits_for_ : "";
    return answer->answer(failure(503, fmt::format("member {} is {}{}", parts_.config.member, to_string(state_), why)));
  }
  answer->within(parts_.runtime, kControlDeadline, [weak = weak_from_this(), request] {
    const auto self = weak.lock();
    return self ? self->late(request) : failure(503, "this member has ended");
  });
  route(request, [answer](ControlResponse response) { answer->answer(std::move(response)); });
}

ControlResponse NodeControl::late(const ControlRequest& request) const {
  return failure(504,
                 fmt::format("{} {} is not done after {} s; metadata in {} are {}. It may still be done: look before "
                             "you repeat it",
                             request.method, request.path,
                             std::chrono::duration_cast<std::chrono::seconds>(kControlDeadline).count(),
                             metadata_kind(parts_.config), parts_.meta.reachable() ? "reachable" : "out of reach"));
}

void NodeControl::route(const ControlRequest& request, Completion<ControlResponse> done) {
  const auto [plain_path, query] = split_query(request.path);
  const auto path = segments_of(plain_path);
  const bool get = request.method == "GET", post = request.method == "POST";
  const auto is = [&](std::size_t count, const char* first) { return path.size() == count && path[0] == first; };
  if (is(1, "status")) return done(get ? ok(status_json(view(), volume_views())) : not_allowed(request));
  if (is(1, "load")) return done(get ? ok(load_view()) : not_allowed(request));
  if (is(2, "load") && path[1] == "trace") {
    if (!get) return done(not_allowed(request));
    return parts_.trace_desk->step([done = std::move(done)](const json& step) mutable { done(ok(step)); });
  }
  if (is(1, "decisions")) return get ? list_decisions(query, std::move(done)) : done(not_allowed(request));
  if (is(2, "load")) return route_load(request, path[1], std::move(done));
  if (is(1, "members")) return get ? list_members(std::move(done)) : done(not_allowed(request));
  if (is(1, "config")) return done(get ? configuration() : not_allowed(request));
  if (is(1, "metrics")) {
    return done(get ? ControlResponse{200, metrics_text(view(), volume_views(), parts_.load->picture()),
                                      "text/plain; version=0.0.4"}
                    : not_allowed(request));
  }
  if (is(1, "volumes")) {
    if (post) return create_volume(request.body, std::move(done));
    return get ? list_volumes(std::move(done)) : done(not_allowed(request));
  }
  if (is(2, "volumes") || is(3, "volumes")) {
    return route_volume(request, path[1], path.size() == 3 ? path[2] : "", std::move(done));
  }
  if (is(1, "sessions")) {
    if (!get) return done(not_allowed(request));
    return parts_.desk->list([done = std::move(done)](const Gathered& sessions) mutable { done(ok(sessions.list)); });
  }
  if (is(3, "sessions")) return route_session(request, path[1], path[2], std::move(done));
  if (is(1, "faults") && parts_.faults) return done(parts_.faults->handle(request));
  if (is(3, "members")) return route_member(request, path[1], path[2], std::move(done));
  done(failure(404, "nothing is at " + request.path));
}

ControlResponse NodeControl::configuration() const {
  if (parts_.config.file.empty()) return failure(404, "this member was started without a configuration file");
  return {200, parts_.config.file};
}

void NodeControl::route_load(const ControlRequest& request, const std::string& order,
                             Completion<ControlResponse> done) {
  if (order == "rules") {
    return done(request.method == "GET" ? ok(rules_view(parts_.rules->rules())) : not_allowed(request));
  }
  if (!is_load_order(order)) return done(failure(404, "nothing is at " + request.path));
  if (request.method != "POST") return done(not_allowed(request));
  auto change = parse_load_order(order, request.body, load_names());
  if (!change) return done(failure(change.error().status, order + ": " + change.error().text));
  if (!parts_.meta.reachable())
    return done(metadata_away(parts_.meta.trouble(), "the rules of load cannot be changed"));
  const auto was_deleted = [this](ImageId image) { return parts_.volumes->was_deleted(image); };
  parts_.rules->change(cluster::without_pins_of(was_deleted, std::move(*change)),
                       [this, order, done = std::move(done)](auto result) mutable {
                         if (!result) return done(failure(result.error().status, order + ": " + result.error().text));
                         done(ok(rules_view(*result)));
                       });
}

void NodeControl::route_session(const ControlRequest& request, const std::string& id, const std::string& order,
                                Completion<ControlResponse> done) {
  if (order != "drop" && order != "move" && order != "why") return done(failure(404, "nothing is at " + request.path));
  if (request.method != (order == "why" ? "GET" : "POST")) return done(not_allowed(request));
  const auto name = load::parse_session_name(id);
  if (!name) return done(failure(400, "\"" + id + "\" is not a session; `shoalctl sessions` lists them"));
  if (order == "why") return tell_why(*name, std::move(done));
  if (order == "drop") return parts_.desk->drop(*name, std::move(done));
  const auto move = parse_move_order(request.body);
  if (!move) return done(failure(400, "move: " + move.error()));
  parts_.mover->move(*name, *move, std::move(done));
}

void NodeControl::route_member(const ControlRequest& request, const std::string& id, const std::string& order,
                               Completion<ControlResponse> done) {
  const bool of_store = order == "store" || order == "scrub";
  if (!of_store && order != "drain" && order != "undrain") return done(failure(404, "nothing is at " + request.path));
  if (request.method != (order == "store" ? "GET" : "POST")) return done(not_allowed(request));
  const auto member = of_store && id == "self" ? std::optional(parts_.config.member) : parse_member_id(id);
  if (!member) return done(failure(400, "\"" + id + "\" is not a member; `shoalctl member list` shows them"));
  if (of_store) return route_store(*member, request, std::move(done));
  const auto drain = parse_drain_order(order, request.body);
  if (!drain) return done(failure(400, order + ": " + drain.error()));
  parts_.drain->order(*member, *drain, std::move(done));
}

void NodeControl::route_store(MemberId member, const ControlRequest& request, Completion<ControlResponse> done) {
  if (request.method == "GET") return parts_.store_desk->ask(member, StoreOrder::show, std::move(done));
  const auto order = parse_scrub_order(request.body);
  if (!order) return done(failure(400, "scrub: " + order.error()));
  parts_.store_desk->ask(member, *order, std::move(done));
}

void NodeControl::list_decisions(const std::string& query, Completion<ControlResponse> done) const {
  const auto asked = parse_decision_query(query);
  if (!asked) return done(failure(400, "decisions: " + asked.error()));
  parts_.decision_desk->list(*asked, [names = volume_names(), done = std::move(done)](json answer) mutable {
    answer["volumes"] = std::move(names);
    done(ok(answer));
  });
}

// Who decided where its host logs in knows that host and volume, not the session that came of it.
void NodeControl::tell_why(const SessionName& session, Completion<ControlResponse> done) const {
  parts_.desk->list([weak = weak_from_this(), session, done = std::move(done)](const Gathered& sessions) mutable {
    const auto self = weak.lock();
    if (!self) return done(failure(503, "this member has ended"));
    const std::string id = to_string(session);
    json answer{{"id", id}, {"member_silent", std::ranges::count(sessions.missing, session.member) != 0}};
    for (const json& each : sessions.list) {
      if (each.at("id") == id) answer.update(each);
    }
    const std::string volume = answer.value("volume", "");
    DecisionQuery query{.last = load::kMaxDecisions};
    query.subject = {session, answer.value("initiator", ""), self->image_of(volume).value_or(ImageId{})};
    self->parts_.decision_desk->list(query, [id, answer, names = self->volume_names(),
                                             done = std::move(done)](json decisions) mutable {
      const bool known = answer.contains("member") || answer.at("member_silent").get<bool>();
      if (!known && decisions.at("decisions").empty()) {
        return done(failure(404, fmt::format("there is no session {}, and no decision about one; `shoalctl sessions` "
                                             "lists them",
                                             id)));
      }
      done(ok({{"session", std::move(answer)},
               {"decisions", std::move(decisions["decisions"])},
               {"missing", std::move(decisions["missing"])},
               {"volumes", std::move(names)}}));
    });
  });
}

// What a member that drains waits for is known only to itself.
void NodeControl::list_members(Completion<ControlResponse> done) const {
  json members = members_json(view());
  const bool drains =
      std::any_of(members.begin(), members.end(), [](const json& m) { return m["drain_ordered"] == true; });
  if (!drains) return done(ok(members));
  parts_.desk->list([members = std::move(members), done = std::move(done)](const Gathered& sessions) mutable {
    add_drain_notes(members, sessions);
    done(ok(members));
  });
}

void NodeControl::route_volume(const ControlRequest& request, const std::string& name, const std::string& rest,
                               Completion<ControlResponse> done) {
  if (request.method == "DELETE" && rest.empty()) return delete_volume(name, std::move(done));
  if (request.method == "DELETE" && rest == "chap") return change_access(name, without_chap(), std::move(done));
  if (request.method == "POST" && is_access_order(rest)) {
    auto change = parse_access_order(rest, request.body);
    if (!change) return done(failure(change.error().status, change.error().text));
    return change_access(name, std::move(*change), std::move(done));
  }
  if (request.method != "GET") return done(not_allowed(request));
  const auto& units = parts_.units->all();
  const auto unit = units.find(name);
  if (unit == units.end()) return done(no_such_volume(name));
  const VolumeView volume = view_of(unit->second.record, unit->second.device->map());
  if (rest.empty()) return show_volume(volume, std::move(done));
  done(rest == "map" ? ok(map_json(volume, places_of(view()))) : failure(404, "nothing is at " + request.path));
}

void NodeControl::create_volume(const std::string& body, Completion<ControlResponse> done) {
  auto request = parse_volume_request(body);
  if (!request) return done(failure(request.error().status, request.error().text));
  if (!parts_.meta.reachable()) return done(metadata_away(parts_.meta.trouble(), kVolumesStay));
  parts_.volumes->create(std::move(*request), [this, done = std::move(done)](auto result) mutable {
    if (!result) return done(failure(result.error().status, result.error().text));
    json body = volume_json(view_of(*result, routing::PageMap::make(result->image)), places_of(view()));
    body["left_out"] = left_out_json(view(), result->image);
    done(ok(body));
  });
}

void NodeControl::change_access(const std::string& name, cluster::Volumes::ChangeAccess change,
                                Completion<ControlResponse> done) {
  if (!parts_.meta.reachable()) return done(metadata_away(parts_.meta.trouble(), kVolumesStay));
  parts_.volumes->change_access(name, std::move(change), [this, done = std::move(done)](auto result) mutable {
    if (!result) return done(failure(result.error().status, result.error().text));
    done(ok(volume_json(view_of(*result, routing::PageMap::make(result->image)), places_of(view()))));
  });
}

void NodeControl::delete_volume(const std::string& name, Completion<ControlResponse> done) {
  if (!parts_.meta.reachable()) return done(metadata_away(parts_.meta.trouble(), kVolumesStay));
  parts_.volumes->remove(name, [done = std::move(done)](auto result) mutable {
    if (!result) return done(failure(result.error().status, result.error().text));
    done(ok({{"message", "volume " + result->name + " was deleted"}, {"name", result->name}}));
  });
}

MemberView NodeControl::view() const {
  MemberView view;
  view.group = parts_.config.group;
  view.self = parts_.config.member;
  view.state = to_string(state_);
  view.uptime_s = static_cast<std::uint64_t>(
      std::chrono::duration_cast<std::chrono::seconds>(parts_.runtime.now() - parts_.started).count());
  view.metadata_kind = metadata_kind(parts_.config);
  view.metadata_reachable = parts_.meta.reachable();
  view.metadata_problem = parts_.meta.problem();
  view.metadata_trouble = parts_.meta.trouble();
  view.members = *parts_.members->all();
  if (parts_.links) {
    for (const auto& link : parts_.links->links()) view.peers[link.member] = peer_view(link);
  }
  for (const auto& store : parts_.pages->stores()) {
    view.stores.push_back({store->id(), store->kind(), store->state(), store->space(), store->repair_counters()});
  }
  if (parts_.scrubber) view.scrub = parts_.scrubber->status();
  view.spaces = known_space(*parts_.pages, parts_.load->table());
  view.volumes = parts_.units->counters();
  view.pages = parts_.pages->counters();
  view.server = parts_.server->counters();
  view.sessions = parts_.server->sessions().size();
  if (parts_.mover) view.moves = parts_.mover->counters();
  view.decisions = parts_.decisions.counters();
  if (parts_.policy) view.ignored_redirects = parts_.policy->ignored_redirects();
  if (const auto& chap = parts_.config.logins.discovery_chap) view.discovery_secrets = parts_.secrets.check(*chap);
  return view;
}

std::vector<VolumeView> NodeControl::volume_views() const {
  std::vector<VolumeView> views;
  for (const auto& [name, unit] : parts_.units->all()) views.push_back(view_of(unit.record, unit.device->map()));
  return views;
}

VolumeView NodeControl::view_of(const cluster::VolumeRecord& record, routing::PageMap::Snapshot map) const {
  VolumeView volume{record, std::move(map), {}, allocated_here(*parts_.pages, record.image.id)};
  if (record.access.chap) volume.secrets = parts_.secrets.check(*record.access.chap);
  return volume;
}

json NodeControl::load_view() const {
  json view = load::load_json(parts_.load->table(), parts_.runtime.now());
  view["volumes"] = volume_names();
  return view;
}

// By their images, where they are known here.
json NodeControl::volume_names() const {
  json names = json::object();
  for (const auto& [name, unit] : parts_.units->all()) names[fmt::format("{}", unit.record.image.id)] = name;
  return names;
}

std::optional<ImageId> NodeControl::image_of(const std::string& volume) const {
  const auto unit = parts_.units->all().find(volume);
  return unit == parts_.units->all().end() ? std::nullopt : std::optional(unit->second.record.image.id);
}

LoadNames NodeControl::load_names() const {
  LoadNames names;
  for (const auto& [id, member] : *parts_.members->all()) names.members.insert(id);
  for (const auto& [name, unit] : parts_.units->all()) names.volumes.emplace(name, unit.record.image.id);
  return names;
}

json NodeControl::rules_view(const cluster::LoadRules& rules) const {
  const auto configured = parts_.config.logins.allocate ? std::optional(parts_.config.policy) : std::nullopt;
  return load_rules_json(rules, configured, load_names());
}

// What volumes take of the stores each member knows only of its own.
void NodeControl::list_volumes(Completion<ControlResponse> done) const {
  parts_.allocations->take([weak = weak_from_this(), done = std::move(done)](const Allocations& allocations) mutable {
    const auto self = weak.lock();
    if (!self) return done(failure(503, "this member has ended"));
    const StorePlaces places = places_of(self->view());
    json list = json::array();
    for (const VolumeView& volume : self->volume_views()) {
      json body = volume_json(volume, places);
      add_allocation(body, volume, allocations);
      list.push_back(std::move(body));
    }
    done(ok(list));
  });
}

void NodeControl::show_volume(const VolumeView& volume, Completion<ControlResponse> done) const {
  json body = volume_json(volume, places_of(view()));
  parts_.allocations->take([body, volume, done = std::move(done)](const Allocations& allocations) mutable {
    add_allocation(body, volume, allocations);
    done(ok(body));
  });
}

}  // namespace shoal

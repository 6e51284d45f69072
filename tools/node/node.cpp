#include "tools/node/node.h"

#include <algorithm>
#include <utility>

#include "cluster/group_identity.h"
#include "cluster/image_counter.h"
#include "cluster/load/host_owners.h"
#include "routing/journal_store/journal_store.h"
#include "routing/memory_store.h"
#include "target/base/countdown.h"
#include "tools/node/availability.h"
#include "tools/node/group_space.h"
#include "tools/node/node_control.h"
#include "tools/node/node_parts.h"

namespace shoal {
namespace {

constexpr std::size_t kShards = 1;
constexpr Duration kDrainWithin = 1s;  // for the metadata to take in that this member stops

using Started = Result<void, std::string>;

std::string cannot_listen(const Endpoint& at, const char* key, NetError error) {
  return fmt::format("cannot listen on {} (key \"{}\"): {}; {}", at.to_string(), key, to_string(error),
                     error == NetError::in_use ? "end the other program or choose another port"
                                               : "choose an address and port of this machine");
}

server::ServerConfig server_config(const NodeConfig& config) {
  server::ServerConfig server;
  const NodeLimits& limits = config.limits;
  server.limits = {
      .connections = limits.connections,
      .sessions = limits.sessions,
      .admission = {limits.half_open, limits.half_open_per_address, limits.login_bytes, limits.login_bytes_per_address},
      .held_read_bytes = limits.held_read_bytes,
      .held_write_bytes = limits.held_write_bytes,
      .failed_logins_per_minute = static_cast<unsigned>(limits.failed_logins_per_minute)};
  server.connection.command_window = static_cast<std::uint32_t>(limits.commands_per_session);
  server.connection.outstanding_write_bytes = limits.write_bytes_per_session;
  server.connection.login_timeout = config.login_timeout;
  server.connection.ping_interval = config.ping_interval;
  return server;
}

routing::JournalStoreConfig store_config(const NodeParts& parts) {
  const NodeLimits& limits = parts.config.limits;
  routing::JournalStoreConfig config{.path = parts.config.store,
                                     .capacity_bytes = limits.store_bytes,
                                     .journal_bytes = limits.store_journal_bytes,
                                     .cache_bytes = limits.store_cache_bytes,
                                     .grow_bytes = limits.store_journal_bytes};
  if (const auto& room = parts.seams.file_system_room) {
    config.file_system_room = [room, path = config.path] { return room(path); };
  }
  return config;
}

std::vector<cluster::MemberStore> stores_of(const routing::PageService& pages) {
  std::vector<cluster::MemberStore> stores;
  for (const auto& store : pages.stores()) stores.push_back({store->id(), store->kind()});
  return stores;
}

std::vector<routing::PeerAddress> peers_of(const std::map<MemberId, cluster::MemberRecord>& members, MemberId self) {
  std::vector<routing::PeerAddress> peers;
  for (const auto& [id, member] : members) {
    if (id != self && member.peer.port != 0) peers.push_back({id, member.peer});
  }
  return peers;
}

// Who is out of reach learns a fence when its link returns; who has failed to take it in serves nothing of the image.
void tell_of_failures(const Log& log, ImageId image, const routing::FenceReport& report) {
  if (report.local != routing::PageStatus::ok) {
    log.warn("fence_failed image={} at=here status={}", image, routing::to_string(report.local));
  }
  for (const auto& peer : report.peers) {
    if (peer.outcome == routing::FenceOutcome::failed) log.warn("fence_failed image={} at={}", image, peer.member);
  }
}

}  // namespace

struct Node::Impl : std::enable_shared_from_this<Node::Impl> {
  Impl(Runtime& runtime, NodeConfig config, cluster::MetaStore& meta, Log log, NodeSeams seams)
      : parts(runtime, std::move(config), meta, std::move(log), std::move(seams)),
        group(runtime, parts.meta, parts.config.group, parts.log),
        control(std::make_shared<NodeControl>(parts)) {}

  // Nothing that was asked of a part is heard any more once the node is gone.
  template <class Method>
  auto guarded(Method method) {
    return [weak = weak_from_this(), method](auto&&... arguments) {
      if (const auto self = weak.lock()) (self.get()->*method)(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  void start(Completion<Started> done);
  void on_store(std::unique_ptr<routing::JournalStore> opened);
  void make_pages(std::unique_ptr<routing::JournalStore> opened);
  Started open_portals();
  Started listen(Endpoint& at, const char* key);
  void on_group(Result<GroupId, std::string> found);
  void join();
  void on_joined();
  Started open_links();
  void make_volumes();
  ImageId highest_image() const;
  void make_allocator();
  void make_unit_states(routing::PeerTransport* links);
  void start_load();
  void read_counters(load::Readings& readings) const;
  void make_moves(routing::PeerTransport* links);
  void make_balancer(routing::PeerTransport* links);
  void on_rules(const cluster::LoadRules& rules);
  void on_claim(const NexusName& nexus, bool known);
  void on_period() { parts.balancer->on_period(); }
  void on_members();
  void on_volumes(bool fresh);
  void on_stale_map(ImageId) {
    parts.volumes->refresh([] {});
  }
  void on_volumes_loaded();
  void on_rules_loaded();
  void on_sessions_loaded();
  void on_units_known();
  void on_units_overdue(MemberId keeper);
  void watch_space();
  void on_view(ImageId image, std::uint64_t generation, const std::vector<unit::Consequences>& consequences,
               Completion<> done);
  void on_replaced();
  void on_refused(std::string why) { finish(std::move(why)); }
  void end_sessions(ImageId image);
  void finish(Started result);

  void stop(Duration within, Completion<> done);
  void send_hosts_away(Duration within);
  void close_server(Duration within);
  void on_server_closed();
  void end_stop();

  NodeParts parts;
  std::shared_ptr<void> opening_store;
  routing::JournalStore* store = nullptr;  // one of the pages' stores; null: memory only
  cluster::GroupFinder group;
  GroupId group_id;
  std::shared_ptr<NodeControl> control;
  Completion<Started> started;
  Completion<> stopped;
  std::unique_ptr<Timer> draining;
  std::unique_ptr<Timer> moving;  // how long hosts have to go elsewhere
  std::function<void(std::string)> fatal;
};

void Node::Impl::start(Completion<Started> done) {
  started = std::move(done);
  if (parts.config.store.empty()) return on_store(nullptr);
  control->enter(NodeState::starting, fmt::format("its store {}", parts.config.store));
  opening_store =
      routing::JournalStore::open(parts.runtime, store_config(parts), parts.log,
                                  [this](Result<std::unique_ptr<routing::JournalStore>, std::string> store) {
                                    if (!store) return finish(store.error() + " (key \"store\")");
                                    on_store(std::move(*store));
                                  });
}

void Node::Impl::on_store(std::unique_ptr<routing::JournalStore> opened) {
  make_pages(std::move(opened));
  if (auto result = open_portals(); !result) return finish(std::move(result));
  control->enter(NodeState::starting, "metadata, to join the group");
  group.find(guarded(&Impl::on_group));
}

// Before the group hears of this start: a store of another group must not be in its records.
void Node::Impl::on_group(Result<GroupId, std::string> found) {
  if (!found) return finish(found.error());
  group_id = *found;
  parts.meta.guard(group_id);
  if (!store) return join();
  store->bind_to_group(group_id, [this](Result<void, std::string> bound) {
    if (!bound) return finish(bound.error() + " (key \"store\")");
    join();
  });
}

void Node::Impl::finish(Started result) {
  if (auto done = std::exchange(started, {})) done(std::move(result));
}

void Node::Impl::make_pages(std::unique_ptr<routing::JournalStore> opened) {
  std::vector<std::unique_ptr<routing::PageStore>> stores;
  store = opened.get();
  if (opened) {
    stores.push_back(std::make_unique<routing::MeteredStore>(parts.runtime, std::move(opened), *parts.load));
  }
  const std::uint64_t memory = parts.config.limits.memory_store_bytes.value_or(routing::kNoMemoryBound);
  stores.push_back(std::make_unique<routing::MemoryStore>(parts.runtime.random(), memory));
  parts.pages = std::make_unique<routing::PageService>(parts.runtime, kShards, std::move(stores),
                                                       routing::PageServiceLimits{}, parts.log);
  parts.local_pages = std::make_unique<routing::PageServiceAdapter>(*parts.pages);
  if (parts.seams.pages) parts.local_pages = parts.seams.pages(std::move(parts.local_pages));
}

// Before the group hears of this start: a second process with the same configuration ends here and replaces nobody.
Started Node::Impl::open_portals() {
  server::ServerConfig config = server_config(parts.config);
  config.standstill = parts.seams.standstill;
  parts.server = std::make_unique<server::TargetServer>(parts.runtime, parts.door, parts.door, parts.door,
                                                        std::move(config), parts.log);
  for (Endpoint& portal : parts.config.group_portals) {
    if (auto result = listen(portal, "group_portals"); !result) return result;
  }
  return parts.config.member_portal ? listen(*parts.config.member_portal, "member_portal") : Started{};
}

Started Node::Impl::listen(Endpoint& at, const char* key) {
  const auto listening = parts.server->listen(at);
  if (!listening) return cannot_listen(at, key, listening.error());
  at = *listening;
  return {};
}

void Node::Impl::join() {
  cluster::MemberRecord record;
  record.id = parts.config.member;
  record.group_portals = parts.config.group_portals;
  record.member_portal = parts.config.member_portal.value_or(Endpoint{});
  record.peer = parts.config.peer.value_or(Endpoint{});
  record.control = parts.config.control.value_or(Endpoint{});
  record.stores = stores_of(*parts.pages);
  parts.members = std::make_unique<cluster::Members>(parts.runtime, parts.meta, std::move(record), parts.log);
  parts.members->on_replaced(guarded(&Impl::on_replaced));
  parts.members->on_refused(guarded(&Impl::on_refused));
  parts.members->join(guarded(&Impl::on_joined));
}

void Node::Impl::on_joined() {
  if (auto result = open_links(); !result) return finish(std::move(result));
  parts.rules = std::make_unique<cluster::GroupLoadRules>(parts.runtime, parts.meta, parts.log);
  make_volumes();
  start_load();
  parts.members->on_change(guarded(&Impl::on_members));
  on_members();
  control->enter(NodeState::starting, "the list of volumes");
  parts.volumes->load(guarded(&Impl::on_volumes_loaded));
}

Started Node::Impl::open_links() {
  if (!parts.config.peer) return {};
  routing::LinkIdentity self{
      parts.config.member, parts.members->self().incarnation, {}, parts.config.group, parts.config.group_key};
  for (const auto& store : parts.pages->stores()) self.stores.push_back(store->id());
  parts.links = std::make_unique<routing::PeerTransport>(parts.runtime, std::move(self), *parts.local_pages, parts.log,
                                                         parts.seams.links);
  const auto listening = parts.links->listen(*parts.config.peer);
  if (!listening) return cannot_listen(*parts.config.peer, "peer", listening.error());
  return {};
}

void Node::Impl::make_volumes() {
  routing::RouterLimits limits = parts.seams.router;
  limits.page_hold = parts.config.page_hold;
  routing::PeerTransport* links = parts.links.get();
  parts.router = std::make_unique<routing::Router>(parts.runtime, parts.config.member, *parts.local_pages, links,
                                                   parts.log, limits);
  parts.volumes =
      std::make_unique<cluster::Volumes>(parts.runtime, parts.meta, *parts.members, parts.config.iqn_prefix, parts.log);
  parts.census = std::make_unique<cluster::ImageCensus>(*parts.members, links, [this] { return highest_image(); });
  parts.volumes->guard_creation(group_id,
                                [this](Completion<cluster::Census> done) { parts.census->take(std::move(done)); });
  parts.router->on_stale_map(guarded(&Impl::on_stale_map));
  const auto fence = [this](const routing::Fence& fence, Duration within, Completion<> done) {
    parts.router->fence(fence, within,
                        [log = parts.log, image = fence.image, done = std::move(done)](const auto& report) mutable {
                          tell_of_failures(log, image, report);
                          done();
                        });
  };
  parts.sessions =
      std::make_unique<cluster::GroupSessions>(parts.runtime, parts.meta, *parts.members, links, fence, parts.log);
  parts.volumes->on_busy([this](ImageId image, Completion<cluster::ImageUse> done) {
    parts.sessions->release_idle(image, std::move(done));
  });
  const auto space = [this] { return known_space(*parts.pages, parts.load->table()); };
  parts.volumes->place_by(space);
  make_unit_states(links);
  parts.units = std::make_unique<Units>(
      *parts.volumes, *parts.unit_states, *parts.router, *parts.pages, *parts.load,
      [this](ImageId image) { end_sessions(image); }, parts.log);
  parts.units->know_space([space](const std::vector<StoreId>& stores) { return pool_space(stores, space()); },
                          parts.config.space_threshold_percent);
  parts.allocations = std::make_unique<AllocationDesk>(*parts.members, *parts.pages, links);
  parts.units->set_portals(parts.config.group_portals, parts.config.member_portal);
  if (parts.config.allow_faults) {
    parts.faults = std::make_unique<Faults>(parts.runtime, *parts.load);
    parts.units->wrap_devices([this](auto device) { return parts.faults->paced(std::move(device)); });
    parts.log.warn("faults_allowed member={}: whoever reaches its control port can make it fail", parts.config.member);
  }
  make_allocator();
  parts.policy = std::make_unique<cluster::RedirectPolicy>(
      parts.config.logins, *parts.members, *parts.volumes, *parts.sessions, *parts.allocator,
      [links](MemberId member) { return links && links->connected(member); },
      [this](const cluster::ChapSettings& settings) { return parts.secrets.credentials(settings); },
      [this] { return parts.runtime.now(); });
  parts.desk = std::make_shared<SessionDesk>(parts.runtime, parts.config.member, *parts.server, *parts.sessions,
                                             *parts.members, links, parts.log);
  parts.desk->serve_peers();
  make_moves(links);
}

void Node::Impl::make_allocator() {
  const auto now = [this] { return parts.runtime.now(); };
  cluster::LoadSource load{[this] { return parts.load->latest(); },
                           [this, now](const std::string& initiator_name, ImageId volume) {
                             return load::owners_of(parts.load->table(), now(), initiator_name, volume);
                           }};
  parts.allocator = std::make_unique<cluster::Allocator>(
      parts.config.member, load::PlacementRules{parts.config.policy, {}}, *parts.sessions, std::move(load), now);
  parts.sessions->on_placed_elsewhere(
      [this](const NexusName& nexus, MemberId at) { parts.allocator->learn(nexus, at); });
  parts.allocator->on_allocated([this, now](const load::LoginName& login, const load::Placed& placed) {
    parts.decisions.placed(now(), login, placed);
  });
}

void Node::Impl::make_moves(routing::PeerTransport* links) {
  parts.mover =
      std::make_shared<SessionMover>(parts.runtime, parts.meta, *parts.server, *parts.sessions, *parts.members,
                                     *parts.policy, links, parts.config.limits.sessions, parts.log);
  parts.mover->places().set_picture([this] {
    const load::GroupLoad group = parts.load->picture();
    const auto own = group.members.find(parts.config.member);
    return LoadPicture{group, own == group.members.end() ? 0 : load::cost_of(own->second)};
  });
  parts.mover->serve_peers();
  parts.drain = std::make_shared<MemberDrain>(parts.runtime, parts.meta, *parts.members, *parts.server, *parts.desk,
                                              *parts.mover, links, parts.log);
  parts.drain->serve_peers();
  make_balancer(links);
}

void Node::Impl::make_balancer(routing::PeerTransport* links) {
  parts.local_sessions = std::make_unique<LocalSessions>(parts.config.member, *parts.load, *parts.server,
                                                         *parts.sessions, parts.meta, *parts.rules, *parts.mover);
  parts.balancer = std::make_shared<LoadBalancer>(parts.runtime, parts.config.member, *parts.local_sessions,
                                                  parts.decisions, parts.log);
  parts.rules->on_change(guarded(&Impl::on_rules));
  parts.mover->watch(parts.balancer);
  parts.load->on_period(guarded(&Impl::on_period));
  parts.sessions->on_move_elsewhere(
      [this](const cluster::NexusRecord& moved) { parts.balancer->on_move_elsewhere(moved); });
  parts.door.on_claim([this](const NexusName& nexus) { return parts.sessions->known(nexus).has_value(); },
                      guarded(&Impl::on_claim));
  parts.decision_desk = std::make_shared<DecisionDesk>(parts.runtime, *parts.members, parts.decisions, links);
  parts.decision_desk->serve_peers();
  parts.trace_desk = std::make_shared<TraceDesk>(
      *parts.members, links, [this] { return parts.load->picture(); },
      [this]() -> const std::vector<load::OwnSession>& { return parts.balancer->sessions(); });
  parts.trace_desk->serve_peers();
}

void Node::Impl::on_rules(const cluster::LoadRules& rules) {
  const load::PlacementPolicy policy = rules.policy.value_or(parts.config.policy);
  parts.allocator->set_rules({policy, rules.pins});
  parts.balancer->set_rules({.mode = rules.balance, .affinity = policy == load::PlacementPolicy::affinity});
}

void Node::Impl::on_claim(const NexusName& nexus, bool known) {
  parts.mover->on_claim(nexus, known);
  parts.balancer->on_login(nexus, known);
}

// That this member knows, or has pages of although nobody knows it.
ImageId Node::Impl::highest_image() const {
  ImageId highest = parts.volumes->highest_seen();
  for (const auto& store : parts.pages->stores()) {
    for (const ImageId image : store->images()) {
      if (image.value < cluster::kMaxImage) highest = std::max(highest, image);
    }
  }
  return highest;
}

void Node::Impl::make_unit_states(routing::PeerTransport* links) {
  parts.unit_states = std::make_unique<cluster::UnitStates>(
      parts.runtime, parts.meta, *parts.members, links,
      [this](ImageId image, std::uint64_t generation, const std::vector<unit::Consequences>& consequences,
             Completion<> done) { on_view(image, generation, consequences, std::move(done)); },
      parts.log);
  if (!links) return;
  parts.on_link_up = std::make_unique<LinkUp>([this](MemberId member) { parts.unit_states->on_link_up(member); });
  links->subscribe(*parts.on_link_up);
}

void Node::Impl::start_load() {
  parts.load->start(
      *parts.members, parts.links.get(), [this](load::Readings& readings) { read_counters(readings); },
      [this](load::LoadReport& report) {
        report.draining = !parts.members->self().takes_hosts();
        report.weight = parts.rules->rules().weight_of(parts.config.member);
        report.rooms = rooms_of(*parts.pages);
      });
}

void Node::Impl::read_counters(load::Readings& readings) const {
  const server::ServerCounters hosts = parts.server->counters();
  readings.host_bytes_in = hosts.received_bytes;
  readings.host_bytes_out = hosts.sent_bytes;
  for (const routing::LinkStatus& link : parts.links ? parts.links->links() : std::vector<routing::LinkStatus>{}) {
    readings.peer_bytes_in += link.received_bytes;
    readings.peer_bytes_out += link.sent_bytes;
  }
  const routing::PageCounters pages = parts.pages->counters();
  readings.served_requests = pages.peer_requests;
  readings.served_bytes = pages.peer_bytes;
  if (parts.seams.read_process) parts.seams.read_process(readings);
}

// Owners of pages first: what comes from a member that does not have this view is refused from now on.
void Node::Impl::on_view(ImageId image, std::uint64_t generation, const std::vector<unit::Consequences>& consequences,
                         Completion<> done) {
  parts.pages->raise_reservation(image, generation);
  const Countdown ends(std::move(done));
  Completion<> all_told = ends.part();
  for (const unit::Consequences& each : consequences) parts.server->suffer(image, each, ends.part());
  all_told();
}

void Node::Impl::on_members() {
  const auto members = parts.members->all();
  parts.router->set_directory(std::make_shared<const routing::StoreDirectory>(
      directory_of(*members, parts.config.member, stores_of(*parts.pages))));
  if (parts.links) parts.links->update_members(peers_of(*members, parts.config.member));
  parts.unit_states->on_members();
  parts.load->on_members();
}

// A host that is not allowed any more finds nothing when it comes back. Who has proven itself and is still allowed
// stays, whatever becomes of CHAP.
void Node::Impl::on_volumes(bool fresh) {
  parts.units->follow(fresh);
  parts.server->end_sessions("the volume's lists do not allow it any more", [this](const auto& session) {
    const cluster::VolumeRecord* volume = parts.volumes->find_target(session.target_name);
    return volume && volume->image.id == session.nexus.image &&
           !cluster::may_log_in(volume->access, session.nexus.initiator_name);
  });
}

void Node::Impl::on_volumes_loaded() {
  parts.volumes->on_change(guarded(&Impl::on_volumes));
  parts.units->follow(true);
  control->enter(NodeState::starting, "the rules of load");
  parts.rules->load(guarded(&Impl::on_rules_loaded));
}

void Node::Impl::on_rules_loaded() {
  control->enter(NodeState::starting, "the list of sessions");
  parts.sessions->load(guarded(&Impl::on_sessions_loaded));
}

void Node::Impl::on_sessions_loaded() {
  control->enter(NodeState::starting, "the keeper of reservations");
  parts.unit_states->start(guarded(&Impl::on_units_known), guarded(&Impl::on_units_overdue));
}

// No host is let in before: who reserves a unit, and whether it is ready, would be a guess.
void Node::Impl::on_units_overdue(MemberId keeper) {
  const std::string why =
      keeper == MemberId{}
          ? std::string("a keeper of reservations: the metadata name none; see that they are reachable")
          : fmt::format(
                "the keeper of reservations, member {}, which does not answer; see that it "
                "runs and that its peer address is reachable from here",
                keeper);
  parts.door.close("this member waits for " + why);
  control->enter(NodeState::starting, why);
}

void Node::Impl::on_units_known() {
  parts.door.open(*parts.policy, *parts.sessions, *parts.units);
  control->enter(NodeState::serving);
  parts.drain->follow();
  watch_space();
  parts.log.info("member_serves member={} volumes={}", parts.config.member, parts.units->all().size());
  finish({});
}

void Node::Impl::watch_space() {
  parts.space_watch =
      std::make_shared<SpaceWatch>(*parts.pages, *parts.units, parts.config.space_threshold_percent, parts.log);
  parts.load->on_period([this] { parts.space_watch->look(); });
}

void Node::Impl::on_replaced() {
  if (auto tell = std::exchange(fatal, {})) {
    tell(
        fmt::format("another process has started as member {} of group {}: this one must not go on; give each member "
                    "an id of its own (key \"member\")",
                    parts.config.member, parts.config.group));
  }
}

void Node::Impl::end_sessions(ImageId image) {
  for (const auto& session : parts.server->sessions()) {
    if (session.nexus.image != image) continue;
    if (SessionControl* control = parts.server->session(session.number)) control->end("the volume was deleted", [] {});
  }
}

// The others hear of it first: where hosts that are sent away are placed anew, this member is not to be named.
void Node::Impl::stop(Duration within, Completion<> done) {
  stopped = std::move(done);
  control->enter(NodeState::stopping);
  parts.door.close("this member stops");
  if (!parts.server) return on_server_closed();
  if (!parts.links || !parts.desk) return close_server(within);
  const Duration telling = std::min<Duration>(kDrainWithin, within / 4);
  const auto told = [weak = weak_from_this(), rest = within - telling] {
    const auto self = weak.lock();
    if (self && std::exchange(self->draining, nullptr)) self->send_hosts_away(rest);
  };
  draining = parts.runtime.after(telling, told);
  parts.members->set_draining(told);
}

// Hosts are to find their sessions released, so that they are placed at another member at once.
void Node::Impl::send_hosts_away(Duration within) {
  const auto move_on = [weak = weak_from_this(), within] {
    const auto self = weak.lock();
    if (self && std::exchange(self->moving, nullptr)) self->close_server(within / 2);
  };
  moving = parts.runtime.after(within / 2, move_on);
  parts.desk->drop_all("this member stops", move_on);
}

void Node::Impl::close_server(Duration within) { parts.server->stop(within, guarded(&Impl::on_server_closed)); }

// What other members still ask for goes into the journal, and is replayed at the next start.
void Node::Impl::on_server_closed() {
  if (!store) return end_stop();
  store->close([this](const Result<void, routing::StoreError>&) { end_stop(); });
}

void Node::Impl::end_stop() {
  if (auto done = std::exchange(stopped, {})) done();
}

Node::Node(Runtime& runtime, NodeConfig config, cluster::MetaStore& meta, Log log, NodeSeams seams)
    : impl_(std::make_shared<Impl>(runtime, std::move(config), meta, std::move(log), std::move(seams))) {}

Node::~Node() = default;

void Node::start(Completion<Started> done) { impl_->start(std::move(done)); }
void Node::stop(Duration within, Completion<> done) { impl_->stop(within, std::move(done)); }
void Node::on_fatal(std::function<void(std::string)> fatal) { impl_->fatal = std::move(fatal); }

std::vector<Endpoint> Node::group_portals() const { return impl_->parts.config.group_portals; }

std::vector<std::string> Node::target_names() const {
  std::vector<std::string> names;
  if (!impl_->parts.units) return names;
  for (const auto& [name, unit] : impl_->parts.units->all()) names.push_back(unit.record.iqn);
  return names;
}

void Node::handle(ControlRequest request, Completion<ControlResponse> done) {
  impl_->control->handle(std::move(request), std::move(done));
}

}  // namespace shoal

#include "cluster/image_counter.h"
#include "cluster/load/host_owners.h"
#include "target/base/countdown.h"
#include "tools/node/availability.h"
#include "tools/node/group_space.h"
#include "tools/node/node_impl.h"

namespace shoal {
namespace {

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

std::vector<cluster::MemberStore> stores_of(const routing::PageService& pages) {
  std::vector<cluster::MemberStore> stores;
  for (const auto& store : pages.stores()) stores.push_back({store->id(), store->kind()});
  return stores;
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
  make_scrubber();
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

void Node::Impl::make_scrubber() {
  const auto map_of = [this](ImageId image) -> routing::PageMap::Snapshot {
    for (const auto& [name, unit] : parts.units->all()) {
      if (unit.record.image.id == image) return unit.device->map();
    }
    return nullptr;
  };
  const routing::ScrubSettings settings{parts.config.limits.scrub_bytes_per_second, parts.config.scrub_interval};
  if (parts.journal) {
    routing::PageStore& store = *parts.pages->store(parts.journal->id());
    parts.scrubber =
        std::make_shared<routing::Scrubber>(parts.runtime, *parts.pages, store, map_of, settings, parts.log);
  }
  parts.store_desk = std::make_shared<StoreDesk>(parts.runtime, *parts.members, parts.journal, parts.scrubber,
                                                 *parts.units, parts.links.get());
  parts.store_desk->serve_peers();
}

void Node::Impl::watch_space() {
  parts.space_watch =
      std::make_shared<SpaceWatch>(*parts.pages, *parts.units, parts.config.space_threshold_percent, parts.log);
  parts.load->on_period([this] { parts.space_watch->look(); });
}

void Node::Impl::end_sessions(ImageId image) {
  for (const auto& session : parts.server->sessions()) {
    if (session.nexus.image != image) continue;
    if (SessionControl* control = parts.server->session(session.number)) control->end("the volume was deleted", [] {});
  }
}

}  // namespace shoal

#include "routing/memory_store.h"
#include "tools/node/node_impl.h"

namespace shoal {
namespace {

constexpr std::size_t kShards = 1;
constexpr Duration kFirstScrub = std::chrono::hours(1);  // where scrubs are wanted

std::string cannot_listen(const Endpoint& at, const char* key, NetError error) {
  return fmt::format("cannot listen on {} (key \"{}\"): {}; {}", at.to_string(), key, to_string(error),
                     error == NetError::in_use ? "end the other program or choose another port"
                                               : "choose an address and port of this machine");
}

std::string is_older_copy(std::uint64_t checkpoint, std::uint64_t last_opened_at) {
  return fmt::format(
      "it is an older copy of the store: the newest checkpoint in it is {}, and this member last opened it at {}. What "
      "was acknowledged since is not in it. Nothing was changed. Give back the newest copy, or, if this is all that is "
      "left, start once with --accept-older-store",
      checkpoint, last_opened_at);
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

}  // namespace

// ---- portals and store ----------------------------------------------------------------------------------------------

void Node::Impl::start(Completion<Started> done) {
  started = std::move(done);
  if (auto result = open_portals(); !result) return finish(std::move(result));
  control->enter(NodeState::starting, "metadata, to join the group");
  group.find(guarded(&Impl::on_group));
}

void Node::Impl::on_group(Result<GroupId, std::string> found) {
  if (!found) return finish(found.error());
  group_id = *found;
  parts.meta.guard(group_id);
  last_record.read(guarded(&Impl::on_last_record));
}

// The store is opened by what the metadata tell of it: opening it is the first change of it.
void Node::Impl::on_last_record(std::optional<cluster::MemberRecord> record) {
  last = std::move(record);
  if (parts.config.store.empty()) return on_store(nullptr);
  control->enter(NodeState::starting, fmt::format("its store {}", parts.config.store));
  routing::JournalStoreConfig config = store_config(parts);
  config.admit = [this](const StoreId& store, std::uint64_t checkpoint) { return admit_store(store, checkpoint); };
  opening_store = routing::JournalStore::open(
      parts.runtime, config, parts.log, [this](Result<std::unique_ptr<routing::JournalStore>, std::string> store) {
        if (!store) return finish(store.error() + " (key \"store\")");
        on_store(std::move(*store));
      });
}

// An older copy lacks pages, and has old ones: both would be served as if they were what hosts have written.
Started Node::Impl::admit_store(const StoreId& store, std::uint64_t checkpoint) const {
  const auto missing = last ? cluster::missing_checkpoint(*last, store, checkpoint) : std::nullopt;
  if (!missing) return {};
  if (!parts.config.accept_older_store) return is_older_copy(checkpoint, *missing);
  parts.log.warn("store_older_accepted path={} store={} checkpoint={} last_opened_at={}",
                 shoal::quoted(parts.config.store), store, checkpoint, *missing);
  return {};
}

// Before the group hears of this start: a store of another group must not be in its records.
void Node::Impl::on_store(std::unique_ptr<routing::JournalStore> opened) {
  make_pages(std::move(opened));
  if (!parts.journal) return join();
  parts.journal->bind_to_group(group_id, [this](Result<void, std::string> bound) {
    if (!bound) return finish(bound.error() + " (key \"store\")");
    join();
  });
}

void Node::Impl::finish(Started result) {
  if (auto done = std::exchange(started, {})) done(std::move(result));
}

void Node::Impl::make_pages(std::unique_ptr<routing::JournalStore> opened) {
  std::vector<std::unique_ptr<routing::PageStore>> stores;
  parts.journal = opened.get();
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
  if (parts.journal) record.checkpoints[parts.journal->id()] = parts.journal->figures().checkpoint;
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
  if (parts.scrubber) parts.scrubber->wait(kFirstScrub);
  parts.log.info("member_serves member={} volumes={}", parts.config.member, parts.units->all().size());
  finish({});
}

}  // namespace shoal

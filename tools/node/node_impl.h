// Node::Impl: one member while it starts, serves and stops. node_start.cpp has the way to serving, step by step;
// node_assembly.cpp has how its parts are made and what they tell each other; node.cpp has its end.
#pragma once

#include <algorithm>
#include <memory>
#include <string>
#include <utility>

#include "cluster/group_identity.h"
#include "cluster/last_record.h"
#include "routing/journal_store/journal_store.h"
#include "tools/node/node.h"
#include "tools/node/node_control.h"
#include "tools/node/node_parts.h"

namespace shoal {

using Started = Result<void, std::string>;

std::vector<cluster::MemberStore> stores_of(const routing::PageService& pages);

struct Node::Impl : std::enable_shared_from_this<Node::Impl> {
  Impl(Runtime& runtime, NodeConfig config, cluster::MetaStore& meta, Log log, NodeSeams seams)
      : parts(runtime, std::move(config), meta, std::move(log), std::move(seams)),
        group(runtime, parts.meta, parts.config.group, parts.log),
        last_record(runtime, parts.meta, parts.config.member),
        control(std::make_shared<NodeControl>(parts)) {}

  // Nothing that was asked of a part is heard any more once the node is gone.
  template <class Method>
  auto guarded(Method method) {
    return [weak = weak_from_this(), method](auto&&... arguments) {
      if (const auto self = weak.lock()) (self.get()->*method)(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  void start(Completion<Started> done);
  Started open_portals();
  Started listen(Endpoint& at, const char* key);
  void on_group(Result<GroupId, std::string> found);
  void on_last_record(std::optional<cluster::MemberRecord> record);
  Started admit_store(const StoreId& store, std::uint64_t checkpoint) const;
  void on_store(std::unique_ptr<routing::JournalStore> opened);
  void make_pages(std::unique_ptr<routing::JournalStore> opened);
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
  void make_scrubber();
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
  cluster::GroupFinder group;
  cluster::LastRecord last_record;
  std::optional<cluster::MemberRecord> last;  // null: of a member that was never here
  GroupId group_id;
  std::shared_ptr<NodeControl> control;
  Completion<Started> started;
  Completion<> stopped;
  std::unique_ptr<Timer> draining;
  std::unique_ptr<Timer> moving;  // how long hosts have to go elsewhere
  std::function<void(std::string)> fatal;
};

}  // namespace shoal

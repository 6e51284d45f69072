// NodeParts: the parts of one member in the order in which they are built; they end in the reverse order, hosts first.
#pragma once

#include <memory>

#include "cluster/group_load_rules.h"
#include "cluster/group_meta.h"
#include "cluster/group_sessions.h"
#include "cluster/image_census.h"
#include "cluster/members.h"
#include "cluster/redirect_policy.h"
#include "cluster/unit_states.h"
#include "cluster/volumes.h"
#include "routing/page_service_adapter.h"
#include "routing/peer_transport.h"
#include "routing/router.h"
#include "target/server/target_server.h"
#include "tools/node/allocation_desk.h"
#include "tools/node/config.h"
#include "tools/node/decision_desk.h"
#include "tools/node/decisions.h"
#include "tools/node/faults.h"
#include "tools/node/front_door.h"
#include "tools/node/load_balancer.h"
#include "tools/node/load_monitor.h"
#include "tools/node/local_sessions.h"
#include "tools/node/member_drain.h"
#include "tools/node/node_seams.h"
#include "tools/node/secret_files.h"
#include "tools/node/session_desk.h"
#include "tools/node/session_mover.h"
#include "tools/node/space_watch.h"
#include "tools/node/store_desk.h"
#include "tools/node/trace_desk.h"
#include "tools/node/units.h"

namespace shoal {

// Passes on that a link has come up.
class LinkUp final : public routing::PeerLinks::Listener {
 public:
  explicit LinkUp(std::function<void(MemberId)> then) : then_(std::move(then)) {}
  void on_link_up(MemberId member) override { then_(member); }

 private:
  std::function<void(MemberId)> then_;
};

struct NodeParts {
  NodeParts(Runtime& runtime, NodeConfig config, cluster::MetaStore& meta, Log log, NodeSeams seams)
      : runtime(runtime),
        config(std::move(config)),
        log(std::move(log)),
        meta(runtime, meta, this->log),
        seams(std::move(seams)),
        started(runtime.now()),
        load(std::make_unique<LoadMonitor>(runtime, this->config.member, this->log)),
        decisions(this->config.member),
        secrets(this->log) {}

  Runtime& runtime;
  NodeConfig config;
  Log log;
  cluster::GroupMeta meta;
  NodeSeams seams;
  Time started;

  std::unique_ptr<LoadMonitor> load;
  Decisions decisions;
  std::unique_ptr<routing::PageService> pages;
  std::unique_ptr<routing::LocalPages> local_pages;
  routing::JournalStore* journal = nullptr;  // one of the pages' stores; null: memory only
  std::shared_ptr<routing::Scrubber> scrubber;
  std::unique_ptr<cluster::Members> members;
  std::unique_ptr<cluster::GroupLoadRules> rules;
  std::unique_ptr<routing::PeerTransport> links;  // null: a single server
  std::unique_ptr<LinkUp> on_link_up;
  std::unique_ptr<routing::Router> router;
  std::unique_ptr<cluster::Volumes> volumes;
  std::unique_ptr<cluster::ImageCensus> census;
  std::unique_ptr<cluster::GroupSessions> sessions;
  std::unique_ptr<cluster::UnitStates> unit_states;
  std::unique_ptr<Units> units;
  std::unique_ptr<AllocationDesk> allocations;
  std::shared_ptr<SpaceWatch> space_watch;
  SecretFiles secrets;  // of CHAP
  std::unique_ptr<cluster::Allocator> allocator;
  std::unique_ptr<cluster::RedirectPolicy> policy;
  FrontDoor door;
  std::unique_ptr<server::TargetServer> server;
  std::shared_ptr<SessionDesk> desk;
  std::shared_ptr<SessionMover> mover;
  std::shared_ptr<MemberDrain> drain;
  std::unique_ptr<LocalSessions> local_sessions;
  std::shared_ptr<LoadBalancer> balancer;
  std::shared_ptr<DecisionDesk> decision_desk;
  std::shared_ptr<TraceDesk> trace_desk;
  std::shared_ptr<StoreDesk> store_desk;
  std::unique_ptr<Faults> faults;  // null: not allowed
};

}  // namespace shoal

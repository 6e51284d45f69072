// LoadBalancer: distributes this member's sessions by load: asks load::SessionBalancer once a period, has its moves
// made, tells it what happens to sessions, and puts on record what is decided (ARCHITECTURE.md, "Load"; the rules are
// cluster/load's).
//
// A member that drains is emptied by MemberDrain, several sessions at once and with the order's --force: the balancer
// holds there, or the two would order moves of the same sessions.
#pragma once

#include <memory>
#include <vector>

#include "cluster/load/session_balancer.h"
#include "cluster/load/verdict_filter.h"
#include "cluster/nexus_record.h"
#include "target/base/completion.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"
#include "tools/node/decisions.h"
#include "tools/node/move_watcher.h"
#include "tools/node/session_history.h"

namespace shoal {

// What the balancer sees of its member, and how it acts there.
class BalancedMember {
 public:
  virtual ~BalancedMember() = default;
  virtual load::Picture picture() const = 0;               // of this period
  virtual std::vector<LocalSession> sessions() const = 0;  // each with the id of its nexus, by its name
  virtual void move(std::uint64_t session, const MoveOrder& order, Completion<MoveResult> done) = 0;
};

class LoadBalancer final : public MoveWatcher, public std::enable_shared_from_this<LoadBalancer> {
 public:
  // All of it outlives this.
  LoadBalancer(Runtime& runtime, MemberId self, BalancedMember& member, Decisions& decisions, Log log);

  void set_rules(load::BalancerRules rules);
  void on_period();
  // A login was granted here; `known`: the group had a record of its nexus.
  void on_login(const NexusName& nexus, bool known) { history_.logged_in(runtime_.now(), nexus, known); }
  void on_move_elsewhere(const cluster::NexusRecord& moved);

  void on_move_placed(const MoveRecord& move) override;
  void on_move_ended(const MoveResult& result) override;
  void on_arrival(const NexusName& nexus, const NexusName& was) override;

  // The sessions as they were when last decided about.
  const std::vector<load::OwnSession>& sessions() const { return sessions_; }

 private:
  void act(const load::Move& move, double source_load);
  void on_result(const load::Move& move, const MoveResult& result);

  Runtime& runtime_;
  const MemberId self_;
  BalancedMember& member_;
  Decisions& decisions_;
  Log log_;
  load::SessionBalancer balancer_;
  load::VerdictFilter filter_;
  SessionHistory history_;
  std::vector<load::OwnSession> sessions_;
  std::vector<load::BalancerEvent> events_;  // since the last period
};

}  // namespace shoal

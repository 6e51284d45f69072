// LocalSessions: the sessions of this member as its balancer sees them, from those who know a part of it: the server,
// the meters, the group's records; and why some of them stay.
#pragma once

#include <string>
#include <vector>

#include "cluster/group_load_rules.h"
#include "cluster/group_sessions.h"
#include "target/server/target_server.h"
#include "tools/node/load_balancer.h"
#include "tools/node/load_monitor.h"
#include "tools/node/session_mover.h"

namespace shoal {

class LocalSessions final : public BalancedMember {
 public:
  LocalSessions(MemberId self, const LoadMonitor& load, const server::TargetServer& server,
                const cluster::GroupSessions& sessions, const cluster::MetaStore& meta,
                const cluster::GroupLoadRules& rules, SessionMover& mover)
      : self_(self), load_(load), server_(server), sessions_(sessions), meta_(meta), rules_(rules), mover_(mover) {}

  load::Picture picture() const override { return load_.latest(); }
  std::vector<LocalSession> sessions() const override;
  void move(std::uint64_t session, const MoveOrder& order, Completion<MoveResult> done) override {
    mover_.move_here(session, order, std::move(done));
  }

 private:
  std::string why_stays(const server::SessionInfo& session) const;

  const MemberId self_;
  const LoadMonitor& load_;
  const server::TargetServer& server_;
  const cluster::GroupSessions& sessions_;
  const cluster::MetaStore& meta_;
  const cluster::GroupLoadRules& rules_;
  SessionMover& mover_;
};

}  // namespace shoal

// SessionBalancer: which of this member's sessions is to be served elsewhere, if any (client distribution). Asked once
// a period; what it answers follows from what it was told. ARCHITECTURE.md, "Load", has its rules.
//
//   draining              sessions leave one after the other, wherever there is a place; hold, where somebody else sees
//                         to that
//   affinity              a session whose pages are mostly at one other member goes there
//   over-utilised         the session goes whose move lowers the imbalance most
//   none of these         hold
//
// In `observe` it decides by the same rules as if each of its moves were made at once, and nobody acts.
// The caller carries out a Move (asks the destination for a place, move_places.h) and tells how it went: MoveBegan when
// the destination has agreed, then MoveEnded or MoveFailed; MoveFailed alone when it has not. Nothing else is decided
// until then, or until kMoveLasts.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "cluster/load/balance.h"
#include "cluster/load/connection_losses.h"
#include "cluster/load/limits.h"
#include "cluster/load/measure.h"
#include "cluster/load/swing.h"
#include "cluster/load/unseen_cost.h"
#include "cluster/load/verdict.h"

namespace shoal::load {

enum class BalancerMode { off, observe, act };
std::string_view to_string(BalancerMode mode);
std::optional<BalancerMode> parse_balancer_mode(std::string_view text);

struct BalancerRules {
  BalancerMode mode = BalancerMode::act;
  bool affinity = false;
  bool empties_draining = true;  // false: somebody else moves the sessions of a member that drains
  bool operator==(const BalancerRules&) const = default;
};

struct OwnSession {
  SessionLoad load;
  NexusId nexus;
  std::set<MemberId> siblings_at;  // members that serve other sessions of this host to this volume
  std::optional<Time> moved_here;  // it came here by a move, then
  bool operator==(const OwnSession&) const = default;
};

// Of any member's sessions, as far as this member hears of them.
struct MoveBegan {
  NexusId nexus;
  MemberId from, to;
};
struct MoveEnded {
  NexusId nexus;
};
struct MoveFailed {
  NexusId nexus;
  bool refused = false;  // by the destination; else the session is still here, or came back
};
struct ConnectionLost {
  NexusId nexus;
  Time at;
};
using BalancerEvent = std::variant<MoveBegan, MoveEnded, MoveFailed, ConnectionLost>;

struct BalancerInput {
  Time now;
  const GroupLoad& group;
  const std::vector<OwnSession>& sessions;
  const std::vector<BalancerEvent>& events;  // since the last time, in order
};

class SessionBalancer {
 public:
  SessionBalancer(MemberId self, BalancerRules rules) : self_(self), rules_(rules) {}
  void set_rules(BalancerRules rules) { rules_ = rules; }
  const BalancerRules& rules() const { return rules_; }

  Verdict decide(const BalancerInput& input);

 private:
  struct Pending {
    Move move;
    Time since;
  };
  struct Seen {
    double units = 0;
    double most = 0;  // that it had
    Time since;       // when it was first seen here
  };
  struct Work {
    double all = 0;
    double fresh = 0;  // of sessions that came within kNew
  };
  // What a session could do, with the reason why it may not.
  struct Option {
    const OwnSession* session = nullptr;
    MemberId to;
    double score = 0;
    std::string_view note;
  };
  // How good that option is, or why it is not to be had.
  using Judge = std::function<void(Option&)>;

  void on(Time now, const MoveBegan& event);
  void on(Time now, const MoveEnded& event);
  void on(Time now, const MoveFailed& event);
  void on(Time, const ConnectionLost& event);
  void hear(const BalancerInput& input);
  Work sample_work(const BalancerInput& input);
  Seen sample(Time now, const OwnSession& session);
  void watch(const BalancerInput& input, const MemberLoad& own);
  void forget_old(Time now);

  std::string swing(const Work& work, const MemberLoad& own) const;
  std::optional<HoldReason> too_soon(const BalancerInput& input) const;
  std::string_view why_stays(Time now, const OwnSession& session) const;
  std::string_view why_not_to(const BalancerInput& input, const OwnSession& session, MemberId to) const;
  bool is_gone(const OwnSession& session) const;
  Balance balance(const BalancerInput& input) const;

  Verdict drain(const BalancerInput& input);
  std::optional<Verdict> move_closer(const BalancerInput& input);
  Verdict shed(const BalancerInput& input, double pressure);
  Verdict pick(const BalancerInput& input, MoveReason reason, std::string formula, const Judge& judge);
  void settle(Time now, const Move& move);

  MemberId self_;
  BalancerRules rules_;
  Swing work_{kSwingWindow};
  Swing usual_work_{kUsualWindow};
  std::map<NexusId, Seen> seen_;  // own sessions, in the last period
  bool asked_ = false;            // what is here the first time has not just come
  ConnectionLosses losses_;
  UnseenCost unseen_;
  std::optional<Time> over_since_;    // over-utilised without a break since then
  bool shedding_ = false;             // was so for long enough, and is not down at kShedUntil yet
  std::optional<Pending> pending_;    // decided, outcome unknown
  std::optional<Time> last_move_;     // of this member
  std::deque<Time> group_moves_;      // of kMovesCounted
  std::map<NexusId, Time> tried_;     // sessions that did not get away, or were only observed; of kSessionRests
  std::map<MemberId, Time> refused_;  // destinations, of kRefusedFor
};

}  // namespace shoal::load

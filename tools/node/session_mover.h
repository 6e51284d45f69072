// SessionMover: moves a session of this member to another one without an error at its host (ARCHITECTURE.md, "Load").
//
//   the destination is asked, and keeps a place          `placed`
//   no command is taken any more, what runs is finished  `quiet`
//   the nexus' record says where it goes, and every member in reach is told   `told`; now the host is told
//   the connection is closed                             `closed`
//   the host comes back, is redirected, and logs in there; the destination says so   `arrived`
//
// Where it goes wrong the host is never left without an answer: it is served here, or where it asks. A move ends when
// its host has arrived anywhere, or kPlaceLasts after it was told to go. One move of a session at a time: who orders a
// second one is told of the first.
//
// Each step is a line `move_...` in the log with the monotonic clock in milliseconds.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>

#include "cluster/group_sessions.h"
#include "cluster/redirect_policy.h"
#include "routing/peer_channel.h"
#include "target/server/target_server.h"
#include "tools/node/control_handler.h"
#include "tools/node/move_messages.h"
#include "tools/node/move_watcher.h"
#include "tools/node/place_desk.h"

namespace shoal {

inline constexpr Duration kPlaceWithin = 2s;  // for the destination to answer
inline constexpr Duration kMoveWithin = 20s;  // a move that takes longer goes on, and the answer says so

struct MoveCounters {
  std::uint64_t begun = 0, arrived = 0, failed = 0;  // of sessions that leave this member
  std::uint64_t places_kept = 0, places_refused = 0;
};

class SessionMover : public std::enable_shared_from_this<SessionMover> {
 public:
  // `peers` null: a single server. All of it outlives this, or nothing is called any more.
  SessionMover(Runtime& runtime, cluster::MetaStore& meta, server::TargetServer& server,
               cluster::GroupSessions& sessions, const cluster::Members& members, cluster::RedirectPolicy& policy,
               routing::PeerChannel* peers, std::size_t most_sessions, Log log);

  void serve_peers();
  // Wherever the session is; answered within kMoveWithin.
  void move(const SessionName& name, const MoveOrder& order, Completion<ControlResponse> done);
  // A session of this member; completes when the move has ended.
  void move_here(std::uint64_t number, const MoveOrder& order, Completion<MoveResult> done);

  // Why it is not to be moved unless it is forced; empty: it may be.
  std::string may_not_move(const server::SessionInfo& session) const;
  bool moving(std::uint64_t number) const { return moves_.contains(number); }
  // A login of that nexus was granted here; `known`: the group had a record of it.
  void on_claim(const NexusName& nexus, bool known);

  void watch(std::weak_ptr<MoveWatcher> watcher) { watcher_ = std::move(watcher); }
  PlaceDesk& places() { return places_; }
  MoveCounters counters() const;

 private:
  struct Move {
    MoveRecord record;
    MoveOrder order;
    NexusId nexus;
    Generation generation;
    std::map<MemberId, std::string> refusals;
    bool released = false;  // its record says where it goes
    std::unique_ptr<Timer> deadline;
    Completion<MoveResult> done;
  };

  std::optional<MoveResult> refusal(std::uint64_t number, const MoveOrder& order) const;
  ControlResponse late(std::uint64_t number) const;
  void order_elsewhere(const SessionName& name, const MoveOrder& order, Completion<ControlResponse> done);

  void on_message(MemberId from, const std::string& body, Completion<std::string> reply);
  void ask_for_place(std::uint64_t number);
  void on_place(std::uint64_t number, MemberId to, const Result<std::string, routing::PeerError>& answer);
  void send_away(std::uint64_t number);
  void on_quiet(std::uint64_t number, const NexusMemory& memory, Completion<> released);
  void on_told(std::uint64_t number, bool released);
  void on_closed(std::uint64_t number);
  void on_return(const NexusName& nexus, bool known);
  void end_at_home(std::uint64_t number);
  void on_arrived(const NexusName& nexus, MemberId at);
  void on_overdue(std::uint64_t number);
  void end(std::uint64_t number, int status, std::string text);
  void note(Move& move, const char* step, std::optional<Duration>& time);
  Move* find_move(std::uint64_t number);
  void tell(MemberId member, const MoveMessage& message);

  template <class Method>
  auto guarded(Method method) {
    return [weak = weak_from_this(), method = std::move(method)](auto&&... arguments) mutable {
      if (const auto self = weak.lock()) method(*self, std::forward<decltype(arguments)>(arguments)...);
    };
  }

  Runtime& runtime_;
  cluster::MetaStore& meta_;
  server::TargetServer& server_;
  cluster::GroupSessions& sessions_;
  const cluster::Members& members_;
  cluster::RedirectPolicy& policy_;
  routing::PeerChannel* peers_;
  Log log_;
  PlaceDesk places_;
  std::map<std::uint64_t, Move> moves_;  // by the session's number
  MoveCounters counters_;
  std::weak_ptr<MoveWatcher> watcher_;
};

}  // namespace shoal

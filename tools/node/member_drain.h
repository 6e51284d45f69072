// MemberDrain: empties a member of its hosts, and keeps it empty, until an operator takes it back. The order is in the
// member's record and survives a restart; any member of the group takes it and passes it on to the one that is meant.
//
// While it stands new logins are placed elsewhere and the member portal answers 0301. Sessions that may be moved are
// moved, kDrainMoves at once. Those whose hosts came to the member portal by themselves are waited for, or dropped
// where the order says so: they would only come back here. Pages stay where they are.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/members.h"
#include "routing/peer_channel.h"
#include "target/server/target_server.h"
#include "tools/node/control_handler.h"
#include "tools/node/session_desk.h"
#include "tools/node/session_mover.h"

namespace shoal {

inline constexpr std::size_t kDrainMoves = 4;
inline constexpr Duration kDrainAgain = 1s;  // to look for who has come meanwhile, and who rests no more
inline constexpr Duration kDrainRests = 5s;  // a session whose move failed: others are tried first

struct DrainOrder {
  bool drain = false;  // false: hosts are placed there again
  bool force = false;  // drop those, too, who came to the member portal by themselves
  bool operator==(const DrainOrder&) const = default;
};
std::optional<MemberId> parse_member_id(std::string_view text);
// POST /members/ID/drain with {"force"?: true}, or undrain. The error is one line.
Result<DrainOrder, std::string> parse_drain_order(std::string_view word, const std::string& body);
std::string encode(const DrainOrder& order);
std::optional<DrainOrder> decode_drain_order(const std::string& text);

class MemberDrain : public std::enable_shared_from_this<MemberDrain> {
 public:
  // `peers` null: a single server. All of it outlives this, or nothing is called any more.
  MemberDrain(Runtime& runtime, cluster::MetaStore& meta, cluster::Members& members, server::TargetServer& server,
              SessionDesk& desk, SessionMover& mover, routing::PeerChannel* peers, Log log);

  void serve_peers();
  void order(MemberId member, const DrainOrder& order, Completion<ControlResponse> done);
  // Goes on with an order that the own record has, as after a restart.
  void follow();

 private:
  void order_here(const DrainOrder& order, Completion<ControlResponse> done);
  void on_written(const DrainOrder& order, bool written, Completion<ControlResponse> done);
  ControlResponse begun() const;
  void step();
  void send_away(const server::SessionInfo& session);
  void move(std::uint64_t number);

  Runtime& runtime_;
  cluster::MetaStore& meta_;
  cluster::Members& members_;
  server::TargetServer& server_;
  SessionDesk& desk_;
  SessionMover& mover_;
  routing::PeerChannel* peers_;
  Log log_;
  bool force_ = false;
  std::size_t moving_ = 0;    // moves of ours
  std::size_t attempts_ = 0;  // that are left in this step: one that fails at once is followed by few others
  std::map<std::uint64_t, Time> resting_;  // sessions whose move failed, until when
  std::unique_ptr<Timer> timer_;
};

}  // namespace shoal

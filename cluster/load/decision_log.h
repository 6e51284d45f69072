// DecisionLog: the last kMaxDecisions of this member about load, from what, and what came of each; of these, logins and
// all others leave each other half. The pictures of a minute later are filled in by the log itself as it is fed.
#pragma once

#include <cstdint>
#include <deque>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "cluster/load/alternative.h"
#include "cluster/load/measure.h"
#include "cluster/load/placement.h"
#include "cluster/load/session_balancer.h"
#include "cluster/load/verdict.h"

namespace shoal::load {

inline constexpr std::size_t kMaxDecisions = 1024;
inline constexpr Duration kEffectAfter = 60s;
inline constexpr Duration kEffectUntil = 90s;      // of a member that was not fed in between, no effect is told
inline constexpr Duration kExpectedPause = 500ms;  // of a move, where none was measured yet

enum class DecisionKind { allocate, move, hold, drain };
std::string_view to_string(DecisionKind kind);

struct DecisionEffect {
  Duration after;
  Picture load;
};

// What became of a move.
struct DecisionOutcome {
  std::string text;               // for people
  std::optional<Duration> pause;  // that the host saw, where it was measured
  bool operator==(const DecisionOutcome&) const = default;
};

struct DecisionRecord {
  std::uint64_t number = 0;  // given by the log, from 1
  Time at;
  MemberId member;  // that decided
  DecisionKind kind = DecisionKind::allocate;
  std::optional<SessionName> session;
  std::string initiator_name;
  ImageId volume;
  Picture inputs;
  std::string formula;
  std::vector<Alternative> alternatives;
  MemberId choice;  // 0: none
  std::string reason;
  Duration cost{};        // the pause that the host is expected to see
  bool observed = false;  // decided, and not carried out: the group only observes
  std::optional<DecisionOutcome> outcome;
  std::optional<DecisionEffect> effect;
};

DecisionRecord record_of(Time now, MemberId self, const LoginName& login, const Placed& placed, Picture inputs);
// `sessions` as the balancer had them.
DecisionRecord record_of(Time now, MemberId self, const Verdict& verdict, const std::vector<OwnSession>& sessions,
                         Picture inputs, Duration expected_pause = kExpectedPause);

class DecisionLog {
 public:
  std::uint64_t add(DecisionRecord record);
  void feed(Time now, const Picture& load);  // once a period
  void settle(std::uint64_t number, DecisionOutcome outcome);

  const std::deque<DecisionRecord>& all() const { return records_; }  // oldest first
  const DecisionRecord* find(std::uint64_t number) const;
  // All that concerns a session: decisions about it by its name, and of its host's logins to that volume.
  std::vector<const DecisionRecord*> of_session(const SessionName& session, const std::string& initiator_name,
                                                ImageId volume) const;

 private:
  std::deque<DecisionRecord> records_;
  std::uint64_t last_number_ = 0;
};

nlohmann::json decision_json(const DecisionRecord& record, Time now);

}  // namespace shoal::load

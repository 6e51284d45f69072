// DecisionQuery: which records of decisions are asked for, as a value: from the path of a request, and between members
// (ControlKind::decisions): {"last": 50, "session": "2-17", "initiator": "iqn.x", "image": 7}, the last three only
// where the decisions about one session are meant.
#pragma once

#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/load/decision_log.h"
#include "target/base/result.h"

namespace shoal {

inline constexpr std::size_t kDecisionsShown = 50;                         // where nobody says how many
inline constexpr std::size_t kMaxDecisionBytes = std::size_t{512} * 1024;  // of one member's answer

struct DecisionQuery {
  struct Subject {
    load::SessionName session;
    std::string initiator_name;  // empty: not known any more
    ImageId image;
    bool operator==(const Subject&) const = default;
  };
  std::size_t last = kDecisionsShown;
  std::optional<Subject> subject;
  bool operator==(const DecisionQuery&) const = default;
};

// What stands behind the '?': "" or "last=20". The error is one line.
Result<DecisionQuery, std::string> parse_decision_query(std::string_view text);
std::string encode(const DecisionQuery& query);
std::optional<DecisionQuery> decode_decision_query(std::string_view text);

// The newest that are asked for and fit into kMaxDecisionBytes, oldest first.
nlohmann::json answer(const DecisionQuery& query, const load::DecisionLog& log, Time now);
// Of the answers of several members, the newest of all: members do not agree on the time, but on ages.
nlohmann::json newest(nlohmann::json decisions, std::size_t last);

}  // namespace shoal

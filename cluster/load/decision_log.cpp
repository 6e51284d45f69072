#include "cluster/load/decision_log.h"

#include <algorithm>
#include <utility>

#include "cluster/load/decaying_rate.h"
#include "cluster/load/group_json.h"

namespace shoal::load {
namespace {

using nlohmann::json;

json alternative_json(const Alternative& alternative) {
  json object{{"member", alternative.member.value}, {"score", alternative.score}};
  if (alternative.session) object["session"] = to_string(*alternative.session);
  if (!alternative.note.empty()) object["note"] = alternative.note;
  return object;
}

json outcome_json(const DecisionOutcome& outcome) {
  json object{{"text", outcome.text}};
  if (outcome.pause) object["pause_s"] = seconds(*outcome.pause);
  return object;
}

// Who makes room in a full log: the oldest decision about a login where these have half of it, else the oldest other.
// Logins come in thousands, and would leave nothing of the moves.
std::deque<DecisionRecord>::iterator to_drop(std::deque<DecisionRecord>& records) {
  const auto of_login = [](const DecisionRecord& record) { return record.kind == DecisionKind::allocate; };
  const auto logins = static_cast<std::size_t>(std::count_if(records.begin(), records.end(), of_login));
  const bool drop_login = logins >= records.size() / 2;
  return std::find_if(records.begin(), records.end(),
                      [&](const DecisionRecord& record) { return of_login(record) == drop_login; });
}

json picture_json(const Picture& picture) { return picture ? group_json(*picture) : json(nullptr); }

}  // namespace

std::string_view to_string(DecisionKind kind) {
  switch (kind) {
    case DecisionKind::allocate: return "allocate";
    case DecisionKind::move: return "move";
    case DecisionKind::hold: return "hold";
    case DecisionKind::drain: return "drain";
  }
  return "unknown";
}

DecisionRecord record_of(Time now, MemberId self, const LoginName& login, const Placed& placed, Picture inputs) {
  DecisionRecord record;
  record.at = now;
  record.member = self;
  record.kind = DecisionKind::allocate;
  record.initiator_name = login.initiator_name;
  record.volume = login.volume;
  record.inputs = std::move(inputs);
  record.formula = placed.formula;
  record.alternatives = placed.alternatives;
  record.choice = placed.member;
  record.reason = placed.reason;
  return record;
}

DecisionRecord record_of(Time now, MemberId self, const Verdict& verdict, const std::vector<OwnSession>& sessions,
                         Picture inputs, Duration expected_pause) {
  DecisionRecord record;
  record.at = now;
  record.member = self;
  record.kind = DecisionKind::hold;
  record.inputs = std::move(inputs);
  record.formula = verdict.formula;
  record.alternatives = verdict.alternatives;
  record.reason = verdict.reason;
  const auto* move = std::get_if<Move>(&verdict.what);
  if (!move) return record;
  record.kind = move->reason == MoveReason::drain ? DecisionKind::drain : DecisionKind::move;
  record.session = move->session;
  record.choice = move->to;
  record.cost = expected_pause;
  const auto found = std::find_if(sessions.begin(), sessions.end(),
                                  [&](const OwnSession& session) { return session.load.session == move->session; });
  if (found == sessions.end()) return record;
  record.initiator_name = found->load.initiator_name;
  record.volume = found->load.image;
  return record;
}

std::uint64_t DecisionLog::add(DecisionRecord record) {
  record.number = ++last_number_;
  if (records_.size() == kMaxDecisions) records_.erase(to_drop(records_));
  records_.push_back(std::move(record));
  return last_number_;
}

void DecisionLog::feed(Time now, const Picture& load) {
  for (DecisionRecord& record : records_) {
    const Duration age = now - record.at;
    if (age < kEffectAfter) return;  // and so are all after it
    if (!record.effect && age < kEffectUntil) record.effect = DecisionEffect{age, load};
  }
}

void DecisionLog::settle(std::uint64_t number, DecisionOutcome outcome) {
  const auto record = std::ranges::lower_bound(records_, number, {}, &DecisionRecord::number);
  if (record == records_.end() || record->number != number) return;  // it has gone meanwhile
  record->outcome = std::move(outcome);
}

const DecisionRecord* DecisionLog::find(std::uint64_t number) const {
  const auto record = std::ranges::lower_bound(records_, number, {}, &DecisionRecord::number);
  return record != records_.end() && record->number == number ? &*record : nullptr;
}

std::vector<const DecisionRecord*> DecisionLog::of_session(const SessionName& session,
                                                           const std::string& initiator_name, ImageId volume) const {
  std::vector<const DecisionRecord*> found;
  for (const DecisionRecord& record : records_) {
    const bool of_host = !record.initiator_name.empty() && record.initiator_name == initiator_name;
    if (record.session == session || (of_host && record.volume == volume)) found.push_back(&record);
  }
  return found;
}

json decision_json(const DecisionRecord& record, Time now) {
  json alternatives = json::array();
  for (const Alternative& alternative : record.alternatives) alternatives.push_back(alternative_json(alternative));
  json object{{"number", record.number},
              {"age_s", seconds(now - record.at)},
              {"member", record.member.value},
              {"kind", to_string(record.kind)},
              {"initiator", record.initiator_name},
              {"image", record.volume.value},
              {"inputs", picture_json(record.inputs)},
              {"formula", record.formula},
              {"alternatives", std::move(alternatives)},
              {"choice", record.choice.value},
              {"reason", record.reason},
              {"cost_s", seconds(record.cost)},
              {"observed", record.observed}};
  if (record.session) object["session"] = to_string(*record.session);
  if (record.outcome) object["outcome"] = outcome_json(*record.outcome);
  if (record.effect) {
    object["effect"] = {{"after_s", seconds(record.effect->after)}, {"load", picture_json(record.effect->load)}};
  }
  return object;
}

}  // namespace shoal::load

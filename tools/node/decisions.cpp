#include "tools/node/decisions.h"

#include <utility>

namespace shoal {
namespace {

// What a host waited: from when it was told to go until it was there.
std::optional<Duration> pause_of(const MoveRecord& move) {
  if (!move.arrived || !move.quiet) return std::nullopt;
  return *move.arrived - move.told.value_or(*move.quiet);
}

}  // namespace

void Decisions::on_period(Time now, load::Picture picture) {
  picture_ = std::move(picture);
  log_.feed(now, picture_);
}

std::uint64_t Decisions::add(load::DecisionRecord record) {
  ++counters_.decisions[record.kind];
  return log_.add(std::move(record));
}

void Decisions::placed(Time now, const load::LoginName& login, const load::Placed& placed) {
  add(record_of(now, self_, login, placed, picture_));
}

void Decisions::decided(Time now, const load::Verdict& verdict, const std::vector<load::OwnSession>& sessions,
                        bool observed) {
  load::DecisionRecord record = record_of(now, self_, verdict, sessions, picture_, pauses_.expected());
  record.observed = observed;
  const auto session = record.session;
  const std::uint64_t number = add(std::move(record));
  if (session && !observed) under_way_[*session] = number;
}

void Decisions::move_placed(Time now, const MoveRecord& move) {
  if (under_way_.contains(move.session)) return;
  load::DecisionRecord record;
  record.at = now;
  record.member = self_;
  record.kind = move.reason == load::MoveReason::drain ? load::DecisionKind::drain : load::DecisionKind::move;
  record.session = move.session;
  record.initiator_name = move.nexus.initiator_name;
  record.volume = move.nexus.image;
  record.inputs = picture_;
  record.choice = move.to;
  record.reason = to_string(move.reason);
  record.cost = pauses_.expected();
  under_way_[move.session] = add(std::move(record));
}

void Decisions::move_ended(const MoveResult& result, const SessionName& session) {
  const auto pause = pause_of(result.record);
  if (const auto found = under_way_.find(session); found != under_way_.end()) {
    log_.settle(found->second, {result.text, pause});
    under_way_.erase(found);
    if (result.status == 200) ++counters_.moves[result.record.reason];
    if (result.status == 200 && pause) pauses_.note(*pause);
  }
}

}  // namespace shoal

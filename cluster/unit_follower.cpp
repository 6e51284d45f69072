#include "cluster/unit_follower.h"

#include "cluster/keeper_record.h"
#include "target/unit/attentions.h"

namespace shoal::cluster {
namespace {

const unit::Audience kEverybody{.all = true};

}  // namespace

UnitFollower::UnitFollower(std::uint32_t term) : view_(first_view(term)) {}

std::vector<unit::Consequences> UnitFollower::adopt(const UnitSnapshot& unit) {
  std::vector<unit::Consequences> consequences;
  if (unit.serial <= serial_) return consequences;
  const bool gap = unit.recent.empty() || unit.recent.front().serial > serial_ + 1;
  if (gap) {
    consequences.push_back({.announcements = {{unit::kPowerOn, kEverybody}}, .aborted = kEverybody});
    log_ = unit::ChangeLog(unit.recent.empty() ? unit.serial : unit.recent.front().serial - 1);
  }
  for (const UnitSnapshot::Change& each : unit.recent) {
    if (each.serial <= serial_) continue;
    consequences.push_back(each.consequences);
    log_.add(each.serial, each.consequences.announcements);
  }
  view_ = unit.view;
  serial_ = unit.serial;
  return consequences;
}

UnitMoment UnitFollower::moment() const { return {term_of(view_.generation), serial_}; }

std::vector<UnitAttention> UnitFollower::missed(const InitiatorPort& port, const UnitMoment& since) const {
  if (since.term != moment().term) return {unit::kPowerOn};
  return log_.missed(port, since.serial);
}

unit::Consequences UnitFollower::begin_term(std::uint32_t term) {
  view_ = first_view(term);
  serial_ = 0;
  log_ = unit::ChangeLog();
  return {.announcements = {{unit::kPowerOn, kEverybody}}};
}

}  // namespace shoal::cluster

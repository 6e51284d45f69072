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
  if (gap) consequences.push_back({.announcements = {{unit::kPowerOn, kEverybody}}, .aborted = kEverybody});
  for (const UnitSnapshot::Change& each : unit.recent) {
    if (each.serial > serial_) consequences.push_back(each.consequences);
  }
  view_ = unit.view;
  serial_ = unit.serial;
  return consequences;
}

unit::Consequences UnitFollower::begin_term(std::uint32_t term) {
  view_ = first_view(term);
  serial_ = 0;
  return {.announcements = {{unit::kPowerOn, kEverybody}}};
}

}  // namespace shoal::cluster

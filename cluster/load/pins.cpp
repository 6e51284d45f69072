#include "cluster/load/pins.h"

#include "target/base/name_pattern.h"

namespace shoal::load {
namespace {

bool is_for(const Pin& pin, const std::string& initiator_name, ImageId volume) {
  if (pin.volume && *pin.volume != volume) return false;
  return pin.initiator.empty() || matches(pin.initiator, initiator_name);
}

}  // namespace

std::optional<MemberId> pinned_to(const std::vector<Pin>& pins, const std::string& initiator_name, ImageId volume) {
  for (const Pin& pin : pins) {
    if (is_for(pin, initiator_name, volume)) return pin.member;
  }
  return std::nullopt;
}

}  // namespace shoal::load

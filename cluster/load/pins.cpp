#include "cluster/load/pins.h"

#include <fnmatch.h>

namespace shoal::load {
namespace {

bool matches(const Pin& pin, const std::string& initiator_name, ImageId volume) {
  if (pin.volume && *pin.volume != volume) return false;
  return pin.initiator.empty() || fnmatch(pin.initiator.c_str(), initiator_name.c_str(), FNM_NOESCAPE) == 0;
}

}  // namespace

std::optional<MemberId> pinned_to(const std::vector<Pin>& pins, const std::string& initiator_name, ImageId volume) {
  for (const Pin& pin : pins) {
    if (matches(pin, initiator_name, volume)) return pin.member;
  }
  return std::nullopt;
}

}  // namespace shoal::load

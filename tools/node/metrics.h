// /metrics: the member's counters in Prometheus' text format.
#pragma once

#include <string>
#include <vector>

#include "tools/node/control_views.h"

namespace shoal {

std::string metrics_text(const MemberView& view, const std::vector<VolumeView>& volumes);

}  // namespace shoal

// /metrics: the member's counters in Prometheus' text format.
#pragma once

#include <string>
#include <vector>

#include "cluster/load/measure.h"
#include "tools/node/control_views.h"

namespace shoal {

std::string metrics_text(const MemberView& view, const std::vector<VolumeView>& volumes,
                         const load::GroupLoad& group_load);

}  // namespace shoal

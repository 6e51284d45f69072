// The space map against what the trees use. Pure.
#pragma once

#include <vector>

#include "routing/journal_store/check/finding.h"
#include "routing/journal_store/check/usage.h"
#include "target/base/bytes.h"

namespace shoal::routing::journal {

// One finding for neighbouring chunks of which the same is wrong. `nodes_lost`: some of the trees could not be read, so
// what seems to be nobody's may be theirs.
std::vector<Finding> compare_space(ByteSpan map, const Usage& usage, bool nodes_lost);

}  // namespace shoal::routing::journal

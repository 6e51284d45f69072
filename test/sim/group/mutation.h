// Mutation: one rule of the design left out of every member, to show that the simulation notices its absence.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "tools/node/node_seams.h"

namespace shoal::sim {

enum class Mutation {
  none,
  generations_ignored,  // owners: fences are confirmed and not kept, each generation is a nexus of its own
  repeats_ignored,      // owners: a request that comes again is done again, ghosts are not dropped
  age_ignored,          // of ghost rule (d): nothing is too old
  silence_ignored,      // links that are silent stay
  settle_ignored,       // nobody waits for what a broken link may still bring
  standstill_ignored,   // a member that stood still goes on with the connections of its hosts
  rule_d_ignored,       // all four: each alone covers much of what the others do
  ghosts_unguarded,     // and generations_ignored
  flush_unheeded,       // owners: a flush is answered at once
  kept_ranges_ignored,  // owners: between the two rounds of a COMPARE AND WRITE nothing is kept, nor compared again
};

struct NamedMutation {
  std::string_view name;
  Mutation mutation;
};
const std::vector<NamedMutation>& mutations();

NodeSeams seams_of(Mutation mutation);

}  // namespace shoal::sim

// Where the pages are that a host works on: what the reports of load say of its sessions.
#pragma once

#include <map>
#include <string>

#include "cluster/load/load_table.h"
#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::load {

// A report still tells this of a session whose member has gone since.
inline constexpr Duration kOwnersKnownFor = 60s;

// Fraction of the units of that host's sessions to that volume whose pages each member owns; empty: nothing is known.
std::map<MemberId, double> owners_of(const LoadTable& table, Time now, const std::string& initiator_name,
                                     ImageId volume);

}  // namespace shoal::load

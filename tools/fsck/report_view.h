// What shoal-fsck says of a store: for people, and as JSON. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "routing/journal_store/check/store_repair.h"

namespace shoal {

std::string view_report(const routing::journal::CheckReport& report);
nlohmann::json report_json(const routing::journal::CheckReport& report);
// "repaired", or why not.
std::string view_repair(const routing::journal::RepairReport& report);
// How many findings --repair would mend, or nothing.
std::string view_cures(const std::vector<routing::journal::Finding>& findings);
// "12000 nodes, 3.5 GiB of at most 10.0 GiB of data, 512.0 MiB/s"
std::string view_progress(const routing::journal::CheckProgress& progress, double seconds);

}  // namespace shoal

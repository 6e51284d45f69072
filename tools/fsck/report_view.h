// What shoal-fsck says of a store: for people, and as JSON. Pure.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

#include "routing/journal_store/check/check_report.h"

namespace shoal {

std::string view_report(const routing::journal::CheckReport& report);
nlohmann::json report_json(const routing::journal::CheckReport& report);
// "12000 nodes, 3.5 GiB of at most 10.0 GiB of data, 512.0 MiB/s"
std::string view_progress(const routing::journal::CheckProgress& progress, double seconds);

}  // namespace shoal

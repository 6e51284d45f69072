// What a member knows of the group's load, for `load --json`: each member's report with its number and age, and what
// the formulas make of it. Everything that a formula takes stands in `formulas` and in `inputs`, so that who has this
// can compute every measure again (ARCHITECTURE.md, "Load").
#pragma once

#include <nlohmann/json.hpp>
#include <string_view>

#include "cluster/load/hot_pages.h"
#include "cluster/load/load_table.h"
#include "cluster/load/measure.h"

namespace shoal::load {

std::string_view to_string(Pattern pattern);  // "sequential read"

// The hottest pages of the members that are heard of, merged.
HotPageList hot_pages(const LoadTable& table, Time now);

nlohmann::json load_json(const LoadTable& table, Time now);

}  // namespace shoal::load

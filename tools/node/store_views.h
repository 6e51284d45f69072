// What the control port says of a page store, as JSON: pure functions.
#pragma once

#include <nlohmann/json.hpp>

#include "routing/journal_store/store_figures.h"
#include "routing/scrubber.h"

namespace shoal {

nlohmann::json figures_json(const routing::StoreFigures& figures, const routing::StoreSpace& space);
nlohmann::json damage_json(const routing::RepairCounters& blocks, std::uint64_t nodes);
nlohmann::json scrub_json(const routing::ScrubStatus& scrub, Time now);

}  // namespace shoal

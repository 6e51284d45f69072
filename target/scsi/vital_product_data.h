// The pages of vital product data that a unit has: 00, 80, 83, 86, 87, 88 (SPC-4 7.8), B0, B1, B2 (SBC-3 6.6).
#pragma once

#include <cstdint>
#include <optional>

#include "target/base/slice.h"
#include "target/ports/target_catalog.h"

namespace shoal::scsi {

// nullopt: there is no such page.
std::optional<Slice> vital_product_data_page(std::uint8_t code, const LogicalUnit& unit);

}  // namespace shoal::scsi

// The mode pages of a unit: caching (08), control (0A), informational exceptions (1C), without subpages (SPC-4 7.5;
// SBC-3 6.5). Of all their bits D_SENSE and SWP can be changed; nothing is saved.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "target/base/bytes.h"
#include "target/ports/target_catalog.h"

namespace shoal::scsi {

enum class PageControl : std::uint8_t { current = 0, changeable = 1, defaults = 2, saved = 3 };

using ModeBytes = std::vector<std::byte>;

struct ModePage {
  std::uint8_t code;
  // The whole page, its header included. Changeable: ones where MODE SELECT may change something. Saved: not to be
  // asked for.
  ModeBytes (*make)(std::uint8_t code, PageControl control, const LogicalUnit& unit);
};

// In ascending order of codes: that of an answer with all pages.
std::span<const ModePage> mode_pages();

// What the bytes of a page, a valid one of this unit, make of the parameters that the unit's nexuses share.
void take_mode_page(ByteSpan page, ModeParameters& parameters);

}  // namespace shoal::scsi

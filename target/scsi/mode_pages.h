// The mode pages of a unit: error recovery (01), caching (08), control (0A), informational exceptions (1C), and its
// subpage of logical block provisioning (1C/02) (SPC-4 7.5; SBC-3 6.5, and of SBC-4 thresholds in percent). Of all
// their bits D_SENSE and SWP can be changed; nothing is saved.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "target/base/bytes.h"
#include "target/ports/target_catalog.h"

namespace shoal::scsi {

enum class PageControl : std::uint8_t { current = 0, changeable = 1, defaults = 2, saved = 3 };

using ModeBytes = std::vector<std::byte>;

// Where the descriptor of the threshold begins in page 1C/02: what a unit attention about it points at
// (SBC-3 4.7.3.7.6).
inline constexpr std::uint8_t kThresholdDescriptorByte = 16;

struct ModePage {
  std::uint8_t code, subpage;
  // The whole page, its header included. Changeable: ones where MODE SELECT may change something. Saved: not to be
  // asked for.
  ModeBytes (*make)(std::uint8_t code, PageControl control, const LogicalUnit& unit);
};

// In ascending order of codes and subpages: that of an answer with all pages.
std::span<const ModePage> mode_pages();

// What the bytes of a page, a valid one of this unit, make of the parameters that the unit's nexuses share.
void take_mode_page(ByteSpan page, ModeParameters& parameters);

}  // namespace shoal::scsi

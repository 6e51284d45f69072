// The unit attentions that nexuses are told (SPC-4 5.14, annex F.2).
#pragma once

#include "target/ports/unit_attention.h"

namespace shoal::unit {

inline constexpr UnitAttention kPowerOn{0x29, 0x00};  // or a reset: nothing that was known of the unit holds
inline constexpr UnitAttention kDeviceReset{0x29, 0x03};
inline constexpr UnitAttention kNexusLoss{0x29, 0x07};  // the last session of the nexus has ended
inline constexpr UnitAttention kModeParametersChanged{0x2a, 0x01};
inline constexpr UnitAttention kReservationsPreempted{0x2a, 0x03};
inline constexpr UnitAttention kReservationsReleased{0x2a, 0x04};
inline constexpr UnitAttention kRegistrationsPreempted{0x2a, 0x05};
inline constexpr UnitAttention kSoftThresholdReached{0x38, 0x07};  // thin provisioning

}  // namespace shoal::unit

// The bytes of the page protocol (page_protocol.md), each place once. Little-endian; for page_message_codec.cpp only.
// A body follows the frame header, and the codec has checked that it is as long as kBodyBytes says; offsets count from
// the body's first byte. Bytes without a name are zero.
#pragma once

#include <cstddef>
#include <cstdint>

#include "routing/little_endian_fields.h"
#include "routing/page_message.h"

namespace shoal::routing {

namespace frame_layout {
inline constexpr std::size_t kHeaderBytes = 24;
using FrameBytes = Number<std::uint32_t, 0>;   // header, body and payload
using Type       = Number<std::uint8_t, 4>;
using Reserved   = Number<std::uint8_t, 5>;
using HeadBytes  = Number<std::uint16_t, 6>;   // header and body
using Id         = Number<std::uint64_t, 8>;
using PayloadCrc = Number<std::uint32_t, 16>;  // CRC32C of the payload
using HeadCrc    = Number<std::uint32_t, 20>;  // CRC32C of bytes 0-19 and of the body
inline constexpr std::size_t kCrcAt = 20;
}  // namespace frame_layout

namespace hello_layout {
using Magic       = Number<std::uint64_t, 0>;  // "shoalpg\n"
using Lowest      = Number<std::uint16_t, 8>;
using Highest     = Number<std::uint16_t, 10>;
using From        = Number<MemberId, 12>;
using To          = Number<MemberId, 16>;
using Incarnation = Number<std::uint64_t, 24>;
using LinkNumber  = Number<std::uint64_t, 32>;
using Group       = Bytes<GroupDigest, 40>;
using TheNonce    = Bytes<Nonce, 72>;
inline constexpr std::size_t kBodyBytes = 104;  // payload: the dialer's store ids
inline constexpr std::uint64_t kMagic = 0x0a67706c616f6873;
static_assert(TheNonce::kEnd == kBodyBytes);
}  // namespace hello_layout

namespace challenge_layout {
using Version     = Number<std::uint16_t, 0>;
using From        = Number<MemberId, 4>;
using Incarnation = Number<std::uint64_t, 8>;
using TheNonce    = Bytes<Nonce, 16>;
inline constexpr std::size_t kBodyBytes = 48;  // payload: the listener's store ids
static_assert(TheNonce::kEnd == kBodyBytes);
}  // namespace challenge_layout

namespace mac_layout {  // proof, welcome
using TheMac = Bytes<Mac, 0>;
inline constexpr std::size_t kBodyBytes = 32;
}  // namespace mac_layout

namespace code_layout {  // refusal: reason; fence_done: status; control_reply: 1 refused
using Code = Number<std::uint8_t, 0>;
inline constexpr std::size_t kBodyBytes = 8;
}  // namespace code_layout

namespace page_request_layout {
using Kind       = Number<std::uint8_t, 0>;
using Flags      = Number<std::uint8_t, 1>;   // bit 0: fua, bit 1: keep
using Part       = Number<std::uint32_t, 4>;
using Image      = Number<ImageId, 8>;
using Page       = Number<PageIndex, 16>;
using Offset     = Number<std::uint32_t, 24>;
using Length     = Number<std::uint32_t, 28>;
using TheEpoch   = Number<Epoch, 32>;
using Store      = Bytes<StoreId, 40>;
using Nexus      = Bytes<NexusId, 56>;
using TheGeneration = Number<Generation, 72>;
using Operation  = Number<OperationId, 80>;
using LowestUnfinished = Number<OperationId, 88>;
using ReservationGeneration = Number<std::uint64_t, 96>;
using AgeUs      = Number<std::uint64_t, 104>;
inline constexpr std::size_t kBodyBytes = 112;  // payload: data
static_assert(AgeUs::kEnd == kBodyBytes);
}  // namespace page_request_layout

namespace page_result_layout {
using Status  = Number<std::uint8_t, 0>;
using Extents = Number<std::uint32_t, 4>;     // that many at the beginning of the payload, then data
using Detail  = Number<std::uint64_t, 8>;
inline constexpr std::size_t kBodyBytes = 16;
}  // namespace page_result_layout

namespace extent_layout {
using First  = Number<std::uint64_t, 0>;      // block of the page
using Count  = Number<std::uint32_t, 8>;      // blocks
using Mapped = Number<std::uint32_t, 12>;     // 0 or 1
inline constexpr std::size_t kBytes = 16;
}  // namespace extent_layout

namespace fence_layout {
using Image         = Number<ImageId, 0>;
using TheGeneration = Number<Generation, 8>;
using Nexus         = Bytes<NexusId, 16>;
inline constexpr std::size_t kBodyBytes = 32;
}  // namespace fence_layout

namespace abort_layout {
using Image         = Number<ImageId, 0>;
using TheGeneration = Number<Generation, 8>;
using Nexus         = Bytes<NexusId, 16>;
using Operation     = Number<OperationId, 32>;
inline constexpr std::size_t kBodyBytes = 40;
}  // namespace abort_layout

namespace control_request_layout {
using Kind = Number<std::uint16_t, 0>;
inline constexpr std::size_t kBodyBytes = 8;  // payload: the body
}  // namespace control_request_layout

namespace ping_layout {  // ping, pong
using Stamp = Number<std::uint64_t, 0>;
inline constexpr std::size_t kBodyBytes = 8;
}  // namespace ping_layout

}  // namespace shoal::routing

// What members say to each other on a link, as plain values; page_protocol.md has the bytes, page_message_codec.h both
// ways.
//
// A link begins with Hello, Challenge, Proof, Welcome (page_handshake.h), or ends with Refusal. After that the dialer
// asks and the listener answers by request id, in any order; both ping. Every length here has its limit, checked before
// memory is reserved.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "routing/page.h"
#include "routing/page_store.h"
#include "routing/peer_channel.h"
#include "target/base/ids.h"
#include "target/base/slice.h"

namespace shoal::routing {

inline constexpr std::uint16_t kPageProtocolVersion = 2;  // the lowest and the highest that this build speaks
// Data of a page request or result: the router cuts there.
inline constexpr std::uint32_t kMaxRequestBytes = 1024 * 1024;
inline constexpr std::uint32_t kMaxPayloadBytes = 1024 * 1024;  // of any frame
inline constexpr std::uint32_t kMaxHandshakeBytes = 1024;       // payload of a frame before the peer has proved itself
inline constexpr std::size_t kMaxStoresPerMember = kMaxHandshakeBytes / 16;
inline constexpr std::size_t kMaxExtentsPerResult = 4096;
inline constexpr std::uint32_t kMaxCompareBytes =
    kMaxPayloadBytes / 2;  // of a compare_and_write: it brings both halves
static_assert(kMaxControlBytes <= kMaxPayloadBytes);

using Nonce = std::array<std::byte, 32>;
using Mac = std::array<std::byte, 32>;          // HMAC-SHA256
using GroupDigest = std::array<std::byte, 32>;  // SHA-256 of the group's name

enum class FrameType : std::uint8_t {
  hello = 1,
  challenge = 2,
  proof = 3,
  welcome = 4,
  refusal = 5,
  page_request = 16,
  page_result = 17,
  fence = 18,
  fence_done = 19,
  abort = 20,
  abort_done = 21,
  control_request = 22,
  control_reply = 23,
  ping = 24,
  pong = 25,
};
constexpr bool is_handshake(FrameType type) { return type <= FrameType::refusal; }

struct Hello {
  std::uint16_t lowest_version = kPageProtocolVersion, highest_version = kPageProtocolVersion;
  GroupDigest group{};
  MemberId from, to;
  std::uint64_t incarnation = 0;
  // Counts up for one incarnation of the dialer: an older link never replaces a newer one.
  std::uint64_t link_number = 0;
  Nonce nonce{};
  std::vector<StoreId> stores;
  bool operator==(const Hello&) const = default;
};
struct Challenge {
  std::uint16_t version = kPageProtocolVersion;
  MemberId from;
  std::uint64_t incarnation = 0;
  Nonce nonce{};
  std::vector<StoreId> stores;
  bool operator==(const Challenge&) const = default;
};
struct Proof {
  Mac mac{};
  bool operator==(const Proof&) const = default;
};
struct Welcome {
  Mac mac{};
  bool operator==(const Welcome&) const = default;
};
enum class RefusalReason : std::uint8_t {
  malformed = 1,  // not a handshake
  version = 2,
  group = 3,
  key = 4,
  member = 5,      // not the member that was meant, or the listener's own id
  stale_link = 6,  // a newer link of the same incarnation is known
};
const char* to_string(RefusalReason reason);
struct Refusal {
  RefusalReason reason = RefusalReason::malformed;
  bool operator==(const Refusal&) const = default;
};

// origin.issued_at travels as an age; the receiver sets it on its own clock (peer_link.h says how, and why so early).
struct PageRequestMessage {
  std::uint64_t id = 0;
  PageRequest request;
  std::uint64_t age_us = 0;
};
struct PageResultMessage {
  std::uint64_t id = 0;
  PageResult result;
};
struct FenceMessage {
  std::uint64_t id = 0;
  Fence fence;
};
struct FenceDoneMessage {
  std::uint64_t id = 0;
  PageStatus status = PageStatus::ok;
};
struct AbortMessage {
  std::uint64_t id = 0;
  ImageId image;
  AbortSelection selection;
};
struct AbortDoneMessage {
  std::uint64_t id = 0;
};
struct ControlRequestMessage {
  std::uint64_t id = 0;
  std::uint16_t kind = 0;  // of ControlKind, perhaps one that we do not know
  Slice body;
};
struct ControlReplyMessage {
  std::uint64_t id = 0;
  bool refused = false;
  Slice body;
};
struct Ping {
  std::uint64_t stamp = 0;  // the sender's clock: comes back as it is
};
struct Pong {
  std::uint64_t stamp = 0;
};

using Message = std::variant<Hello, Challenge, Proof, Welcome, Refusal, PageRequestMessage, PageResultMessage,
                             FenceMessage, FenceDoneMessage, AbortMessage, AbortDoneMessage, ControlRequestMessage,
                             ControlReplyMessage, Ping, Pong>;

// Why a peer's bytes are not the protocol. The link is closed: nothing behind them can be trusted.
enum class FrameFault {
  unknown_type,
  not_authenticated,  // a frame of the other phase: a request before the handshake, or a handshake after it
  bad_length,         // not what that type has, or above its limit
  header_crc,
  payload_crc,
  bad_field,  // a value that the type does not allow
};
const char* to_string(FrameFault fault);

}  // namespace shoal::routing

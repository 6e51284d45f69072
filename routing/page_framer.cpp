#include <algorithm>
#include <cstring>
#include <utility>

#include "routing/page_message_codec.h"
#include "routing/page_message_layout.h"
#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing {
namespace {

constexpr std::size_t kReceiveBytes = 128 * 1024;
constexpr std::size_t kLeastRoomBytes = 8 * 1024;  // a read is worth that much
constexpr std::size_t kMaxPooledChunks = 32;

struct TypeRule {
  FrameType type;
  std::size_t body_bytes;
  std::uint32_t max_payload_bytes;
};

constexpr TypeRule kRules[] = {
    {FrameType::hello, hello_layout::kBodyBytes, kMaxHandshakeBytes},
    {FrameType::challenge, challenge_layout::kBodyBytes, kMaxHandshakeBytes},
    {FrameType::proof, mac_layout::kBodyBytes, 0},
    {FrameType::welcome, mac_layout::kBodyBytes, 0},
    {FrameType::refusal, code_layout::kBodyBytes, 0},
    {FrameType::page_request, page_request_layout::kBodyBytes, kMaxPayloadBytes},
    {FrameType::page_result, page_result_layout::kBodyBytes, kMaxPayloadBytes},
    {FrameType::fence, fence_layout::kBodyBytes, 0},
    {FrameType::fence_done, code_layout::kBodyBytes, 0},
    {FrameType::abort, abort_layout::kBodyBytes, 0},
    {FrameType::abort_done, 0, 0},
    {FrameType::control_request, control_request_layout::kBodyBytes, kMaxControlBytes},
    {FrameType::control_reply, code_layout::kBodyBytes, kMaxControlBytes},
    {FrameType::ping, ping_layout::kBodyBytes, 0},
    {FrameType::pong, ping_layout::kBodyBytes, 0},
};
static_assert(std::ranges::all_of(kRules, [](const TypeRule& rule) {
  return frame_layout::kHeaderBytes + rule.body_bytes <= kMaxHeadBytes;
}));
static_assert(frame_layout::kHeaderBytes == kFrameHeaderBytes);

const TypeRule* rule_of(std::uint8_t type) {
  for (const TypeRule& rule : kRules) {
    if (static_cast<std::uint8_t>(rule.type) == type) return &rule;
  }
  return nullptr;
}

}  // namespace

MutableByteSpan PageFramer::room() {
  const std::size_t still_wanted = wanted_ - std::min(wanted_, unread());
  // A large frame in progress is finished where it lies; otherwise a read should bring more than a few bytes.
  const std::size_t least = std::max(still_wanted, unread() < kLeastRoomBytes ? kLeastRoomBytes : 1);
  if (capacity_ - end_ < least) change_chunk();
  return {chunk_.get() + end_, capacity_ - end_};
}

void PageFramer::received(std::size_t bytes) {
  CHECK(bytes <= capacity_ - end_, bytes, capacity_, end_);
  end_ += bytes;
}

// What is not cut yet goes on in another chunk, with room for its whole frame: payload is in one piece.
void PageFramer::change_chunk() {
  const Chunk old = std::exchange(chunk_, nullptr);
  const std::size_t kept = unread();
  const std::size_t needed = std::max(wanted_, kept);
  if (needed <= kReceiveBytes) {
    const long alone = 1;
    const auto idle = std::ranges::find_if(pool_, [&](const Chunk& chunk) {
      return chunk.use_count() == alone || (kept == 0 && chunk == old && chunk.use_count() == alone + 1);
    });
    if (idle != pool_.end()) chunk_ = *idle;
  }
  if (!chunk_) {
    capacity_ = std::max(needed, kReceiveBytes);
    chunk_ = std::make_shared_for_overwrite<std::byte[]>(capacity_);
    if (capacity_ == kReceiveBytes && pool_.size() < kMaxPooledChunks) pool_.push_back(chunk_);
  } else {
    capacity_ = kReceiveBytes;
  }
  if (kept > 0) std::memcpy(chunk_.get(), old.get() + begin_, kept);
  begin_ = 0;
  end_ = kept;
}

std::optional<FrameFault> PageFramer::check_header(ByteSpan header) {
  const TypeRule* rule = rule_of(frame_layout::Type::get(header));
  if (!rule) return FrameFault::unknown_type;
  if (is_handshake(rule->type) == authenticated_) return FrameFault::not_authenticated;
  const std::size_t head_bytes = frame_layout::HeadBytes::get(header);
  const std::size_t frame_bytes = frame_layout::FrameBytes::get(header);
  if (head_bytes != kFrameHeaderBytes + rule->body_bytes) return FrameFault::bad_length;
  if (frame_bytes < head_bytes || frame_bytes - head_bytes > rule->max_payload_bytes) return FrameFault::bad_length;
  if (frame_layout::Reserved::get(header) != 0) return FrameFault::bad_field;
  return std::nullopt;
}

bool PageFramer::head_intact(ByteSpan head) {
  const std::uint32_t crc = crc32c(head.first(frame_layout::kCrcAt));
  return crc32c(head.subspan(kFrameHeaderBytes), crc) == frame_layout::HeadCrc::get(head);
}

PageFramer::Framed PageFramer::fail(FrameFault fault) {
  fault_ = fault;
  return fault;
}

PageFramer::Framed PageFramer::next() {
  if (fault_) return *fault_;
  if (unread() < kFrameHeaderBytes) return NeedMore{};
  const ByteSpan bytes(chunk_.get() + begin_, unread());
  const std::size_t head_bytes = frame_layout::HeadBytes::get(bytes);
  if (!head_checked_) {
    if (const auto fault = check_header(bytes)) return fail(*fault);
    wanted_ = head_bytes;
    if (bytes.size() < head_bytes) return NeedMore{};
    if (!head_intact(bytes.first(head_bytes))) return fail(FrameFault::header_crc);
    head_checked_ = true;
    wanted_ = frame_layout::FrameBytes::get(bytes);
  }
  if (bytes.size() < wanted_) return NeedMore{};
  if (crc32c(bytes.subspan(head_bytes, wanted_ - head_bytes)) != frame_layout::PayloadCrc::get(bytes)) {
    return fail(FrameFault::payload_crc);
  }
  return cut();
}

Frame PageFramer::cut() {
  const ByteSpan bytes(chunk_.get() + begin_, wanted_);
  const std::size_t head_bytes = frame_layout::HeadBytes::get(bytes);
  Frame frame{.type = static_cast<FrameType>(frame_layout::Type::get(bytes)),
              .id = frame_layout::Id::get(bytes),
              .body = bytes.subspan(kFrameHeaderBytes, head_bytes - kFrameHeaderBytes)};
  if (wanted_ > head_bytes) frame.payload = Slice::share(chunk_, bytes.subspan(head_bytes));
  begin_ += wanted_;
  wanted_ = kFrameHeaderBytes;
  head_checked_ = false;
  return frame;
}

const char* to_string(FrameFault fault) {
  switch (fault) {
    case FrameFault::unknown_type: return "unknown frame type";
    case FrameFault::not_authenticated: return "frame of the other phase";
    case FrameFault::bad_length: return "bad length";
    case FrameFault::header_crc: return "header checksum";
    case FrameFault::payload_crc: return "payload checksum";
    case FrameFault::bad_field: return "bad field";
  }
  return "unknown";
}

}  // namespace shoal::routing

#include "routing/page_message_codec.h"

#include <algorithm>
#include <utility>

#include "routing/page_message_layout.h"
#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing {
namespace {

constexpr std::size_t kArenaBytes = 16 * 1024;
constexpr std::uint8_t kFua = 1, kKeep = 2;             // flags of a page request
constexpr std::uint64_t kLongestAgeUs = 3'600'000'000;  // an hour: what is older is as old

// ---- bodies written ---------------------------------------------------------------------------------------------

void put_request(MutableByteSpan at, const PageRequest& request, std::uint64_t age_us) {
  namespace layout = page_request_layout;
  layout::Kind::put(at, static_cast<std::uint8_t>(request.kind));
  layout::Flags::put(at, static_cast<std::uint8_t>((request.fua ? kFua : 0) | (request.keep ? kKeep : 0)));
  layout::Part::put(at, request.part);
  layout::Image::put(at, request.page.image);
  layout::Page::put(at, request.page.index);
  layout::Offset::put(at, request.offset);
  layout::Length::put(at, request.length);
  layout::TheEpoch::put(at, request.epoch);
  layout::Store::put(at, request.store);
  layout::Nexus::put(at, request.origin.nexus);
  layout::TheGeneration::put(at, request.origin.generation);
  layout::Operation::put(at, request.origin.id);
  layout::LowestUnfinished::put(at, request.origin.lowest_unfinished);
  layout::ReservationGeneration::put(at, request.origin.reservation_generation);
  layout::AgeUs::put(at, std::min(age_us, kLongestAgeUs));
}

Slice encode_extents(const std::vector<LbaStatus>& extents) {
  MutableByteSpan at;
  Slice bytes = Slice::fresh(extents.size() * extent_layout::kBytes, at);
  for (const LbaStatus& extent : extents) {
    extent_layout::First::put(at, extent.range.first.value);
    extent_layout::Count::put(at, static_cast<std::uint32_t>(extent.range.count));
    extent_layout::Mapped::put(at, extent.mapped ? 1 : 0);
    at = at.subspan(extent_layout::kBytes);
  }
  return bytes;
}

Slices encode_stores(const std::vector<StoreId>& stores) {
  if (stores.empty()) return {};
  return {Slice::copy_of(std::as_bytes(std::span(stores)))};
}

void put_body(MutableByteSpan at, const Hello& hello) {
  hello_layout::Magic::put(at, hello_layout::kMagic);
  hello_layout::Lowest::put(at, hello.lowest_version);
  hello_layout::Highest::put(at, hello.highest_version);
  hello_layout::From::put(at, hello.from);
  hello_layout::To::put(at, hello.to);
  hello_layout::Incarnation::put(at, hello.incarnation);
  hello_layout::LinkNumber::put(at, hello.link_number);
  hello_layout::Group::put(at, hello.group);
  hello_layout::TheNonce::put(at, hello.nonce);
}

void put_body(MutableByteSpan at, const Challenge& challenge) {
  challenge_layout::Version::put(at, challenge.version);
  challenge_layout::From::put(at, challenge.from);
  challenge_layout::Incarnation::put(at, challenge.incarnation);
  challenge_layout::TheNonce::put(at, challenge.nonce);
}

void put_body(MutableByteSpan at, const Fence& fence) {
  fence_layout::Image::put(at, fence.image);
  fence_layout::TheGeneration::put(at, fence.generation);
  fence_layout::Nexus::put(at, fence.nexus);
}

void put_body(MutableByteSpan at, const AbortMessage& abort) {
  abort_layout::Image::put(at, abort.image);
  abort_layout::TheGeneration::put(at, abort.selection.generation);
  abort_layout::Nexus::put(at, abort.selection.nexus);
  abort_layout::Operation::put(at, abort.selection.id);
}

// ---- bodies read ------------------------------------------------------------------------------------------------

using Fault = FrameFault;

Result<std::vector<StoreId>, Fault> decode_stores(const Slice& payload) {
  if (payload.size() % sizeof(StoreId) != 0) return Fault::bad_length;
  std::vector<StoreId> stores(payload.size() / sizeof(StoreId));
  std::copy(payload.bytes().begin(), payload.bytes().end(), std::as_writable_bytes(std::span(stores)).begin());
  return stores;
}

Result<Message, Fault> decode_hello(const Frame& frame) {
  namespace layout = hello_layout;
  if (layout::Magic::get(frame.body) != layout::kMagic) return Fault::bad_field;
  auto stores = decode_stores(frame.payload);
  if (!stores) return stores.error();
  return Hello{.lowest_version = layout::Lowest::get(frame.body),
               .highest_version = layout::Highest::get(frame.body),
               .group = layout::Group::get(frame.body),
               .from = layout::From::get(frame.body),
               .to = layout::To::get(frame.body),
               .incarnation = layout::Incarnation::get(frame.body),
               .link_number = layout::LinkNumber::get(frame.body),
               .nonce = layout::TheNonce::get(frame.body),
               .stores = std::move(*stores)};
}

Result<Message, Fault> decode_challenge(const Frame& frame) {
  namespace layout = challenge_layout;
  auto stores = decode_stores(frame.payload);
  if (!stores) return stores.error();
  return Challenge{.version = layout::Version::get(frame.body),
                   .from = layout::From::get(frame.body),
                   .incarnation = layout::Incarnation::get(frame.body),
                   .nonce = layout::TheNonce::get(frame.body),
                   .stores = std::move(*stores)};
}

Result<Message, Fault> decode_refusal(const Frame& frame) {
  const auto code = code_layout::Code::get(frame.body);
  if (code < 1 || code > static_cast<std::uint8_t>(RefusalReason::stale_link)) return Fault::bad_field;
  return Refusal{static_cast<RefusalReason>(code)};
}

bool valid_status(std::uint8_t status) { return status <= static_cast<std::uint8_t>(PageStatus::aborted); }

// Data that such a request carries.
std::uint64_t data_bytes(const PageRequest& request) {
  if (request.kind == OperationKind::write || request.keep) return request.length;
  if (request.kind == OperationKind::compare_and_write) return std::uint64_t{request.length} * 2;
  return 0;
}

std::optional<Fault> check_request(const PageRequest& request, std::size_t payload_bytes) {
  if (request.keep && request.kind != OperationKind::compare_and_write) return Fault::bad_field;
  if (request.kind == OperationKind::flush) return payload_bytes == 0 ? std::nullopt : std::optional(Fault::bad_length);
  if (request.length == 0 || request.length % kBlockBytes != 0 || request.offset % kBlockBytes != 0)
    return Fault::bad_field;
  if (std::uint64_t{request.offset} + request.length > kMaxPageBytes) return Fault::bad_field;
  if (request.kind == OperationKind::read && request.length > kMaxRequestBytes) return Fault::bad_length;
  if (payload_bytes != data_bytes(request)) return Fault::bad_length;
  return std::nullopt;
}

Result<LbaStatus, Fault> decode_extent(ByteSpan at) {
  const auto mapped = extent_layout::Mapped::get(at);
  const LbaStatus extent{{Lba{extent_layout::First::get(at)}, extent_layout::Count::get(at)}, mapped == 1};
  const std::uint64_t page_blocks = kMaxPageBytes / kBlockBytes;
  if (mapped > 1 || extent.range.count == 0 || extent.range.count > page_blocks) return Fault::bad_field;
  if (extent.range.first.value > page_blocks - extent.range.count) return Fault::bad_field;
  return extent;
}

Result<Message, Fault> decode_fence_done(const Frame& frame) {
  const auto status = code_layout::Code::get(frame.body);
  if (!valid_status(status)) return Fault::bad_field;
  return FenceDoneMessage{frame.id, static_cast<PageStatus>(status)};
}

Message decode_fence(const Frame& frame) {
  namespace layout = fence_layout;
  return FenceMessage{
      frame.id,
      {layout::Image::get(frame.body), layout::Nexus::get(frame.body), layout::TheGeneration::get(frame.body)}};
}

Message decode_abort(const Frame& frame) {
  namespace layout = abort_layout;
  return AbortMessage{
      frame.id,
      layout::Image::get(frame.body),
      {layout::Nexus::get(frame.body), layout::Operation::get(frame.body), layout::TheGeneration::get(frame.body)}};
}

Result<Message, Fault> decode_control_reply(const Frame& frame) {
  const auto code = code_layout::Code::get(frame.body);
  if (code > 1) return Fault::bad_field;
  return ControlReplyMessage{frame.id, code == 1, frame.payload};
}

template <class T>
Result<Message, Fault> as_message(Result<T, Fault> decoded) {
  if (!decoded) return decoded.error();
  return Message(std::move(*decoded));
}

}  // namespace

// ---- decoding ---------------------------------------------------------------------------------------------------

Result<PageRequestMessage, FrameFault> decode_page_request(const Frame& frame) {
  namespace layout = page_request_layout;
  const ByteSpan body = frame.body;
  const auto kind = layout::Kind::get(body);
  const auto flags = layout::Flags::get(body);
  if (kind > static_cast<std::uint8_t>(OperationKind::lba_status) || flags > (kFua | kKeep)) return Fault::bad_field;
  PageRequestMessage message{.id = frame.id, .age_us = std::min(layout::AgeUs::get(body), kLongestAgeUs)};
  PageRequest& request = message.request;
  request.kind = static_cast<OperationKind>(kind);
  request.fua = (flags & kFua) != 0;
  request.keep = (flags & kKeep) != 0;
  request.part = layout::Part::get(body);
  request.page = {layout::Image::get(body), layout::Page::get(body)};
  request.offset = layout::Offset::get(body);
  request.length = layout::Length::get(body);
  request.epoch = layout::TheEpoch::get(body);
  request.store = layout::Store::get(body);
  request.origin.nexus = layout::Nexus::get(body);
  request.origin.generation = layout::TheGeneration::get(body);
  request.origin.id = layout::Operation::get(body);
  request.origin.lowest_unfinished = layout::LowestUnfinished::get(body);
  request.origin.reservation_generation = layout::ReservationGeneration::get(body);
  if (const auto fault = check_request(request, frame.payload.size())) return *fault;
  if (!frame.payload.empty()) request.data.push_back(frame.payload);
  return message;
}

Result<PageResultMessage, FrameFault> decode_page_result(const Frame& frame) {
  namespace layout = page_result_layout;
  const auto status = layout::Status::get(frame.body);
  const std::size_t extents = layout::Extents::get(frame.body);
  if (!valid_status(status)) return Fault::bad_field;
  if (extents > kMaxExtentsPerResult || extents * extent_layout::kBytes > frame.payload.size())
    return Fault::bad_length;
  PageResultMessage message{.id = frame.id};
  PageResult& result = message.result;
  result.status = static_cast<PageStatus>(status);
  result.detail = layout::Detail::get(frame.body);
  result.lba_status.reserve(extents);
  for (std::size_t i = 0; i < extents; ++i) {
    const auto extent = decode_extent(frame.payload.bytes().subspan(i * extent_layout::kBytes));
    if (!extent) return extent.error();
    result.lba_status.push_back(*extent);
  }
  const std::size_t data_at = extents * extent_layout::kBytes;
  if (frame.payload.size() > data_at) result.data.push_back(frame.payload.sub(data_at, frame.payload.size() - data_at));
  return message;
}

Result<Message, FrameFault> decode(const Frame& frame) {
  switch (frame.type) {
    case FrameType::hello: return decode_hello(frame);
    case FrameType::challenge: return decode_challenge(frame);
    case FrameType::proof: return Message(Proof{mac_layout::TheMac::get(frame.body)});
    case FrameType::welcome: return Message(Welcome{mac_layout::TheMac::get(frame.body)});
    case FrameType::refusal: return decode_refusal(frame);
    case FrameType::page_request: return as_message(decode_page_request(frame));
    case FrameType::page_result: return as_message(decode_page_result(frame));
    case FrameType::fence: return decode_fence(frame);
    case FrameType::fence_done: return decode_fence_done(frame);
    case FrameType::abort: return decode_abort(frame);
    case FrameType::abort_done: return Message(AbortDoneMessage{frame.id});
    case FrameType::control_request:
      return Message(ControlRequestMessage{frame.id, control_request_layout::Kind::get(frame.body), frame.payload});
    case FrameType::control_reply: return decode_control_reply(frame);
    case FrameType::ping: return Message(Ping{ping_layout::Stamp::get(frame.body)});
    case FrameType::pong: return Message(Pong{ping_layout::Stamp::get(frame.body)});
  }
  return Fault::unknown_type;
}

// ---- encoding ---------------------------------------------------------------------------------------------------

MutableByteSpan PageOutbox::head(std::size_t body_bytes) {
  const std::size_t bytes = frame_layout::kHeaderBytes + body_bytes;
  if (room_.size() < bytes) {
    close_run();
    arena_ = Slice::fresh(kArenaBytes, room_);
    open_begin_ = 0;
  }
  const MutableByteSpan head = room_.first(bytes);
  room_ = room_.subspan(bytes);
  std::fill(head.begin(), head.end(), std::byte{0});
  return head;
}

void PageOutbox::finish(FrameType type, std::uint64_t id, MutableByteSpan head, Slices payload) {
  const std::size_t payload_bytes = total_size(payload);
  CHECK(payload_bytes <= kMaxPayloadBytes, payload_bytes);
  std::uint32_t payload_crc = 0;
  for (const Slice& slice : payload) payload_crc = crc32c(slice.bytes(), payload_crc);
  frame_layout::FrameBytes::put(head, static_cast<std::uint32_t>(head.size() + payload_bytes));
  frame_layout::Type::put(head, static_cast<std::uint8_t>(type));
  frame_layout::HeadBytes::put(head, static_cast<std::uint16_t>(head.size()));
  frame_layout::Id::put(head, id);
  frame_layout::PayloadCrc::put(head, payload_crc);
  const std::uint32_t head_crc = crc32c(head.first(frame_layout::kCrcAt));
  frame_layout::HeadCrc::put(head, crc32c(head.subspan(frame_layout::kHeaderBytes), head_crc));
  open_bytes_ += head.size();
  bytes_ += head.size() + payload_bytes;
  if (payload_bytes == 0) return;
  close_run();
  for (Slice& slice : payload) slices_.push_back(std::move(slice));
}

void PageOutbox::close_run() {
  if (open_bytes_ == 0) return;
  slices_.push_back(arena_.sub(open_begin_, open_bytes_));
  open_begin_ += open_bytes_;
  open_bytes_ = 0;
}

Slices PageOutbox::take() {
  close_run();
  bytes_ = 0;
  return std::exchange(slices_, {});
}

void PageOutbox::put(std::uint64_t id, PageRequest request, std::uint64_t age_us) {
  const MutableByteSpan at = head(page_request_layout::kBodyBytes);
  put_request(at.subspan(frame_layout::kHeaderBytes), request, age_us);
  finish(FrameType::page_request, id, at, std::move(request.data));
}

void PageOutbox::put(std::uint64_t id, PageResult result) {
  CHECK(valid_status(static_cast<std::uint8_t>(result.status)), to_string(result.status));
  if (result.lba_status.size() > kMaxExtentsPerResult) result.lba_status.resize(kMaxExtentsPerResult);  // covers less
  const MutableByteSpan at = head(page_result_layout::kBodyBytes);
  const MutableByteSpan body = at.subspan(frame_layout::kHeaderBytes);
  page_result_layout::Status::put(body, static_cast<std::uint8_t>(result.status));
  page_result_layout::Extents::put(body, static_cast<std::uint32_t>(result.lba_status.size()));
  page_result_layout::Detail::put(body, result.detail);
  if (!result.lba_status.empty()) result.data.insert(result.data.begin(), encode_extents(result.lba_status));
  finish(FrameType::page_result, id, at, std::move(result.data));
}

namespace {

struct Parts {  // of a message that is none of the two above
  FrameType type;
  std::uint64_t id = 0;
  std::size_t body_bytes = 0;
  Slices payload;
};

Slices payload_of(const Slice& body) { return body.empty() ? Slices{} : Slices{body}; }

struct PartsOf {
  Parts operator()(const Hello& m) const {
    return {FrameType::hello, 0, hello_layout::kBodyBytes, encode_stores(m.stores)};
  }
  Parts operator()(const Challenge& m) const {
    return {FrameType::challenge, 0, challenge_layout::kBodyBytes, encode_stores(m.stores)};
  }
  Parts operator()(const Proof&) const { return {FrameType::proof, 0, mac_layout::kBodyBytes, {}}; }
  Parts operator()(const Welcome&) const { return {FrameType::welcome, 0, mac_layout::kBodyBytes, {}}; }
  Parts operator()(const Refusal&) const { return {FrameType::refusal, 0, code_layout::kBodyBytes, {}}; }
  Parts operator()(const FenceMessage& m) const { return {FrameType::fence, m.id, fence_layout::kBodyBytes, {}}; }
  Parts operator()(const FenceDoneMessage& m) const {
    return {FrameType::fence_done, m.id, code_layout::kBodyBytes, {}};
  }
  Parts operator()(const AbortMessage& m) const { return {FrameType::abort, m.id, abort_layout::kBodyBytes, {}}; }
  Parts operator()(const AbortDoneMessage& m) const { return {FrameType::abort_done, m.id, 0, {}}; }
  Parts operator()(const ControlRequestMessage& m) const {
    return {FrameType::control_request, m.id, control_request_layout::kBodyBytes, payload_of(m.body)};
  }
  Parts operator()(const ControlReplyMessage& m) const {
    return {FrameType::control_reply, m.id, code_layout::kBodyBytes, payload_of(m.body)};
  }
  Parts operator()(const Ping&) const { return {FrameType::ping, 0, ping_layout::kBodyBytes, {}}; }
  Parts operator()(const Pong&) const { return {FrameType::pong, 0, ping_layout::kBodyBytes, {}}; }
  template <class T>
  Parts operator()(const T&) const = delete;
};

struct PutBody {
  MutableByteSpan at;
  void operator()(const Hello& m) const { put_body(at, m); }
  void operator()(const Challenge& m) const { put_body(at, m); }
  void operator()(const Proof& m) const { mac_layout::TheMac::put(at, m.mac); }
  void operator()(const Welcome& m) const { mac_layout::TheMac::put(at, m.mac); }
  void operator()(const Refusal& m) const { code_layout::Code::put(at, static_cast<std::uint8_t>(m.reason)); }
  void operator()(const FenceMessage& m) const { put_body(at, m.fence); }
  void operator()(const FenceDoneMessage& m) const { code_layout::Code::put(at, static_cast<std::uint8_t>(m.status)); }
  void operator()(const AbortMessage& m) const { put_body(at, m); }
  void operator()(const AbortDoneMessage&) const {}
  void operator()(const ControlRequestMessage& m) const { control_request_layout::Kind::put(at, m.kind); }
  void operator()(const ControlReplyMessage& m) const { code_layout::Code::put(at, m.refused ? 1 : 0); }
  void operator()(const Ping& m) const { ping_layout::Stamp::put(at, m.stamp); }
  void operator()(const Pong& m) const { ping_layout::Stamp::put(at, m.stamp); }
};

}  // namespace

void PageOutbox::put(const Message& message) {
  std::visit(
      [this](const auto& m) {
        using T = std::decay_t<decltype(m)>;
        if constexpr (std::is_same_v<T, PageRequestMessage>) {
          put(m.id, m.request, m.age_us);
        } else if constexpr (std::is_same_v<T, PageResultMessage>) {
          put(m.id, m.result);
        } else {
          Parts parts = PartsOf{}(m);
          const MutableByteSpan at = head(parts.body_bytes);
          PutBody{at.subspan(frame_layout::kHeaderBytes)}(m);
          finish(parts.type, parts.id, at, std::move(parts.payload));
        }
      },
      message);
}

}  // namespace shoal::routing

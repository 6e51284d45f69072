#include "target/iscsi/framer.h"

#include <algorithm>

#include "target/base/check.h"
#include "target/base/crc32c.h"
#include "target/iscsi/pdu_codec.h"

namespace shoal::iscsi {

const char* to_string(FrameFault fault) {
  switch (fault) {
    case FrameFault::header_digest: return "header digest";
    case FrameFault::data_too_long: return "data segment too long";
    case FrameFault::ahs_too_long: return "additional headers too long";
  }
  return "?";
}

void Framer::receive(Slice chunk) {
  if (chunk.empty() || part_ == Part::failed) return;
  if (input_index_ == input_.size()) {
    input_.clear();
    input_index_ = 0;
  }
  input_.push_back(std::move(chunk));
}

ByteSpan Framer::received() const {
  if (input_index_ == input_.size()) return {};
  return input_[input_index_].bytes().subspan(input_offset_);
}

void Framer::consume(std::size_t bytes) {
  input_offset_ += bytes;
  if (input_offset_ < input_[input_index_].size()) return;
  input_[input_index_] = {};  // what was taken of it has its own reference
  input_offset_ = 0;
  ++input_index_;
}

bool Framer::fill(MutableByteSpan into) {
  while (have_ < into.size()) {
    const ByteSpan bytes = received();
    if (bytes.empty()) return false;
    const std::size_t count = std::min(bytes.size(), into.size() - have_);
    std::copy_n(bytes.begin(), count, into.begin() + static_cast<std::ptrdiff_t>(have_));
    consume(count);
    have_ += count;
  }
  have_ = 0;
  return true;
}

Framed Framer::next() {
  while (true) {
    switch (part_) {
      case Part::bhs:
        if (!fill(frame_.bhs)) return NeedMore{};
        if (const auto fault = begin_pdu()) return fail(*fault);
        break;
      case Part::ahs:
        if (!fill(frame_.ahs)) return NeedMore{};
        part_ = digests_.header ? Part::header_digest : Part::data;
        if (part_ == Part::data) begin_data();
        break;
      case Part::header_digest:
        if (!fill(header_digest_)) return NeedMore{};
        if (const auto fault = check_header_digest()) return fail(*fault);
        begin_data();
        break;
      case Part::data:
        if (!read_data()) return NeedMore{};
        part_ = Part::trailer;
        break;
      case Part::trailer:
        if (!fill(MutableByteSpan(trailer_).first(trailer_bytes_))) return NeedMore{};
        return finish();
      case Part::failed: return NeedMore{};
    }
  }
}

std::optional<FrameFault> Framer::begin_pdu() {
  const std::uint32_t ahs_bytes = ahs_length_of(frame_.bhs);
  data_bytes_ = data_length_of(frame_.bhs);
  if (ahs_bytes > limits_.ahs_bytes) return FrameFault::ahs_too_long;
  // With a header digest the length is believed only after it was checked.
  if (!digests_.header && data_bytes_ > limits_.data_bytes) return FrameFault::data_too_long;
  frame_.ahs.resize(ahs_bytes);
  part_ = Part::ahs;
  return std::nullopt;
}

std::optional<FrameFault> Framer::check_header_digest() {
  const std::uint32_t crc = crc32c(frame_.ahs, crc32c(frame_.bhs));
  if (load_le<std::uint32_t>(header_digest_) != crc) return FrameFault::header_digest;
  if (data_bytes_ > limits_.data_bytes) return FrameFault::data_too_long;
  return std::nullopt;
}

void Framer::begin_data() {
  part_ = Part::data;
  data_crc_ = 0;
  gathering_ = {};
  trailer_bytes_ = padding_of(data_bytes_) + (digests_.data && data_bytes_ != 0 ? 4 : 0);
}

bool Framer::read_data() {
  while (have_ < data_bytes_) {
    const ByteSpan bytes = received();
    if (bytes.empty()) return false;
    const std::size_t count = std::min<std::size_t>(bytes.size(), data_bytes_ - have_);
    if (digests_.data) data_crc_ = crc32c(bytes.first(count), data_crc_);
    keep(input_[input_index_].sub(input_offset_, count));
    consume(count);
    have_ += count;
  }
  have_ = 0;
  return true;
}

// A payload that trickles in would cost more in slices than it weighs: beyond kMaxPieces it is gathered in one place.
void Framer::keep(Slice piece) {
  if (!gathering_.empty()) return copy_in(piece.bytes());
  if (frame_.data.size() < kMaxPieces) {
    frame_.data.push_back(std::move(piece));
    return;
  }
  Slice whole = Slice::fresh(data_bytes_, gathering_);
  copy_out(frame_.data, gathering_.first(have_));
  frame_.data = {std::move(whole)};
  copy_in(piece.bytes());
}

void Framer::copy_in(ByteSpan piece) {
  std::copy(piece.begin(), piece.end(), gathering_.begin() + static_cast<std::ptrdiff_t>(have_));
}

Frame Framer::finish() {
  if (digests_.data && data_bytes_ != 0) {
    const ByteSpan padding = ByteSpan(trailer_).first(trailer_bytes_ - 4);
    frame_.data_digest_ok = load_le<std::uint32_t>(trailer_, padding.size()) == crc32c(padding, data_crc_);
  }
  part_ = Part::bhs;
  data_bytes_ = 0;
  trailer_bytes_ = 0;
  gathering_ = {};
  return std::exchange(frame_, Frame{});
}

FrameError Framer::fail(FrameFault fault) {
  part_ = Part::failed;
  input_.clear();
  input_index_ = input_offset_ = 0;
  return {fault, frame_.bhs};
}

std::size_t Framer::held_bytes() const {
  const std::size_t in_progress = total_size(frame_.data) + frame_.ahs.size();
  return total_size(input_) - (input_index_ == input_.size() ? 0 : input_offset_) + in_progress;
}

std::size_t Framer::missing() const {
  const std::size_t data = data_bytes_ + padding_of(data_bytes_) + (digests_.data && data_bytes_ != 0 ? 4 : 0);
  switch (part_) {
    case Part::bhs: return kBhsSize - have_;
    // A length under a header digest is nothing to reserve memory for before the digest was checked.
    case Part::ahs: return frame_.ahs.size() - have_ + (digests_.header ? header_digest_.size() : data);
    case Part::header_digest: return header_digest_.size() - have_;
    case Part::data: return data - have_;
    case Part::trailer: return trailer_bytes_ - have_;
    case Part::failed: return 1;
  }
  return 1;
}

}  // namespace shoal::iscsi

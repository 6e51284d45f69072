#include "target/iscsi/pdu_writer.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::iscsi {
namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;
constexpr std::size_t kCopiedBytes = 512;          // payload up to here is cheaper copied than gathered
constexpr std::size_t kSummedAtOnce = 256 * 1024;  // and then sent: a core's cache has room for several

constexpr std::array<std::byte, 4> little_endian(std::uint32_t number) {
  std::array<std::byte, 4> bytes{};
  store_le<std::uint32_t>(bytes, 0, number);
  return bytes;
}

ByteSpan padding_after(std::size_t data_bytes) {
  static constexpr std::array<std::byte, 3> kZeros{};
  return ByteSpan(kZeros).first(padding_of(static_cast<std::uint32_t>(data_bytes)));
}

// visit(slice, from, count) for each part of the run [offset, offset + length) of `data`, which must lie inside.
template <class Visit>
void for_each_piece(const Slices& data, std::size_t offset, std::size_t length, const Visit& visit) {
  for (const Slice& slice : data) {
    if (length == 0) break;
    if (offset >= slice.size()) {
      offset -= slice.size();
      continue;
    }
    const std::size_t count = std::min(length, slice.size() - offset);
    visit(slice, offset, count);
    offset = 0;
    length -= count;
  }
  CHECK(length == 0, length);
}

}  // namespace

// ---- added

void PduWriter::append_bytes(const BhsBytes& bhs, ByteSpan data) {
  // What is copied below is shared for no longer than this call.
  const Slice slice = data.size() > kCopiedBytes ? Slice::copy_of(data) : Slice::of_static(data);
  append(bhs, {slice}, 0, data.size());
}

void PduWriter::append(const BhsBytes& bhs, const Slices& data, std::size_t offset, std::size_t length) {
  copy(bhs);
  if (digests_.header) copy(little_endian(crc32c(bhs)));
  if (length == 0) return;  // no data segment, no data digest
  const bool summed_later = digests_.data && length > kCopiedBytes;
  std::uint32_t crc = 0;
  if (summed_later) close_run();
  const std::size_t first = numbered();
  for_each_piece(data, offset, length, [&](const Slice& slice, std::size_t from, std::size_t count) {
    if (summed_later || count > kCopiedBytes) return share(slice.sub(from, count));
    const ByteSpan bytes = slice.bytes().subspan(from, count);
    if (digests_.data) crc = crc32c(bytes, crc);
    copy(bytes);
  });
  const std::size_t last = numbered();
  const ByteSpan padding = padding_after(length);
  copy(padding);
  if (!digests_.data) return;
  std::byte* const at = copy(little_endian(crc32c(padding, crc)));
  if (summed_later) uncomputed_.push_back({first, last, padding, at});
}

void PduWriter::share(Slice piece) {
  close_run();
  size_ += piece.size();
  out_.push_back(std::move(piece));
}

std::byte* PduWriter::copy(ByteSpan bytes) {
  if (buffer_size_ - run_end_ < bytes.size()) {
    close_run();
    // Nobody holds a part of the old buffer any more: it is all written, and can be written again.
    if (!buffer_ || buffer_.use_count() != 1) buffer_ = std::make_shared_for_overwrite<std::byte[]>(kBufferBytes);
    buffer_size_ = kBufferBytes;
    run_begin_ = run_end_ = 0;
  }
  std::byte* const at = buffer_.get() + run_end_;
  std::copy(bytes.begin(), bytes.end(), at);
  run_end_ += bytes.size();
  size_ += bytes.size();
  return at;
}

void PduWriter::close_run() {
  if (run_begin_ == run_end_) return;
  out_.push_back(Slice::share(buffer_, {buffer_.get() + run_begin_, run_end_ - run_begin_}));
  run_begin_ = run_end_;
}

// ---- taken

Slices PduWriter::take() {
  close_run();
  sum_some(size_);
  return take_first(out_.size());
}

Slices PduWriter::take_some() {
  close_run();
  return take_first(sum_some(kSummedAtOnce));
}

// Computes digests until enough payload was summed. Yields how many slices may go: all before the payload of the next.
std::size_t PduWriter::sum_some(std::size_t enough_bytes) {
  std::size_t summed = 0;
  auto digest = uncomputed_.begin();
  for (; digest != uncomputed_.end() && summed < enough_bytes; ++digest) {
    std::uint32_t crc = 0;
    for (std::size_t i = digest->first - taken_; i < digest->last - taken_; ++i) {
      crc = crc32c(out_[i].bytes(), crc);
      summed += out_[i].size();
    }
    std::ranges::copy(little_endian(crc32c(digest->padding, crc)), digest->at);
  }
  const std::size_t ready = digest == uncomputed_.end() ? out_.size() : digest->first - taken_;
  uncomputed_.erase(uncomputed_.begin(), digest);
  return ready;
}

Slices PduWriter::take_first(std::size_t count) {
  taken_ += count;
  if (count == out_.size()) {
    size_ = 0;
    return std::exchange(out_, {});
  }
  const auto end = out_.begin() + static_cast<std::ptrdiff_t>(count);
  Slices first(std::make_move_iterator(out_.begin()), std::make_move_iterator(end));
  out_.erase(out_.begin(), end);
  size_ -= total_size(first);
  return first;
}

}  // namespace shoal::iscsi

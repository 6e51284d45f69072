#include "target/iscsi/pdu_writer.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::iscsi {
namespace {

constexpr std::size_t kBufferBytes = 16 * 1024;
constexpr std::size_t kCopiedBytes = 512;  // payload up to here is cheaper copied than gathered

constexpr std::array<std::byte, 4> little_endian(std::uint32_t number) {
  std::array<std::byte, 4> bytes{};
  store_le<std::uint32_t>(bytes, 0, number);
  return bytes;
}

}  // namespace

void PduWriter::append(const BhsBytes& bhs, std::span<const Slice> data, std::size_t offset, std::size_t length) {
  begin(bhs);
  std::size_t left = length;
  for (const Slice& slice : data) {
    if (left == 0) break;
    if (offset >= slice.size()) {
      offset -= slice.size();
      continue;
    }
    const std::size_t count = std::min(left, slice.size() - offset);
    append_data(slice, offset, count);
    offset = 0;
    left -= count;
  }
  CHECK(left == 0, left, length);
  end_data(length);
}

void PduWriter::begin(const BhsBytes& bhs) {
  copy(bhs);
  if (digests_.header) copy(little_endian(crc32c(bhs)));
  data_crc_ = 0;
}

void PduWriter::append_data(const Slice& slice, std::size_t offset, std::size_t length) {
  const ByteSpan bytes = slice.bytes().subspan(offset, length);
  if (digests_.data) data_crc_ = crc32c(bytes, data_crc_);
  if (length <= kCopiedBytes) return copy(bytes);
  close_run();
  out_.push_back(slice.sub(offset, length));
  size_ += length;
}

void PduWriter::append_data(ByteSpan bytes) {
  if (bytes.size() > kCopiedBytes) return append_data(Slice::copy_of(bytes), 0, bytes.size());
  if (digests_.data) data_crc_ = crc32c(bytes, data_crc_);
  copy(bytes);
}

void PduWriter::end_data(std::size_t data_bytes) {
  if (data_bytes == 0) return;  // no data segment, no data digest
  constexpr std::array<std::byte, 3> kZeros{};
  const ByteSpan padding = ByteSpan(kZeros).first(padding_of(static_cast<std::uint32_t>(data_bytes)));
  if (!padding.empty()) copy(padding);
  if (digests_.data) copy(little_endian(crc32c(padding, data_crc_)));
}

void PduWriter::copy(ByteSpan bytes) {
  if (buffer_size_ - run_end_ < bytes.size()) {
    close_run();
    // Nobody holds a part of the old buffer any more: it is all written, and can be written again.
    if (!buffer_ || buffer_.use_count() != 1) buffer_ = std::make_shared_for_overwrite<std::byte[]>(kBufferBytes);
    buffer_size_ = kBufferBytes;
    run_begin_ = run_end_ = 0;
  }
  std::copy(bytes.begin(), bytes.end(), buffer_.get() + run_end_);
  run_end_ += bytes.size();
  size_ += bytes.size();
}

void PduWriter::close_run() {
  if (run_begin_ == run_end_) return;
  out_.push_back(Slice::share(buffer_, {buffer_.get() + run_begin_, run_end_ - run_begin_}));
  run_begin_ = run_end_;
}

Slices PduWriter::take() {
  close_run();
  size_ = 0;
  return std::exchange(out_, {});
}

}  // namespace shoal::iscsi

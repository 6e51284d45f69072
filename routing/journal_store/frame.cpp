#include "routing/journal_store/frame.h"

#include <algorithm>
#include <optional>

#include "routing/journal_store/format_layout.h"
#include "routing/journal_store/record_codec.h"
#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

namespace layout = frame_layout;

// Of all bytes of the head's blocks but the CRC itself.
std::uint32_t crc_of_head(ByteSpan head) {
  return crc32c(head.subspan(layout::kHeaderBytes), crc32c(head.first(layout::kCrcAt)));
}

void put_header(MutableByteSpan frame, const FrameHead& head, std::size_t record_bytes) {
  layout::Magic::put(frame, layout::kMagic);
  layout::Chain::put(frame, head.chain);
  layout::Checkpoint::put(frame, head.checkpoint);
  layout::Seq::put(frame, head.seq);
  layout::DurableSeq::put(frame, head.durable_seq);
  layout::PreviousCrc::put(frame, head.previous_crc);
  layout::Blocks::put(frame, static_cast<std::uint32_t>(frame.size() / kBlock));
  layout::RecordBytes::put(frame, static_cast<std::uint32_t>(record_bytes));
}

// A head whose lengths and CRC are right.
struct Head {
  ByteSpan bytes;  // its blocks
  std::uint32_t frame_blocks = 0;

  ByteSpan records() const { return bytes.subspan(layout::kHeaderBytes, layout::RecordBytes::get(bytes)); }
  ByteSpan padding() const { return bytes.subspan(layout::kHeaderBytes + layout::RecordBytes::get(bytes)); }
  std::uint32_t blocks() const { return static_cast<std::uint32_t>(bytes.size() / kBlock); }
};

std::optional<Head> find_head(ByteSpan at, const ChainId& chain) {
  if (at.size() < kBlock || layout::Magic::get(at) != layout::kMagic || layout::Chain::get(at) != chain) return {};
  const std::uint32_t frame_blocks = layout::Blocks::get(at);
  const std::uint32_t record_bytes = layout::RecordBytes::get(at);
  if (frame_blocks > kMaxFrameBlocks || record_bytes > kMaxFrameBlocks * kBlock) return {};
  if (layout::DurableSeq::get(at) >= layout::Seq::get(at) || layout::Seq::get(at) > kMaxSequence) return {};
  const std::uint32_t blocks = head_blocks(record_bytes);
  if (blocks > frame_blocks || std::size_t{blocks} * kBlock > at.size()) return {};
  const ByteSpan bytes = at.first(std::size_t{blocks} * kBlock);
  if (layout::HeadCrc::get(bytes) != crc_of_head(bytes)) return {};
  return Head{bytes, frame_blocks};
}

FrameHead head_of(const Head& head) {
  return {.chain = layout::Chain::get(head.bytes),
          .checkpoint = layout::Checkpoint::get(head.bytes),
          .seq = layout::Seq::get(head.bytes),
          .durable_seq = layout::DurableSeq::get(head.bytes),
          .previous_crc = layout::PreviousCrc::get(head.bytes)};
}

std::uint32_t data_blocks(const std::vector<JournalRecord>& records) {
  std::uint32_t blocks = 0;
  for (const JournalRecord& record : records) blocks += data_blocks(record);
  return blocks;
}

// nullopt: not what encode_frame writes, though the CRC is right.
std::optional<Frame> frame_of(const Head& head) {
  Frame frame{.head = head_of(head),
              .head_crc = layout::HeadCrc::get(head.bytes),
              .blocks = head.frame_blocks,
              .data_at = head.blocks()};
  for (ByteSpan rest = head.records(); !rest.empty();) {
    auto record = take_record(rest);
    if (!record) return {};
    frame.records.push_back(std::move(*record));
  }
  if (frame.data_at + data_blocks(frame.records) != frame.blocks || !all_zero(head.padding())) return {};
  return frame;
}

bool data_are_whole(const Frame& frame, ByteSpan at) {
  ByteSpan rest = at.subspan(std::size_t{frame.data_at} * kBlock);
  for (const JournalRecord& record : frame.records) {
    for (std::uint32_t i = 0; i < data_blocks(record); ++i) {
      if (crc32c(rest.first(kBlock)) != record.crcs[i]) return false;
      rest = rest.subspan(kBlock);
    }
  }
  return true;
}

}  // namespace

std::uint32_t head_blocks(std::size_t record_bytes) {
  return static_cast<std::uint32_t>((layout::kHeaderBytes + record_bytes + kBlock - 1) / kBlock);
}

std::uint32_t encode_frame(const FrameHead& head, const std::vector<JournalRecord>& records, MutableByteSpan frame) {
  std::size_t record_bytes = 0;
  for (const JournalRecord& record : records) record_bytes += encoded_bytes(record);
  const std::size_t head_bytes = std::size_t{head_blocks(record_bytes)} * kBlock;
  const std::size_t frame_bytes = head_bytes + std::size_t{data_blocks(records)} * kBlock;
  CHECK(frame.size() == frame_bytes && frame_bytes <= kMaxFrameBlocks * kBlock, frame.size(), frame_bytes);
  CHECK(head.durable_seq < head.seq, head.durable_seq, head.seq);

  put_header(frame, head, record_bytes);
  MutableByteSpan rest = frame.first(head_bytes).subspan(layout::kHeaderBytes);
  for (const JournalRecord& record : records) {
    put_record(rest, record);
    rest = rest.subspan(encoded_bytes(record));
  }
  std::ranges::fill(rest, std::byte{0});
  const std::uint32_t crc = crc_of_head(frame.first(head_bytes));
  layout::HeadCrc::put(frame, crc);
  return crc;
}

Result<Frame, FrameFault> decode_frame(ByteSpan at, const ChainId& chain) {
  const auto head = find_head(at, chain);
  if (!head || std::size_t{head->frame_blocks} * kBlock > at.size()) return FrameFault::none_here;
  auto frame = frame_of(*head);
  if (!frame) return FrameFault::none_here;
  if (!data_are_whole(*frame, at)) return FrameFault::torn;
  return std::move(*frame);
}

Result<FrameHead, FrameFault> decode_frame_head(ByteSpan at, const ChainId& chain) {
  const auto head = find_head(at, chain);
  if (!head) return FrameFault::none_here;
  return head_of(*head);
}

}  // namespace shoal::routing::journal

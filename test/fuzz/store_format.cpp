// Fuzz: what a journal store reads from its device, as any bytes and as bytes whose checksums are right. What is read
// must be what is written: it encodes to the same bytes.
#include <fuzzer/FuzzedDataProvider.h>

#include <algorithm>
#include <cstdlib>
#include <string>
#include <vector>

#include "routing/journal_store/catalog.h"
#include "routing/journal_store/format_layout.h"
#include "routing/journal_store/frame.h"
#include "routing/journal_store/record_codec.h"
#include "target/base/crc32c.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;

namespace {

using Buffer = std::vector<std::byte>;

constexpr ChainId kChain{};
constexpr std::uint32_t kDeviceChunks = 0x2000;

Buffer buffer_of(std::string_view text, std::size_t size) {
  Buffer buffer(size);
  std::ranges::copy(as_bytes(text.substr(0, size)), buffer.begin());
  return buffer;
}

void expect_same(ByteSpan a, ByteSpan b) {
  if (!std::ranges::equal(a, b)) std::abort();
}

// ---- superblock -------------------------------------------------------------------------------------------------

void check_superblock(ByteSpan block) {
  const auto superblock = decode_superblock(block);
  if (!superblock) return;
  Buffer again(kBlock, std::byte{0xee});
  encode(*superblock, again);
  expect_same(block, again);
}

Buffer sealed_superblock(FuzzedDataProvider& in) {
  namespace layout = superblock_layout;
  Buffer block = buffer_of(in.ConsumeRemainingBytesAsString(), kBlock);
  layout::Magic::put(block, layout::kMagic);
  layout::FormatVersion::put(block, layout::kFormatVersion);
  layout::Crc::put(block, crc32c(ByteSpan(block).first(layout::kCrcAt)));
  return block;
}

// ---- frame ------------------------------------------------------------------------------------------------------

void check_frame(ByteSpan at) {
  const auto head = decode_frame_head(at, kChain);
  const auto frame = decode_frame(at, kChain);
  if (!frame) return;
  if (!head || *head != frame->head) std::abort();
  const ByteSpan bytes = at.first(std::size_t{frame->blocks} * kBlock);
  Buffer again(bytes.begin(), bytes.end());
  std::fill_n(again.begin(), std::size_t{frame->data_at} * kBlock, std::byte{0xee});
  if (encode_frame(frame->head, frame->records, again) != frame->head_crc) std::abort();
  expect_same(bytes, again);
}

// Gives the writes among the records the CRCs of data that are zeros. Yields how many blocks they are.
std::uint32_t fit_to_zeros(MutableByteSpan records) {
  static const std::uint32_t crc = crc32c(Buffer(kBlock));
  std::uint32_t blocks = 0;
  for (ByteSpan rest = records; !rest.empty();) {
    const MutableByteSpan at = records.last(rest.size());
    const auto record = take_record(rest);
    if (!record) break;
    for (std::uint32_t i = 0; i < data_blocks(*record); ++i) store_le(at, record_layout::kFixedBytes + 4 * i, crc);
    blocks += data_blocks(*record);
  }
  return blocks;
}

Buffer sealed_frame(FuzzedDataProvider& in) {
  namespace layout = frame_layout;
  const auto seq = in.ConsumeIntegral<std::uint64_t>();
  const std::string records = in.ConsumeRemainingBytesAsString();
  const std::uint32_t head = head_blocks(records.size());
  Buffer frame = buffer_of(std::string(layout::kHeaderBytes, '\0') + records, std::size_t{head} * kBlock);
  const std::uint32_t data = fit_to_zeros(MutableByteSpan(frame).subspan(layout::kHeaderBytes, records.size()));
  layout::Magic::put(frame, layout::kMagic);
  layout::Chain::put(frame, kChain);
  layout::Seq::put(frame, seq);
  layout::DurableSeq::put(frame, seq / 2);
  layout::Blocks::put(frame, head + data);
  layout::RecordBytes::put(frame, static_cast<std::uint32_t>(records.size()));
  const ByteSpan bytes = frame;
  layout::HeadCrc::put(frame, crc32c(bytes.subspan(layout::kHeaderBytes), crc32c(bytes.first(layout::kCrcAt))));
  frame.resize(frame.size() + std::size_t{std::min(data, kMaxFrameBlocks)} * kBlock);
  return frame;
}

// ---- leaf of chunks ---------------------------------------------------------------------------------------------

void check_leaf(ByteSpan leaf) {
  if (!is_sound_chunk_leaf(leaf, kDeviceChunks)) return;
  Buffer again(kBlock, std::byte{0xee});
  start_node(again, *node_header(leaf));
  for (std::uint32_t slot = 0; slot < kChunksPerLeaf; ++slot) set_chunk_entry(again, slot, chunk_entry(leaf, slot));
  expect_same(leaf, again);
}

Buffer begun_leaf(FuzzedDataProvider& in) {
  Buffer leaf = buffer_of(in.ConsumeRemainingBytesAsString(), kBlock);
  node_layout::Magic::put(leaf, node_layout::kMagic);
  return leaf;
}

// ---- catalog ----------------------------------------------------------------------------------------------------

void check_catalog(std::string_view bytes) {
  const auto catalog = decode_catalog(bytes);
  if (catalog && encode(*catalog) != bytes) std::abort();
}

std::string begun_catalog(FuzzedDataProvider& in) {
  std::string bytes = in.ConsumeRemainingBytesAsString();
  if (bytes.size() < catalog_layout::kBytes) return bytes;
  catalog_layout::Magic::put(std::as_writable_bytes(std::span(bytes)), catalog_layout::kMagic);
  return bytes;
}

void check_as_it_is(const std::string& bytes) {
  check_superblock(as_bytes(bytes));
  check_frame(as_bytes(bytes));
  check_leaf(as_bytes(bytes));
  check_catalog(bytes);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  FuzzedDataProvider in(data, size);
  switch (in.ConsumeIntegralInRange(0, 4)) {
    case 0: check_superblock(sealed_superblock(in)); break;
    case 1: check_frame(sealed_frame(in)); break;
    case 2: check_leaf(begun_leaf(in)); break;
    case 3: check_catalog(begun_catalog(in)); break;
    default: check_as_it_is(in.ConsumeRemainingBytesAsString());
  }
  return 0;
}

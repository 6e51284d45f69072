// Frames: what the journal is made of (format.md). A frame is a group of commits, written by one write: a head of records,
// padded to whole blocks, and the data blocks that the records speak of, in their order. Each frame repeats the CRC of
// the one before it, so that frames of an earlier lap, or of a future that a crash took back, do not continue the
// chain. Pure.
#pragma once

#include <boost/container/static_vector.hpp>
#include <cstdint>
#include <string>
#include <vector>

#include "routing/journal_store/geometry.h"
#include "routing/journal_store/superblock.h"
#include "routing/page_store.h"
#include "target/base/bytes.h"
#include "target/base/result.h"

namespace shoal::routing::journal {

inline constexpr std::uint32_t kMaxFrameBlocks = 256;  // 1 MiB
inline constexpr std::uint32_t kMaxImageTextBytes = kMaxImageNoteBytes;

enum class JournalKind : std::uint8_t {
  write = 1,  // blocks of one chunk: their data follow in this frame, their place is in chunk `home`
  place,      // one whole chunk now lies in chunk `home`, where its data are durable already
  clear,      // blocks of one page read as zeros; a chunk without any other block is free
  promise,    // version.epoch
  voided,     // the same as clear, and version.epoch, attempt
  fence,      // image, nexus, generation
  describe,   // image, page_bytes, text
  drop,       // image: nothing of it is readable any more; its chunks are freed by the clear records that follow
  forget,     // image: it has no chunk left
};

using BlockCrcs = boost::container::static_vector<std::uint32_t, kBlocksPerChunk>;

// Fields that a kind does not use are zero.
struct JournalRecord {
  JournalKind kind = JournalKind::write;
  PageId page;
  std::uint32_t first_block = 0, blocks = 0;  // of the page, in units of kBlock; write: inside one chunk
  ChunkNumber home;
  Version version;
  NexusId nexus;  // on whose behalf, as PageRecord::origin
  Generation generation;
  OperationId operation, lowest_unfinished;
  std::uint32_t part = 0;
  std::uint32_t attempt = 0;
  std::uint32_t page_bytes = 0;
  BlockCrcs crcs;    // write, place: one a block
  std::string text;  // describe
  bool operator==(const JournalRecord&) const = default;
};

constexpr bool changes_blocks(JournalKind kind) {
  return kind == JournalKind::write || kind == JournalKind::place || kind == JournalKind::clear;
}

constexpr std::uint32_t data_blocks(const JournalRecord& record) {
  return record.kind == JournalKind::write ? record.blocks : 0;
}

struct FrameHead {
  ChainId chain;
  std::uint64_t checkpoint = 0;  // the newest when the frame was written
  std::uint64_t seq = 0;
  std::uint64_t durable_seq = 0;  // all frames up to this one were durable when it was written
  std::uint32_t previous_crc = 0;
  bool operator==(const FrameHead&) const = default;
};

// Bytes that a record takes in a head, and blocks that a head takes with records of so many bytes.
std::size_t encoded_bytes(const JournalRecord& record);
std::uint32_t head_blocks(std::size_t record_bytes);

// Writes the head of a frame whose data blocks stand behind it already: `frame` is head_blocks() + data blocks long.
// Yields the head's CRC, which the next frame repeats.
std::uint32_t encode_frame(const FrameHead& head, const std::vector<JournalRecord>& records, MutableByteSpan frame);

enum class FrameFault : std::uint8_t {
  none_here,  // no head of a frame of this chain, or one that is damaged
  torn,       // a whole head, but data blocks that do not fit their CRCs
};

struct Frame {
  FrameHead head;
  std::uint32_t head_crc = 0;
  std::uint32_t blocks = 0;   // of the whole frame
  std::uint32_t data_at = 0;  // block in the frame where data begin
  std::vector<JournalRecord> records;
};

// `at` begins where a frame may begin and goes as far as is known. Checks magic, chain, lengths, CRCs of head and data,
// and that each record is one that encode_frame would write. Whether it continues the chain is the caller's to check.
Result<Frame, FrameFault> decode_frame(ByteSpan at, const ChainId& chain);
// Only the head, without its data: for whoever looks whether a frame ever was there.
Result<FrameHead, FrameFault> decode_frame_head(ByteSpan at, const ChainId& chain);

}  // namespace shoal::routing::journal

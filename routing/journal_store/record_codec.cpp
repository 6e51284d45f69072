#include "routing/journal_store/record_codec.h"

#include "routing/journal_store/format_layout.h"
#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

namespace layout = record_layout;

constexpr std::uint32_t kBlocksPerPage = kMaxPageBytes / kBlock;
constexpr std::size_t kCrcBytes = sizeof(std::uint32_t);

// ---- which fields a kind uses -----------------------------------------------------------------------------------

// clang-format off
enum Field : unsigned {
  kIndex     = 1 << 0,
  kRange     = 1 << 1,
  kHome      = 1 << 2,
  kEpoch     = 1 << 3,
  kSeq       = 1 << 4,
  kNexus     = 1 << 5,  // and its generation
  kOperation = 1 << 6,
  kAttempt   = 1 << 7,
  kPageBytes = 1 << 8,
  kText      = 1 << 9,
};
// clang-format on
constexpr unsigned kChange = kIndex | kRange | kEpoch | kSeq | kNexus | kOperation;

constexpr bool is_known(JournalKind kind) { return kind >= JournalKind::write && kind <= JournalKind::forget; }

constexpr unsigned fields_of(JournalKind kind) {
  switch (kind) {
    case JournalKind::write:
    case JournalKind::place: return kChange | kHome;
    case JournalKind::clear: return kChange;
    case JournalKind::promise: return kIndex | kEpoch;
    case JournalKind::voided: return kChange | kAttempt;
    case JournalKind::fence: return kNexus;
    case JournalKind::describe: return kPageBytes | kText;
    case JournalKind::drop:
    case JournalKind::forget: return 0;
  }
  return 0;
}

constexpr unsigned when(bool set, unsigned field) { return set ? field : 0; }

unsigned fields_set(const JournalRecord& record) {
  return when(record.page.index.value != 0, kIndex) | when((record.first_block | record.blocks) != 0, kRange) |
         when(record.home.value != 0, kHome) | when(record.version.epoch.value != 0, kEpoch) |
         when(record.version.seq != 0, kSeq) | when(record.generation.value != 0 || !record.nexus.is_zero(), kNexus) |
         when((record.operation.value | record.lowest_unfinished.value | record.part) != 0, kOperation) |
         when(record.attempt != 0, kAttempt) | when(record.page_bytes != 0, kPageBytes) |
         when(!record.text.empty(), kText);
}

// ---- what the fields may say ------------------------------------------------------------------------------------

constexpr bool has_crcs(JournalKind kind) { return kind == JournalKind::write || kind == JournalKind::place; }

bool is_in_page(const JournalRecord& record) {
  return record.first_block < kBlocksPerPage && record.blocks <= kBlocksPerPage - record.first_block;
}

bool is_in_one_chunk(const JournalRecord& record) {
  return record.blocks > 0 && record.blocks <= kBlocksPerChunk - record.first_block % kBlocksPerChunk;
}

bool is_sound_range(const JournalRecord& record) {
  if (!is_in_page(record)) return false;
  switch (record.kind) {
    case JournalKind::write: return is_in_one_chunk(record);
    case JournalKind::place: return is_in_one_chunk(record) && record.blocks == kBlocksPerChunk;
    case JournalKind::clear: return record.blocks > 0;
    case JournalKind::voided: return record.blocks > 0 || record.first_block == 0;  // of no whole block: of none
    default: return true;
  }
}

// ---- bytes ------------------------------------------------------------------------------------------------------

JournalRecord fixed_part(ByteSpan at) {
  return {.kind = JournalKind{layout::Kind::get(at)},
          .page = {layout::Image::get(at), layout::Page::get(at)},
          .first_block = layout::FirstBlock::get(at),
          .blocks = layout::Blocks::get(at),
          .home = layout::Home::get(at),
          .version = {layout::TheEpoch::get(at), layout::Seq::get(at)},
          .nexus = layout::Nexus::get(at),
          .generation = layout::TheGeneration::get(at),
          .operation = layout::Operation::get(at),
          .lowest_unfinished = layout::LowestUnfinished::get(at),
          .part = layout::Part::get(at),
          .attempt = layout::Attempt::get(at),
          .page_bytes = layout::PageBytes::get(at)};
}

bool take_crcs(ByteSpan& rest, JournalRecord& record) {
  if (record.blocks > kBlocksPerChunk) return false;
  const auto bytes = take(rest, record.blocks * kCrcBytes);
  if (!bytes) return false;
  record.crcs.resize(record.blocks);
  for (std::size_t i = 0; i < record.crcs.size(); ++i) record.crcs[i] = load_le<std::uint32_t>(*bytes, i * kCrcBytes);
  return true;
}

bool take_text(ByteSpan& rest, std::size_t text_bytes, JournalRecord& record) {
  if (text_bytes > kMaxImageTextBytes) return false;
  const auto bytes = take(rest, text_bytes);
  if (bytes) record.text = as_text(*bytes);
  return bytes.has_value();
}

}  // namespace

bool is_sound(const JournalRecord& record) {
  if (record.version.seq > kMaxSequence) return false;
  if (!is_known(record.kind) || (fields_set(record) & ~fields_of(record.kind)) != 0) return false;
  if (!is_sound_range(record) || record.crcs.size() != (has_crcs(record.kind) ? record.blocks : 0)) return false;
  if (has_crcs(record.kind) && !is_in_space(record.home)) return false;
  if (record.kind == JournalKind::describe && !is_page_size(record.page_bytes)) return false;
  return record.text.size() <= kMaxImageTextBytes;
}

std::size_t encoded_bytes(const JournalRecord& record) {
  return layout::kFixedBytes + record.crcs.size() * kCrcBytes + record.text.size();
}

void put_record(MutableByteSpan at, const JournalRecord& record) {
  CHECK(is_sound(record), static_cast<int>(record.kind), record.page.image, record.page.index, record.first_block,
        record.blocks, record.home, record.crcs.size());
  layout::Kind::put(at, static_cast<std::uint8_t>(record.kind));
  layout::Unused::put(at, {});
  layout::Part::put(at, record.part);
  layout::Image::put(at, record.page.image);
  layout::Page::put(at, record.page.index);
  layout::FirstBlock::put(at, record.first_block);
  layout::Blocks::put(at, record.blocks);
  layout::Home::put(at, record.home);
  layout::TheEpoch::put(at, record.version.epoch);
  layout::Seq::put(at, record.version.seq);
  layout::Nexus::put(at, record.nexus);
  layout::TheGeneration::put(at, record.generation);
  layout::Operation::put(at, record.operation);
  layout::LowestUnfinished::put(at, record.lowest_unfinished);
  layout::Attempt::put(at, record.attempt);
  layout::PageBytes::put(at, record.page_bytes);
  layout::TextBytes::put(at, static_cast<std::uint32_t>(record.text.size()));
  const MutableByteSpan behind = at.subspan(layout::kFixedBytes);
  for (std::size_t i = 0; i < record.crcs.size(); ++i) store_le(behind, i * kCrcBytes, record.crcs[i]);
  std::ranges::copy(as_bytes(record.text), behind.begin());  // one kind has CRCs, another text
}

std::optional<JournalRecord> take_record(ByteSpan& rest) {
  const auto fixed = take(rest, layout::kFixedBytes);
  if (!fixed || !all_zero(fixed->subspan(1, sizeof layout::Unused::get(*fixed)))) return std::nullopt;
  JournalRecord record = fixed_part(*fixed);
  if (has_crcs(record.kind) && !take_crcs(rest, record)) return std::nullopt;
  if (!take_text(rest, layout::TextBytes::get(*fixed), record) || !is_sound(record)) return std::nullopt;
  return record;
}

}  // namespace shoal::routing::journal

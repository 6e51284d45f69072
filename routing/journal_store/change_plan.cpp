#include "routing/journal_store/change_plan.h"

#include <algorithm>
#include <utility>

#include "routing/zero_bytes.h"

namespace shoal::routing::journal {
namespace {

JournalRecord record_for(const PageRecord& from, JournalKind kind) {
  return {.kind = kind,
          .page = from.page,
          .version = from.version,
          .nexus = from.origin.nexus,
          .generation = from.origin.generation,
          .operation = from.origin.id,
          .lowest_unfinished = from.origin.lowest_unfinished,
          .part = from.part};
}

// Bytes [begin, end) of the page, inside one chunk.
PlannedChange part(const PageRecord& from, std::uint32_t begin, std::uint32_t end, Slices data) {
  PlannedChange change{.record = record_for(from, JournalKind::write), .data = std::move(data)};
  change.record.first_block = begin / kBlock;
  change.record.blocks = (end + kBlock - 1) / kBlock - begin / kBlock;
  change.missing_front = begin % kBlock;
  change.missing_back = (kBlock - end % kBlock) % kBlock;
  if (end - begin == kChunkBytes) {
    change.kind = PlannedChange::Kind::whole_chunk;
    change.record.kind = JournalKind::place;
  }
  return change;
}

PlannedChange zeros(const PageRecord& from, std::uint32_t begin, std::uint32_t end) {
  Slices data;
  append_zeros(data, end - begin);
  PlannedChange change = part(from, begin, end, std::move(data));
  change.only_zeros = true;
  return change;
}

void plan_data(PageRecord& from, PlannedChanges& changes) {
  const std::uint32_t end = from.offset + from.length;
  for (std::uint32_t begin = from.offset; begin < end;) {
    const std::uint32_t next = std::min(end, (begin / kChunkBytes + 1) * kChunkBytes);
    const bool all = next - begin == from.length;
    Slices data = all ? std::move(from.data) : sub_slices(from.data, begin - from.offset, next - begin);
    changes.push_back(part(from, begin, next, std::move(data)));
    begin = next;
  }
}

// Whole blocks by a record; of the blocks at both ends that are covered in part, by zeros.
void plan_clear(const PageRecord& from, JournalKind kind, PlannedChanges& changes) {
  const std::uint32_t end = from.offset + from.length;
  const std::uint32_t first = (from.offset + kBlock - 1) / kBlock, last = std::max(first, end / kBlock);
  PlannedChange whole{.kind = PlannedChange::Kind::clear, .record = record_for(from, kind)};
  whole.record.first_block = last > first ? first : 0;
  whole.record.blocks = last - first;
  if (kind == JournalKind::voided) whole.record.attempt = from.attempt;
  if (last > first || kind == JournalKind::voided) changes.push_back(std::move(whole));
  const std::uint32_t front_end = std::min(end, first * kBlock);
  if (from.offset < front_end) changes.push_back(zeros(from, from.offset, front_end));
  const std::uint32_t back = std::max(front_end, last * kBlock);
  if (back < end && back >= from.offset) changes.push_back(zeros(from, back, end));
}

// These have only what they promise.
void plan_promise(const PageRecord& from, PlannedChanges& changes) {
  JournalRecord record{.kind = JournalKind::promise, .page = from.page, .version = {.epoch = from.version.epoch}};
  changes.push_back({.kind = PlannedChange::Kind::promise, .record = std::move(record)});
}

void plan_fence(const PageRecord& from, PlannedChanges& changes) {
  JournalRecord record{.kind = JournalKind::fence,
                       .page = {.image = from.page.image},
                       .nexus = from.origin.nexus,
                       .generation = from.origin.generation};
  changes.push_back({.kind = PlannedChange::Kind::promise, .record = std::move(record)});
}

void plan(PageRecord& from, PlannedChanges& changes) {
  switch (from.kind) {
    case RecordKind::data: return plan_data(from, changes);
    case RecordKind::zero:
    case RecordKind::unmap:
      if (from.length > 0) plan_clear(from, JournalKind::clear, changes);
      return;
    case RecordKind::voided: return plan_clear(from, JournalKind::voided, changes);
    case RecordKind::promise: return plan_promise(from, changes);
    case RecordKind::fence: return plan_fence(from, changes);
  }
}

}  // namespace

PlannedChanges plan_changes(std::vector<PageRecord> batch) {
  const auto promises = [](const PageRecord& record) { return is_promise(record.kind); };
  if (!std::ranges::all_of(batch, promises) && std::ranges::any_of(batch, promises)) {
    std::stable_partition(batch.begin(), batch.end(), promises);
  }
  PlannedChanges changes;
  for (PageRecord& record : batch) plan(record, changes);
  return changes;
}

}  // namespace shoal::routing::journal

#include "routing/journal_store/changer.h"

#include <algorithm>
#include <utility>

#include "target/base/crc32c.h"

namespace shoal::routing::journal {

using Kind = PlannedChange::Kind;

// One apply(), step by step.
struct Changer::Job {
  PlannedChanges changes;
  OfEach<ChunkPart> parts;    // of each change that has one chunk; else none
  OfEach<ChunkNumber> fresh;  // of each whole chunk: its new place, held
  OfEach<ChunkKey> homes;     // taken in homes_
  OfEach<ChangingLeaf> leaves;
  std::size_t next = 0;         // change whose leaves are looked for
  std::uint32_t next_leaf = 0;  // of those
  std::size_t remaining = 0;    // of the present step
  RoomRequest room;
  Durability durability = Durability::durable;
  Result<void, StoreError> result;
  PageStore::Done done;
};

// Neighbouring whole chunks at neighbouring places.
struct Changer::DirectRun {
  ChunkNumber at;
  std::uint32_t chunks = 0;
  Slices data;
};

void Changer::apply(std::vector<PageRecord> batch, Durability durability, PageStore::Done done) {
  if (const auto refused = refusal(batch)) return done(*refused);
  auto job = std::make_shared<Job>();
  job->changes = plan_changes(std::move(batch));
  job->durability = durability;
  job->done = std::move(done);
  job->parts.resize(job->changes.size());
  job->fresh.resize(job->changes.size());
  if (job->changes.empty()) return job->done({});
  find_leaves(job);
}

// What could never become a record.
std::optional<StoreError> Changer::refusal(const std::vector<PageRecord>& batch) const {
  if (!device_.state().in_service) return StoreError::out_of_service;
  for (const PageRecord& record : batch) {
    if (record.kind == RecordKind::promise || record.kind == RecordKind::fence) continue;
    if (!is_inside(record) || !ledger_.catalog.promises.accepts(record)) return StoreError::stale;
  }
  return std::nullopt;
}

bool Changer::is_inside(const PageRecord& record) const {
  const StoredImage* image = ledger_.live_image(record.page.image);
  if (!image || (record.kind == RecordKind::data && total_size(record.data) != record.length)) return false;
  return std::uint64_t{record.offset} + record.length <= image->page_bytes &&
         record.page.index.value < kMaxImageBytes / image->page_bytes;
}

void Changer::find_leaves(const JobRef& job) {
  for (; job->next < job->changes.size(); ++job->next, job->next_leaf = 0) {
    const PlannedChange& change = job->changes[job->next];
    if (change.kind == Kind::promise) continue;
    if (!ledger_.live_image(change.record.page.image)) {  // dropped meanwhile
      job->result = StoreError::stale;
      return finish(*job);
    }
    if (change.only_zeros && !look_for_hole(job)) return;
    const auto parts = ledger_.parts(change.record.page, change.record.first_block, change.record.blocks);
    const bool clears = change.kind == Kind::clear;
    if (!clears && parts.size() == 1) job->parts[job->next] = parts.front();
    for (; job->next_leaf < parts.size(); ++job->next_leaf) {
      const ChunkKey& chunk = parts[job->next_leaf].chunk;
      if (job->next_leaf > 0 && parts[job->next_leaf - 1].chunk.leaf() == chunk.leaf()) continue;
      if (!find_leaf(job, chunk, clears)) return;
    }
  }
  complete_blocks(job);
}

// Zeros in a part of a block that reads as zeros clear it: they take no space. False: the job waits.
bool Changer::look_for_hole(const JobRef& job) {
  PlannedChange& change = job->changes[job->next];
  const ChunkPart part = ledger_.parts(change.record.page, change.record.first_block, 1).front();
  const auto leaf = ledger_.trees.leaf_or_load(
      part.chunk, IfAbsent::nothing, [this, job](Result<void, StoreError> loaded) { on_leaf_loaded(job, loaded); });
  if (!leaf) return false;
  const ChunkEntry entry = ledger_.trees.entry(part.chunk, *leaf);
  change.only_zeros = false;
  if (((entry.written | entry.lost) & block_mask(part.first, 1)) != 0) return true;
  change.kind = Kind::clear;
  change.record.kind = JournalKind::clear;
  change.data.clear();
  change.missing_front = change.missing_back = 0;
  return true;
}

// False: the job waits. No leaf is made, and none is about to change, without room for it in the next checkpoint.
bool Changer::find_leaf(const JobRef& job, const ChunkKey& chunk, bool clears) {
  const bool has_room = !clears && ledger_.reserve.has_room_for_new(kNodesOfOneLeaf);
  const IfAbsent if_absent = has_room ? IfAbsent::create : IfAbsent::nothing;
  auto leaf = ledger_.trees.leaf_or_load(chunk, if_absent,
                                         [this, job](Result<void, StoreError> loaded) { on_leaf_loaded(job, loaded); });
  if (!leaf) return false;
  if (!*leaf && clears) return true;
  if (!*leaf) {
    const Outlook outlook = ledger_.reserve.outlook_for_nodes(kNodesOfOneLeaf);
    return begin_again_with_room(job, RoomRequest::For::fresh, outlook), false;
  }
  if (!has_room && !ledger_.reserve.has_room_for_changed(kNodesOfOneLeaf)) {
    return begin_again_with_room(job, RoomRequest::For::changed), false;
  }
  if (ledger_.cache.is_full_of_changes()) return begin_again_with_room(job, RoomRequest::For::memory), false;
  job->leaves.emplace_back(ledger_.cache, std::move(*leaf));
  return true;
}

void Changer::on_leaf_loaded(const JobRef& job, Result<void, StoreError> loaded) {
  if (loaded) return find_leaves(job);
  job->result = loaded;
  finish(*job);
}

// Whoever waits has no leaves: they would be in the way of others that wait, too.
void Changer::begin_again_with_room(const JobRef& job, RoomRequest::For what, Outlook outlook) {
  job->leaves.clear();
  job->next = 0;
  job->next_leaf = 0;
  job->room.what = what;
  job->room.outlook = outlook;
  wait_for_room(job);
}

void Changer::wait_for_room(const JobRef& job) {
  const auto look_again = [this, job] {
    if (device_.state().in_service) return find_leaves(job);
    job->result = StoreError::out_of_service;
    finish(*job);
  };
  if (wait_for_room_(job->room, look_again)) return;
  job->result = device_.state().in_service ? StoreError::no_space : StoreError::out_of_service;
  finish(*job);
}

// ---- blocks that change in part -------------------------------------------------------------------------------------

// Once: nobody else changes these blocks while the job lasts, also when it begins again.
void Changer::complete_blocks(const JobRef& job) {
  job->remaining = 1;
  for (std::size_t i = 0; i < job->changes.size(); ++i) {
    const JournalRecord& record = job->changes[i].record;
    if (job->changes[i].missing_front > 0) read_rest(job, i, record.first_block, true);
    if (job->changes[i].missing_back > 0) read_rest(job, i, record.first_block + record.blocks - 1, false);
  }
  on_step_done(job, {}, &Changer::write_chunks);
}

void Changer::read_rest(const JobRef& job, std::size_t i, std::uint32_t block, bool front) {
  PlannedChange& change = job->changes[i];
  const std::uint32_t length = std::exchange(front ? change.missing_front : change.missing_back, 0);
  const std::uint32_t offset = front ? block * kBlock : (block + 1) * kBlock - length;
  ++job->remaining;
  reader_.read(change.record.page, offset, length, [this, job, i, front](Result<ReadAnswer, StoreError> answer) {
    if (!answer) return on_step_done(job, answer.error(), &Changer::write_chunks);
    Slices& data = job->changes[i].data;
    data.insert(front ? data.begin() : data.end(), answer->data.begin(), answer->data.end());
    on_step_done(job, {}, &Changer::write_chunks);
  });
}

void Changer::on_step_done(const JobRef& job, Result<void, StoreError> result, void (Changer::*next)(const JobRef&)) {
  if (!result) job->result = result;
  if (--job->remaining > 0) return;
  if (!job->result) return finish(*job);
  (this->*next)(job);
}

// ---- places ---------------------------------------------------------------------------------------------------------

void Changer::write_chunks(const JobRef& job) {
  if (!device_.state().in_service) {
    job->result = StoreError::out_of_service;
    return finish(*job);
  }
  const std::uint32_t free = ledger_.space.free_chunks();
  if (!assign_homes(*job)) {
    const std::uint32_t asked_for = free - ledger_.space.free_chunks() + 1;
    release_homes(*job);
    return begin_again_with_room(job, RoomRequest::For::fresh, ledger_.reserve.outlook_for_chunks(asked_for));
  }
  job->remaining = 1;
  for (DirectRun& run : direct_runs(*job)) {
    ++job->remaining;
    device_.write(first_block(run.at), std::move(run.data), SyncMode::data,
                  [this, job](Result<void, StoreError> result) { on_step_done(job, result, &Changer::commit); });
  }
  on_step_done(job, {}, &Changer::commit);
}

bool Changer::assign_homes(Job& job) {
  for (std::size_t i = 0; i < job.changes.size(); ++i) {
    if (!assign_home(job, i)) return false;
  }
  return true;
}

// A whole chunk gets a new place. Where there is none, but it has an old one, it goes there by way of the journal.
bool Changer::assign_home(Job& job, std::size_t i) {
  PlannedChange& change = job.changes[i];
  if (change.kind != Kind::part && change.kind != Kind::whole_chunk) return true;
  if (change.kind == Kind::whole_chunk) {
    if (const auto fresh = ledger_.reserve.take_chunk()) {
      job.fresh[i] = change.record.home = *fresh;
      return true;
    }
    change.kind = Kind::part;
    change.record.kind = JournalKind::write;
  }
  const ChunkKey& key = job.parts[i].chunk;
  const ChunkEntry entry = chunk_entry(ledger_.trees.resident_leaf(key)->view(), key.slot());
  const auto home = homes_.assign(key, entry.chunk);
  if (!home) return false;
  change.record.home = *home;
  job.homes.push_back(key);
  return true;
}

std::vector<Changer::DirectRun> Changer::direct_runs(Job& job) {
  std::vector<DirectRun> runs;
  for (PlannedChange& change : job.changes) {
    if (change.kind != Kind::whole_chunk) continue;
    Slice data = change.data.size() == 1 && is_aligned(change.data.front()) ? change.data.front() : Slice{};
    if (data.empty()) {
      MutableByteSpan fill;
      data = aligned_slice(kChunkBytes, fill);
      copy_out(change.data, fill);
    }
    for (std::uint32_t block = 0; block < kBlocksPerChunk; ++block) {
      change.record.crcs.push_back(crc32c(data.bytes().subspan(block * kBlock, kBlock)));
    }
    change.data.clear();
    const bool continues = !runs.empty() && runs.back().at.value + runs.back().chunks == change.record.home.value;
    if (!continues) runs.push_back({.at = change.record.home});
    ++runs.back().chunks;
    runs.back().data.push_back(std::move(data));
  }
  return runs;
}

// ---- the journal ----------------------------------------------------------------------------------------------------

void Changer::commit(const JobRef& job) {
  job->remaining = job->changes.size();
  for (PlannedChange& change : job->changes) {
    Commit commit{.data = std::move(change.data), .durability = job->durability};
    if (change.kind == Kind::promise || change.record.kind == JournalKind::voided)
      commit.durability = Durability::durable;
    if (change.kind == Kind::part) change.record.crcs.resize(change.record.blocks);
    commit.records.push_back(std::move(change.record));
    commit.done = [this, job](Result<void, StoreError> result) {
      if (!result) job->result = result;
      if (--job->remaining == 0) finish(*job);
    };
    committer_.submit(std::move(commit));
  }
}

void Changer::release_homes(Job& job) {
  for (ChunkNumber& chunk : job.fresh) {
    if (chunk.value != 0) ledger_.space.release(std::exchange(chunk, {}));
  }
  for (const ChunkKey& key : std::exchange(job.homes, {})) homes_.release(key);
}

void Changer::finish(Job& job) {
  release_homes(job);
  job.leaves.clear();
  auto done = std::move(job.done);
  done(job.result);
}

}  // namespace shoal::routing::journal

#include "routing/journal_store/block_reader.h"

#include <algorithm>
#include <utility>

#include "routing/journal_store/aligned.h"
#include "routing/zero_bytes.h"
#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

// One block of the answer.
struct Piece {
  Slice data;      // of a block in memory
  BlockNumber at;  // of a block on the device; 0: zeros, or in memory
  std::uint32_t crc = 0;
  std::size_t buffer_at = 0;  // block in the job's buffer
};

}  // namespace

struct BlockReader::Job {
  PageId page;
  std::uint32_t offset = 0, length = 0;
  std::uint32_t first_block = 0;
  ChunkParts parts;
  std::size_t next_part = 0;  // whose leaf is looked for
  std::vector<Piece> pieces;
  std::size_t device_blocks = 0;
  SharedBytes buffer;
  std::size_t reading = 0;
  Result<void, StoreError> result;
  Version version;
  Done done;
};

void BlockReader::read(const PageId& page, std::uint32_t offset, std::uint32_t length, Done done) {
  auto job = std::make_shared<Job>();
  job->page = page;
  job->offset = offset;
  job->length = length;
  job->first_block = offset / kBlock;
  job->done = std::move(done);
  const std::uint32_t end = (offset + length + kBlock - 1) / kBlock;
  if (ledger_.live_image(page.image)) job->parts = ledger_.parts(page, job->first_block, end - job->first_block);
  job->pieces.reserve(end - job->first_block);
  if (job->parts.empty()) job->pieces.resize(end - job->first_block);
  find_leaves(job);
}

// Part by part, since a leaf need not stay in memory longer than its entries are looked at.
void BlockReader::find_leaves(const JobRef& job) {
  while (job->next_part < job->parts.size()) {
    const ChunkPart& part = job->parts[job->next_part];
    const auto leaf = ledger_.trees.leaf_or_load(
        part.chunk, IfAbsent::nothing,
        [this, job](Result<void, StoreError> loaded) { loaded ? find_leaves(job) : job->done(loaded.error()); });
    if (!leaf) return;
    plan_part(*job, part, ledger_.trees.entry(part.chunk, *leaf));
    ++job->next_part;
  }
  if (!job->result) return job->done(job->result.error());
  read_runs(job);
}

void BlockReader::plan_part(Job& job, const ChunkPart& part, const ChunkEntry& entry) {
  job.version = std::max(job.version, entry.version);
  if ((entry.lost & block_mask(part.first, part.count)) != 0) job.result = StoreError::medium_error;
  for (std::uint32_t block = part.first; block < part.first + part.count; ++block) {
    Piece& piece = job.pieces.emplace_back();
    if (!(entry.written >> block & 1)) continue;
    if (const Slice* newest = ledger_.overlay.find(part.chunk, block)) {
      piece.data = *newest;
      continue;
    }
    piece.at = {first_block(entry.chunk).value + block};
    piece.crc = entry.crcs[block];
    piece.buffer_at = job.device_blocks++;
  }
}

// One read for what lies side by side on the device.
void BlockReader::read_runs(const JobRef& job) {
  if (job->device_blocks == 0) return finish(*job);
  job->buffer = aligned_bytes(job->device_blocks * kBlock);
  job->reading = 1;
  const auto& pieces = job->pieces;
  for (std::size_t i = 0; i < pieces.size();) {
    if (pieces[i].at.value == 0) {
      ++i;
      continue;
    }
    std::size_t count = 1;
    while (i + count < pieces.size() && pieces[i + count].at.value == pieces[i].at.value + count) ++count;
    ++job->reading;
    device_.read(pieces[i].at, {job->buffer.get() + pieces[i].buffer_at * kBlock, count * kBlock},
                 [this, job](Result<void, StoreError> result) { on_read(job, result); });
    i += count;
  }
  on_read(job, {});
}

void BlockReader::on_read(const JobRef& job, Result<void, StoreError> result) {
  if (!result) job->result = result;
  if (--job->reading > 0) return;
  const bool whole = job->result || job->result.error() == StoreError::medium_error;
  if (!whole) return job->done(job->result.error());
  check(job, 0);
}

// A block that the device could not read is checked like the others, and does not fit either.
void BlockReader::check(const JobRef& job, std::size_t from) {
  for (std::size_t i = from; i < job->pieces.size(); ++i) {
    const Piece& piece = job->pieces[i];
    if (piece.at.value == 0) continue;
    if (crc32c({job->buffer.get() + piece.buffer_at * kBlock, kBlock}) != piece.crc) return on_damaged(job, i);
  }
  finish(*job);
}

void BlockReader::on_damaged(const JobRef& job, std::size_t i) {
  // Dropped meanwhile: the chunk may be another image's.
  if (!ledger_.live_image(job->page.image)) return job->done(StoreError::medium_error);
  const Piece& piece = job->pieces[i];
  const DamagedBlock block{job->page, job->first_block + static_cast<std::uint32_t>(i), piece.at, piece.crc};
  repair_.repair(block, [this, job, i](Slice good) {
    if (good.empty()) return job->done(StoreError::medium_error);
    CHECK(good.size() == kBlock, good.size());
    job->pieces[i].data = std::move(good);
    job->pieces[i].at = {};
    check(job, i + 1);
  });
}

void BlockReader::finish(Job& job) {
  ReadAnswer answer{.version = job.version};
  for (std::size_t i = 0; i < job.pieces.size();) {
    const Piece& piece = job.pieces[i];
    std::size_t count = 1;
    const auto alike = [&](const Piece& next) {
      if (!piece.data.empty() || !next.data.empty()) return false;
      return piece.at.value == 0 ? next.at.value == 0 : next.at.value != 0 && next.buffer_at == piece.buffer_at + count;
    };
    while (i + count < job.pieces.size() && alike(job.pieces[i + count])) ++count;
    if (!piece.data.empty()) {
      answer.data.push_back(piece.data);
    } else if (piece.at.value == 0) {
      append_zeros(answer.data, count * kBlock);
    } else {
      answer.data.push_back(Slice::share(job.buffer, {job.buffer.get() + piece.buffer_at * kBlock, count * kBlock}));
    }
    i += count;
  }
  const std::size_t skip = job.offset % kBlock;
  if (skip > 0 || job.length % kBlock > 0) answer.data = sub_slices(answer.data, skip, job.length);
  job.done(std::move(answer));
}

}  // namespace shoal::routing::journal

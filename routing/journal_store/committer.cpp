#include "routing/journal_store/committer.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing::journal {
namespace {

std::size_t record_bytes(const Commit& commit) {
  std::size_t bytes = 0;
  for (const JournalRecord& record : commit.records) bytes += encoded_bytes(record);
  return bytes;
}

std::uint32_t data_blocks(const Commit& commit) { return static_cast<std::uint32_t>(total_size(commit.data) / kBlock); }

}  // namespace

Committer::Committer(Runtime& runtime, Device& device, Ledger& ledger, const Superblock& opened,
                     std::function<void()> after_frame)
    : runtime_(runtime),
      device_(device),
      ledger_(ledger),
      chain_(opened.chain),
      ring_(opened.journal_chunks * kBlocksPerChunk, opened.replay.block),
      max_frame_blocks_(std::min(kMaxFrameBlocks, ring_.blocks() / 4)),
      applied_(opened.replay),
      written_(opened.replay),
      checkpoint_(opened.checkpoint),
      durable_seq_(opened.replay.seq - 1),
      after_frame_(std::move(after_frame)) {}

void Committer::submit(Commit commit) {
  queue_.push_back(std::move(commit));
  schedule();
}

void Committer::sync(Done done) { submit({.done = std::move(done)}); }

void Committer::sync_applied(Done done) {
  queue_.push_front({.done = std::move(done)});
  schedule();
}

void Committer::free_before(const JournalPosition& position) {
  ring_.free_before(position.block);
  waits_for_room_ = false;
  schedule();
}

bool Committer::may_start() const {
  return under_way_.empty() || (under_way_.size() < kFramesAtOnce && !under_way_.back()->alone);
}

void Committer::schedule() {
  if (scheduled_ || queue_.empty() || !may_start()) return;
  scheduled_ = true;
  runtime_.post([this, alive = std::weak_ptr<void>(alive_)] {
    if (!alive.lock()) return;
    scheduled_ = false;
    start();
  });
}

void Committer::start() {
  if (queue_.empty() || !may_start()) return;
  waits_for_room_ = false;
  auto group = next_group();
  if (group->commits.empty()) return;
  if (!device_.state().in_service) return fail(*group, StoreError::out_of_service);
  if (group->record_bytes > 0) {
    const auto at = ring_.place(group->blocks());
    waits_for_room_ = !at;
    if (!at) return wait_for_room(*group);
    group->at = *at;
    fill(*group);
  }
  under_way_.push_back(std::move(group));
  write(*under_way_.back());
  schedule();
}

// Until a checkpoint has made some.
void Committer::wait_for_room(Group& group) {
  for (auto commit = group.commits.rbegin(); commit != group.commits.rend(); ++commit) {
    queue_.push_front(std::move(*commit));
  }
  after_frame_();
}

// As many as one frame takes. A commit without records only wants what is before it to be durable, and does not wait
// for room with others.
std::unique_ptr<Committer::Group> Committer::next_group() {
  auto group = std::make_unique<Group>();
  while (!queue_.empty()) {
    Commit& next = queue_.front();
    const bool shares = may_share(next);
    if (!shares && !under_way_.empty()) break;
    if (!has_room_for(next)) {
      refuse_next();
      continue;
    }
    if (!group->commits.empty() && group->record_bytes == 0 && !next.records.empty()) break;
    const std::size_t bytes = group->record_bytes + record_bytes(next);
    const std::uint32_t data = group->data_blocks + data_blocks(next);
    if (head_blocks(bytes) + data > max_frame_blocks_) {
      CHECK(!group->commits.empty(), bytes, data, max_frame_blocks_);
      break;
    }
    group->record_bytes = bytes;
    group->data_blocks = data;
    group->durability = std::max(group->durability, next.durability);
    group->alone = group->alone || !shares;
    group->commits.push_back(std::move(next));
    queue_.pop_front();
  }
  return group;
}

// The journal with others at once. What changes the catalog is measured against a ledger that has all before it.
bool Committer::may_share(const Commit& commit) const {
  return commit.durability == Durability::durable && !unsynced_ && !commit.records.empty() &&
         std::ranges::all_of(commit.records, [](const JournalRecord& record) { return changes_blocks(record.kind); });
}

// The ledger is as the frame before has left it, so only what goes into the same frame is not counted.
bool Committer::has_room_for(const Commit& commit) const {
  return std::ranges::all_of(commit.records,
                             [this](const JournalRecord& record) { return ledger_.has_room_for(record); });
}

void Committer::refuse_next() {
  Commit refused = std::move(queue_.front());
  queue_.pop_front();
  refused.done(StoreError::no_space);
}

// Data are copied here, the only time on their way, and stay in this memory until they are home.
void Committer::fill(Group& group) {
  const std::size_t head = head_blocks(group.record_bytes);
  group.bytes = runtime_.device_memory(std::size_t{group.blocks()} * kBlock);
  const MutableByteSpan frame{group.bytes.get(), std::size_t{group.blocks()} * kBlock};
  MutableByteSpan data = frame.subspan(head * kBlock);
  for (Commit& commit : group.commits) {
    copy_out(commit.data, data);
    commit.data.clear();
    for (JournalRecord& record : commit.records) {
      for (std::uint32_t i = 0; i < data_blocks(record); ++i, data = data.subspan(kBlock)) {
        record.crcs[i] = crc32c(data.first(kBlock));
      }
      group.records.push_back(std::move(record));
    }
  }
  const FrameHead made{chain_, checkpoint_, written_.seq, durable_seq_, written_.previous_crc};
  const std::uint32_t crc = encode_frame(made, group.records, frame);
  written_ = group.end = {.block = ring_.head(), .seq = written_.seq + 1, .previous_crc = crc};
}

void Committer::write(Group& group) {
  const bool durable = group.durability == Durability::durable;
  if (group.record_bytes == 0) return make_durable(group, durable && unsynced_);
  const bool through = durable && !unsynced_;
  const Slice frame = Slice::share(group.bytes, {group.bytes.get(), std::size_t{group.blocks()} * kBlock});
  device_.write(block_of_ring(group.at), {frame}, through ? SyncMode::data : SyncMode::none,
                [this, &group, durable, through](Result<void, StoreError> result) {
                  if (!result) return on_durable(group, result);
                  if (!durable) unsynced_ = true;
                  make_durable(group, durable && !through);
                });
}

void Committer::make_durable(Group& group, bool by_sync) {
  if (!by_sync) return on_durable(group, {});
  device_.sync([this, &group](Result<void, StoreError> result) {
    if (result) unsynced_ = false;
    if (result) ledger_.space.frees_are_durable();
    on_durable(group, result);
  });
}

// In the order of the journal. After a failure the store is out of service, and what lies behind it has failed, too.
void Committer::on_durable(Group& group, Result<void, StoreError> result) {
  group.done = result;
  while (!under_way_.empty() && under_way_.front()->done) {
    const auto next = std::move(under_way_.front());
    under_way_.pop_front();
    if (*next->done && device_.state().in_service) {
      apply(*next);
      after_frame_();
    } else {
      fail(*next, StoreError::out_of_service);
    }
  }
  schedule();
}

// All records first, then the answers: whoever is told may ask for what others have written.
void Committer::apply(Group& group) {
  if (unsynced_) ledger_.space.hold_frees();
  std::vector<Result<void, StoreError>> results;
  std::size_t record = 0, block = head_blocks(group.record_bytes);
  for (const Commit& commit : group.commits) {
    results.emplace_back();
    for (std::size_t i = 0; i < commit.records.size(); ++i, ++record) {
      const auto applied = ledger_.apply(group.records[record], data_of(group, group.records[record], block));
      if (!applied) results.back() = applied;
    }
  }
  if (group.record_bytes > 0) {
    applied_ = group.end;
    ++traffic_.frames;
    traffic_.blocks += group.blocks();
    traffic_.commits += group.commits.size();
  }
  if (!unsynced_) durable_seq_ = applied_.seq - 1;
  for (std::size_t i = 0; i < group.commits.size(); ++i) group.commits[i].done(results[i]);
}

// The blocks of that record in the frame, which begin at `block`; moves it behind them.
Slice Committer::data_of(const Group& group, const JournalRecord& record, std::size_t& block) {
  const std::size_t begin = std::exchange(block, block + data_blocks(record));
  return Slice::share(group.bytes, {group.bytes.get() + begin * kBlock, data_blocks(record) * kBlock});
}

// Nothing of it has changed the ledger, and nothing will: the store is out of service.
void Committer::fail(Group& group, StoreError error) {
  for (Commit& commit : group.commits) commit.done(error);
  schedule();
}

}  // namespace shoal::routing::journal

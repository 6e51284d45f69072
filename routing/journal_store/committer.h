// Committer: records into the journal, in groups: what was asked for while frames are written goes into the next one. A
// frame is one write; when it and all before it are durable its records change the ledger, in order, and whoever asked
// is told.
//
// Frames that are durable by themselves and only change blocks may be under way at once: with one at a time, whoever
// comes a moment too late for it would wait for two. What a frame that has one missing before it says was promised to
// nobody.
//
// A frame in which nobody asks for durability is written without a sync (durability `applied`); a later durable one
// then waits for a sync of the device, which covers both.
#pragma once

#include <boost/container/small_vector.hpp>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "routing/journal_store/device.h"
#include "routing/journal_store/journal_ring.h"
#include "routing/journal_store/ledger.h"
#include "target/runtime/runtime.h"

namespace shoal::routing::journal {

struct Commit {
  // write: with room for its CRCs, which are filled in.
  boost::container::small_vector<JournalRecord, 1> records;
  Slices data;  // of the write records, in their order; any memory
  Durability durability = Durability::durable;
  PageStore::Done done;
};

inline constexpr std::size_t kFramesAtOnce = 2;

struct JournalTraffic {
  std::uint64_t frames = 0, blocks = 0, commits = 0;
};

class Committer {
 public:
  using Done = PageStore::Done;

  // `after_frame` is called when a frame has changed the ledger.
  Committer(Runtime& runtime, Device& device, Ledger& ledger, const Superblock& opened,
            std::function<void()> after_frame);
  Committer(const Committer&) = delete;

  // At most ring / 4 blocks in all. The group begins at the end of this turn of the loop. no_space: the catalog has no
  // room for what it says; nothing of it is in the journal.
  void submit(Commit commit);
  // Completes when what was submitted before is durable.
  void sync(Done done);
  // Completes when what has changed the ledger is durable, before anything else changes it.
  void sync_applied(Done done);
  bool has_unsynced() const { return unsynced_; }
  // The store is out of service: who waits is to hear of it.
  void refuse_waiting() { schedule(); }

  // Behind the last frame that has changed the ledger: what a checkpoint that begins now holds.
  const JournalPosition& applied() const { return applied_; }
  void set_checkpoint(std::uint64_t checkpoint) { checkpoint_ = checkpoint; }
  void free_before(const JournalPosition& position);
  std::uint32_t used_blocks() const { return ring_.used(); }
  std::uint32_t ring_blocks() const { return ring_.blocks(); }
  const JournalTraffic& traffic() const { return traffic_; }
  bool waits_for_room() const { return waits_for_room_; }

 private:
  struct Group {
    std::vector<Commit> commits;
    std::vector<JournalRecord> records;  // of all commits, in order
    std::size_t record_bytes = 0;
    std::uint32_t data_blocks = 0;
    std::uint32_t at = 0;  // of the ring
    JournalPosition end;   // behind it
    SharedBytes bytes;
    Durability durability = Durability::applied;
    bool alone = false;                            // nothing else may be under way with it
    std::optional<Result<void, StoreError>> done;  // how it ended; it waits for those before it
    std::uint32_t blocks() const { return head_blocks(record_bytes) + data_blocks; }
  };

  bool may_start() const;
  void schedule();
  void start();
  std::unique_ptr<Group> next_group();
  bool may_share(const Commit& commit) const;
  bool has_room_for(const Commit& commit) const;
  void refuse_next();
  void wait_for_room(Group& group);
  void write(Group& group);
  void fill(Group& group);
  void make_durable(Group& group, bool by_sync);
  void on_durable(Group& group, Result<void, StoreError> result);
  void apply(Group& group);
  static Slice data_of(const Group& group, const JournalRecord& record, std::size_t& block);
  void fail(Group& group, StoreError error);

  Runtime& runtime_;
  Device& device_;
  Ledger& ledger_;
  ChainId chain_;
  JournalRing ring_;
  std::uint32_t max_frame_blocks_;
  JournalPosition applied_, written_;  // behind the last frame that has changed the ledger, that was begun
  std::uint64_t checkpoint_;
  std::uint64_t durable_seq_;
  std::function<void()> after_frame_;
  std::deque<Commit> queue_;
  JournalTraffic traffic_;
  std::deque<std::unique_ptr<Group>> under_way_;  // in the order of the journal
  bool scheduled_ = false, waits_for_room_ = false;
  bool unsynced_ = false;  // frames were written that no sync has covered
  std::shared_ptr<void> alive_ = std::make_shared<char>();
};

}  // namespace shoal::routing::journal

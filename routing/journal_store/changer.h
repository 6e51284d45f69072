// Changer: carries out apply(). Finds the leaves of what changes, reads the rest of blocks that change in part, gives
// every chunk a place, writes whole chunks there, and then hands everything to the journal. Answers when that is done.
#pragma once

#include <memory>
#include <vector>

#include "routing/journal_store/block_reader.h"
#include "routing/journal_store/change_plan.h"
#include "routing/journal_store/committer.h"
#include "routing/journal_store/pending_homes.h"
#include "routing/journal_store/room_request.h"

namespace shoal::routing::journal {

class Changer {
 public:
  Changer(Device& device, Ledger& ledger, BlockReader& reader, Committer& committer, WaitForRoom wait_for_room)
      : device_(device),
        ledger_(ledger),
        reader_(reader),
        committer_(committer),
        wait_for_room_(std::move(wait_for_room)),
        homes_(ledger.space, ledger.reserve) {}
  Changer(const Changer&) = delete;

  void apply(std::vector<PageRecord> batch, Durability durability, PageStore::Done done);

 private:
  struct Job;
  using JobRef = std::shared_ptr<Job>;
  struct DirectRun;

  std::optional<StoreError> refusal(const std::vector<PageRecord>& batch) const;
  bool is_inside(const PageRecord& record) const;
  void find_leaves(const JobRef& job);
  bool find_leaf(const JobRef& job, const ChunkKey& chunk, bool clears);
  bool look_for_hole(const JobRef& job);
  void on_leaf_loaded(const JobRef& job, Result<void, StoreError> loaded);
  void begin_again_with_room(const JobRef& job, RoomRequest::For what, Outlook outlook = Outlook::none);
  void wait_for_room(const JobRef& job);
  void complete_blocks(const JobRef& job);
  void read_rest(const JobRef& job, std::size_t change, std::uint32_t block, bool front);
  void write_chunks(const JobRef& job);
  bool assign_homes(Job& job);
  void release_homes(Job& job);
  bool assign_home(Job& job, std::size_t change);
  std::vector<DirectRun> direct_runs(Job& job);
  void on_step_done(const JobRef& job, Result<void, StoreError> result, void (Changer::*next)(const JobRef&));
  void commit(const JobRef& job);
  void finish(Job& job);

  Device& device_;
  Ledger& ledger_;
  BlockReader& reader_;
  Committer& committer_;
  WaitForRoom wait_for_room_;
  PendingHomes homes_;
};

}  // namespace shoal::routing::journal

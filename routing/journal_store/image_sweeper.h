// ImageSweeper: gives the chunks of dropped images back, leaf by leaf, by records of the journal like any other; so a
// crash costs nothing but the rest of the work.
#pragma once

#include <cstdint>
#include <optional>
#include <set>

#include "routing/journal_store/committer.h"
#include "routing/journal_store/room_request.h"

namespace shoal::routing::journal {

class ImageSweeper {
 public:
  ImageSweeper(Ledger& ledger, Committer& committer, WaitForRoom wait_for_room)
      : ledger_(ledger), committer_(committer), wait_for_room_(std::move(wait_for_room)) {}
  ImageSweeper(const ImageSweeper&) = delete;

  void start();  // if there is a dropped image, and it is not at work already
  bool is_at_work() const { return running_; }

 private:
  std::optional<ImageId> dropped() const;
  void next_leaf();
  bool waits_for_room();
  void clear(std::uint64_t leaf, NodePin pin);
  void forget();
  void leave_behind();
  void commit(JournalRecord record, Completion<> then);

  Ledger& ledger_;
  Committer& committer_;
  WaitForRoom wait_for_room_;
  ImageId image_;
  std::set<ImageId> left_behind_;  // cannot be freed, until the store is opened again
  std::uint64_t leaf_ = 0;
  ChangingLeaf cleared_;  // the one that is being cleared
  bool running_ = false;
};

}  // namespace shoal::routing::journal

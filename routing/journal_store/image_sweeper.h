// ImageSweeper: gives the chunks of dropped images back, leaf by leaf, by records of the journal like any other; so a
// crash costs nothing but the rest of the work.
#pragma once

#include <cstdint>
#include <optional>

#include "routing/journal_store/committer.h"

namespace shoal::routing::journal {

class ImageSweeper {
 public:
  ImageSweeper(Ledger& ledger, Committer& committer) : ledger_(ledger), committer_(committer) {}
  ImageSweeper(const ImageSweeper&) = delete;

  void start();  // if there is a dropped image, and it is not at work already

 private:
  std::optional<ImageId> dropped() const;
  void next_leaf();
  void clear(std::uint64_t leaf, NodePin pin);
  void forget();
  void commit(JournalRecord record, Completion<> then);

  Ledger& ledger_;
  Committer& committer_;
  ImageId image_;
  std::uint64_t leaf_ = 0;
  NodePin pin_;  // of the leaf that is being cleared
  bool running_ = false;
};

}  // namespace shoal::routing::journal

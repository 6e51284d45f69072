// Grower: makes the file of a store longer before its space runs out, by zeros that are really written. A block device
// has its size.
#pragma once

#include <optional>
#include <vector>

#include "routing/journal_store/core.h"
#include "routing/journal_store/journal_store.h"

namespace shoal::routing::journal {

class Grower {
 public:
  Grower(Runtime& runtime, Core& core, const JournalStoreConfig& config);
  Grower(const Grower&) = delete;

  void review();  // whether there is enough; called after each change
  // Calls `grown` when there is more. False: there will not be more.
  bool wait(Completion<> grown);
  StoreSpace space() const;

 private:
  void write_zeros(std::uint64_t block, std::uint64_t end);
  bool can_grow() const;
  void grow();
  void end();

  Runtime& runtime_;
  Core& core_;
  std::uint32_t step_chunks_;
  std::uint32_t most_chunks_;
  bool growing_ = false;
  std::optional<Time> full_at_;  // when the file system had no room
  std::vector<Completion<>> waiting_;
};

}  // namespace shoal::routing::journal

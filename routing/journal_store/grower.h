// Grower: makes the file of a store longer before its space runs out, by zeros that are really written, as long as its
// file system keeps its margin (file_system_margin.h). A block device has its size.
#pragma once

#include <functional>
#include <optional>
#include <string>
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
  // A file has what it may still grow by; where nobody knows that, nobody knows more than what is used.
  StoreSpace space() const;

 private:
  std::uint64_t most_growth() const;  // bytes
  void write_zeros(std::uint64_t block, std::uint64_t end);
  bool can_grow();                 // notes when the file system has no room
  std::uint32_t next_end() const;  // in chunks
  void note_full(const std::string& reason);
  void grow();
  void end();

  Runtime& runtime_;
  Core& core_;
  std::uint32_t step_chunks_;
  std::uint32_t most_chunks_;
  std::function<FileSystemRoom()> file_system_room_;  // empty: not known
  bool growing_ = false;
  std::optional<Time> full_at_;  // when the file system had no room
  std::vector<Completion<>> waiting_;
};

}  // namespace shoal::routing::journal

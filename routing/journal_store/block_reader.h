// BlockReader: blocks of a page, each from where it is: from the journal's memory, from the device, or zeros. What
// comes from the device is checked against its CRC in the metadata; what does not fit is asked of the repair source,
// and is an error where nobody has it, never data.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "routing/journal_store/block_repair.h"
#include "routing/journal_store/device.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

class BlockReader {
 public:
  using Done = Completion<Result<ReadAnswer, StoreError>>;

  BlockReader(Device& device, Ledger& ledger, BlockRepair& repair)
      : device_(device), ledger_(ledger), repair_(repair) {}
  BlockReader(const BlockReader&) = delete;

  void read(const PageId& page, std::uint32_t offset, std::uint32_t length, Done done);

 private:
  struct Job;
  using JobRef = std::shared_ptr<Job>;

  void find_leaves(const JobRef& job);
  void plan_part(Job& job, const ChunkPart& part, const ChunkEntry& entry);
  void read_runs(const JobRef& job);
  void on_read(const JobRef& job, Result<void, StoreError> result);
  void check(const JobRef& job, std::size_t from);
  void on_damaged(const JobRef& job, std::size_t piece);
  void finish(Job& job);

  Device& device_;
  Ledger& ledger_;
  BlockRepair& repair_;
};

}  // namespace shoal::routing::journal

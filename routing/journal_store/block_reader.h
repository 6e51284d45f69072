// BlockReader: blocks of a page, each from where it is: from the journal's memory, from the device, or zeros. What
// comes from the device is checked against its CRC in the metadata; what does not fit is asked of the repair source,
// and is an error where nobody has it, never data.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "routing/journal_store/device.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

// A block whose data on the device are not what was written there.
struct DamagedBlock {
  PageId page;
  std::uint32_t block = 0;  // of the page
  BlockNumber at;
  std::uint32_t expected_crc = 0;
};

class BlockReader {
 public:
  using Done = Completion<Result<ReadAnswer, StoreError>>;
  // Another copy's data of that block, which fit the CRC; empty: there are none.
  using Repair = std::function<void(const DamagedBlock&, Completion<Slice>)>;

  BlockReader(Device& device, Ledger& ledger, Repair repair)
      : device_(device), ledger_(ledger), repair_(std::move(repair)) {}
  BlockReader(const BlockReader&) = delete;

  void read(const PageId& page, std::uint32_t offset, std::uint32_t length, Done done);

  std::uint64_t damaged() const { return damaged_; }

 private:
  struct Job;
  using JobRef = std::shared_ptr<Job>;

  void find_leaves(const JobRef& job);
  void plan_part(Job& job, const ChunkPart& part, const Node* leaf);
  void read_runs(const JobRef& job);
  void on_read(const JobRef& job, Result<void, StoreError> result);
  void check(const JobRef& job, std::size_t from);
  void on_damaged(const JobRef& job, std::size_t piece);
  void finish(Job& job);

  Device& device_;
  Ledger& ledger_;
  Repair repair_;
  std::uint64_t damaged_ = 0;
};

}  // namespace shoal::routing::journal

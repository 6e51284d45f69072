// BlockRepair: what happens to a block whose data on the device are not what was written there. Another copy is asked;
// what it has is taken only if it fits the CRC, and is written over the damage in place, which needs no journal: until
// that is done, the block does not fit as before.
#pragma once

#include <map>
#include <memory>

#include "routing/journal_store/device.h"
#include "routing/journal_store/space.h"
#include "routing/page_store.h"

namespace shoal::routing::journal {

struct DamagedBlock {
  PageId page;
  std::uint32_t block = 0;  // of the page
  BlockNumber at;
  std::uint32_t expected_crc = 0;
};

class BlockRepair {
 public:
  BlockRepair(Device& device, Space& space) : device_(device), space_(space) {}
  BlockRepair(const BlockRepair&) = delete;

  void set_source(RepairSource* source) { source_ = source; }
  const RepairCounters& counters() const { return counters_; }

  // The block as it was written, at an aligned address; empty: nobody has it. It is a block of an image that is
  // there. Whoever reads keeps others from changing it until this completes; if the image is dropped, nobody else gets
  // its chunk before.
  void repair(const DamagedBlock& block, Completion<Slice> done);

 private:
  void on_fetched(std::uint64_t number, std::optional<ReadAnswer> answer);

  Device& device_;
  Space& space_;
  RepairSource* source_ = nullptr;
  RepairCounters counters_;
  // What waits for a source. It ends with the store, whatever a source still holds: it has nodes pinned.
  struct Waiting {
    DamagedBlock block;
    Completion<Slice> done;
  };
  std::map<std::uint64_t, Waiting> waiting_;
  std::uint64_t next_number_ = 0;
  std::shared_ptr<void> alive_ = std::make_shared<char>();  // of what a source calls
};

}  // namespace shoal::routing::journal

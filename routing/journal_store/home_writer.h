// HomeWriter: carries what lies only in the journal to its place, a few writes at a time, in order of places. While it
// runs, no chunk that it writes to is given to anybody else.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "routing/journal_store/device.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

inline constexpr std::size_t kHomeRunBlocks = 256;  // 1 MiB a write
inline constexpr std::size_t kFewestHomeWrites = 4, kMostHomeWrites = 128;

// How many home writes there may be at once: few, which readers hardly feel, while the journal has room, and the more
// the nearer it is to full, when writers would have to wait.
std::size_t home_writes_at_once(std::uint32_t used_blocks, std::uint32_t ring_blocks);

class HomeWriter {
 public:
  using Done = PageStore::Done;

  HomeWriter(Device& device, Ledger& ledger) : device_(device), ledger_(ledger) {}
  HomeWriter(const HomeWriter&) = delete;

  // Everything that is in the overlay now. Written when it completes, not synced. One at a time.
  void run(Done done);
  void set_at_once(std::size_t writes) { at_once_ = writes; }

 private:
  using Run = std::span<const HomeBlock>;  // side by side on the device: one write

  void pump();
  Run next_run();
  void write(Run run);
  void on_written(Run run, Result<void, StoreError> result);
  void end_if_done();

  Device& device_;
  Ledger& ledger_;
  std::vector<HomeBlock> blocks_;
  std::size_t next_ = 0, writing_ = 0, at_once_ = kFewestHomeWrites;
  Result<void, StoreError> result_;
  Done done_;
};

}  // namespace shoal::routing::journal

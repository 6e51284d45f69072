// HomeWriter: carries what lies only in the journal to its place, a few writes at a time, in order of places. While it
// runs, no chunk that it writes to is given to anybody else.
#pragma once

#include <cstddef>
#include <vector>

#include "routing/journal_store/device.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

inline constexpr std::uint32_t kHomeRunBlocks = 256;  // 1 MiB a write
inline constexpr std::size_t kHomeWrites = 16;        // at once

class HomeWriter {
 public:
  using Done = PageStore::Done;

  HomeWriter(Device& device, Ledger& ledger) : device_(device), ledger_(ledger) {}
  HomeWriter(const HomeWriter&) = delete;

  // Everything that is in the overlay now. Written when it completes, not synced. One at a time.
  void run(Done done);

 private:
  void pump();
  void write(const HomeRun& run);
  void give_up(Result<void, StoreError> result);
  void end_if_done();
  void hold(const HomeRun& run);
  void release(const HomeRun& run);

  Device& device_;
  Ledger& ledger_;
  std::vector<HomeRun> runs_;
  std::size_t next_ = 0, writing_ = 0;
  Result<void, StoreError> result_;
  Done done_;
};

}  // namespace shoal::routing::journal

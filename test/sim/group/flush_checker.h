// FlushChecker: watches the disks of all members and knows which writes are not yet on the device, so that a GOOD
// answer to SYNCHRONIZE CACHE can be held against them: every write that had reached a file before the command was sent
// must be covered by an fdatasync that returned before the answer, at every owner.
#pragma once

#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>

#include "test/sim/disk.h"
#include "test/sim/group/block_checker.h"

namespace shoal::sim {

class FlushChecker {
 public:
  explicit FlushChecker(BlockChecker& moments) : moments_(moments) {}

  void on_disk(const DiskEvent& event);
  // What is wrong with a GOOD that answers, now, a flush that was sent at `begin`.
  std::optional<std::string> flush_acknowledged(Moment begin) const;
  std::uint64_t flushes() const { return flushes_; }

 private:
  using Place = std::pair<std::string, std::string>;  // host, path
  struct Pending {
    std::deque<Moment> writes;              // not on the device, in the order in which they happened
    std::map<std::uint64_t, Moment> syncs;  // asked for and not returned, by number
  };

  BlockChecker& moments_;
  std::map<Place, Pending> files_;
  mutable std::uint64_t flushes_ = 0;
};

}  // namespace shoal::sim

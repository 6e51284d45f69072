// OperationNumbers: the ids of one nexus generation's operations, from 1, without gaps, and the lowest that is not
// finished. An owner forgets what it remembers of all ids below that (ghost writes, ARCHITECTURE.md).
#pragma once

#include <cstdint>
#include <deque>

#include "target/base/ids.h"

namespace shoal::scsi {

class OperationNumbers {
 public:
  OperationId next();
  void finish(OperationId id);  // once for each
  OperationId lowest_unfinished() const { return {lowest_}; }

 private:
  std::uint64_t lowest_ = 1;
  std::deque<bool> finished_;  // of lowest_ and those after it; the first is false
};

}  // namespace shoal::scsi

// StoreRepair: writes a store anew as the examination has it: right counts, space map and superblocks, what cannot be
// known any more marked as lost (surrender.h), the journal replayed and ended. All of it is a checkpoint like any
// other, so a repair that is broken off has changed nothing.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "routing/journal_store/check/store_check.h"

namespace shoal::routing::journal {

struct RepairOptions {
  std::string path;
  bool lose_acknowledged = false;  // where a journal is damaged: end it there
  std::uint64_t cache_bytes = std::uint64_t{256} << 20;
};

struct RepairReport {
  CheckReport found;
  bool written = false;
  std::string obstacle;  // why nothing was written, though something is wrong
};

// The error is one line for people. Destroying what is returned gives up.
[[nodiscard]] std::shared_ptr<void> repair_store(Runtime& runtime, const RepairOptions& options,
                                                 std::function<void(const CheckProgress&)> on_progress,
                                                 Completion<Result<RepairReport, std::string>> done);

}  // namespace shoal::routing::journal

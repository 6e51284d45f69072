// StoreCheck: everything that can be known of a store without changing it: superblocks, space map, catalog, every node,
// the journal, which is replayed in memory; and with `data` every block that was written. Opens the device read-only,
// beside other readers and never beside a member that has it.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>

#include "routing/journal_store/check/check_report.h"
#include "target/runtime/runtime.h"

namespace shoal::routing::journal {

struct CheckOptions {
  std::string path;
  bool data = false;
  std::uint64_t cache_bytes = std::uint64_t{256} << 20;  // for metadata, after the replay
};

// The error is one line for people: why nothing can be said. Destroying what is returned gives up.
[[nodiscard]] std::shared_ptr<void> check_store(Runtime& runtime, const CheckOptions& options,
                                                std::function<void(const CheckProgress&)> on_progress,
                                                Completion<Result<CheckReport, std::string>> done);

}  // namespace shoal::routing::journal

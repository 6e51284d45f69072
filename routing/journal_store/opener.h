// Opener: makes or opens a store: finds the newest superblock, reads the space map and the catalog, replays the
// journal, and writes a checkpoint, so that a store always begins with an empty journal and everything at home. What a
// crash of this leaves behind is opened the same way again.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "routing/journal_store/core.h"
#include "routing/journal_store/journal_store.h"

namespace shoal::routing::journal {

// The error is one line for people: the path, what is wrong, what to do. Destroying what is returned gives up.
[[nodiscard]] std::shared_ptr<void> open_core(Runtime& runtime, const JournalStoreConfig& config, Log log,
                                              Completion<Result<std::unique_ptr<Core>, std::string>> done);

}  // namespace shoal::routing::journal

// ArrayReader: reads a tree over an array of bytes as a whole (space map, catalog), level by level from the root, each
// node checked against its parent.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "routing/journal_store/aligned.h"
#include "routing/journal_store/device.h"
#include "routing/journal_store/node.h"

namespace shoal::routing::journal {

struct ReadArray {
  std::vector<std::uint8_t> bytes;
  std::vector<std::vector<NodeRef>> levels;  // leaves first
};

// The error is one line for people: which node, where, what is wrong with it.
void read_array(Device& device, TreeId::Kind kind, const StoreId& store, const NodeRef& root, std::uint64_t bytes,
                Completion<Result<ReadArray, std::string>> done);

}  // namespace shoal::routing::journal

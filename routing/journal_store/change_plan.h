// ChangePlan: the records of one apply() as what the journal can say: whole chunks, parts of chunks in whole blocks,
// ranges of whole blocks that are cleared, promises. Blocks of which only a part changes are named, with what changes
// in them: the rest of them has to be read first. Pure.
#pragma once

#include <boost/container/small_vector.hpp>
#include <vector>

#include "routing/journal_store/frame.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

struct PlannedChange {
  enum class Kind : std::uint8_t {
    promise,     // no block changes
    clear,       // and a void
    part,        // blocks inside one chunk, with their data
    whole_chunk  // all blocks of one chunk, with their data
  } kind = Kind::part;
  JournalRecord record;  // as it goes into the journal, but for home and CRCs
  Slices data;           // of a part that begins or ends inside a block: without what has to be read
  // Bytes of the first and of the last block that have to be read: before and behind the data.
  std::uint32_t missing_front = 0, missing_back = 0;
  bool only_zeros = false;  // in a part of one block: if that is a hole it stays one
};

// Most often one.
template <class Value>
using OfEach = boost::container::small_vector<Value, 1>;
using PlannedChanges = OfEach<PlannedChange>;

// The changes in an order in which they may be written: promises first.
PlannedChanges plan_changes(std::vector<PageRecord> batch);

}  // namespace shoal::routing::journal

// The records in the head of a frame: to bytes, and from bytes that nobody has checked (format.md). Pure.
#pragma once

#include <optional>

#include "routing/journal_store/frame.h"

namespace shoal::routing::journal {

// What a record of its kind may say, and nothing else. Only such a record is written, and only such a one is read.
bool is_sound(const JournalRecord& record);

void put_record(MutableByteSpan at, const JournalRecord& record);  // encoded_bytes(record) of it
std::optional<JournalRecord> take_record(ByteSpan& rest);          // from its beginning. nullopt: no sound record

}  // namespace shoal::routing::journal

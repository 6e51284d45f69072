// LogStore: the simplest store that keeps its word: everything is a frame at the end of one endless log, written
// durably, one at a time; opening reads all of them, up to the first whose checksum is wrong. It exists to prove the
// checker: each of its rules can be left out.
#pragma once

#include <deque>
#include <memory>

#include "routing/memory_store.h"
#include "test/crash/store_driver.h"

namespace shoal::crash {

enum class LogRule {
  none,             // nothing is left out
  durable_writes,   // left out: frames are written without RWF_DSYNC
  late_answers,     // answers come when the frame is on the device
  checksums,        // of the frame, when it is read
  chain,            // the checksum of a frame depends on the frame before it
  one_at_a_time,    // the next frame waits for the one before it
  logged_promises,  // promises and fences are in the log
  logged_voids,     // voids are
  read_errors,      // a store that could not be read does not open
};

StoreDriver log_store(LogRule left_out = LogRule::none);

}  // namespace shoal::crash

// RoomRequest: what somebody waits for who found no room for a change.
#pragma once

#include <cstdint>
#include <functional>

#include "target/base/completion.h"

namespace shoal::routing::journal {

struct RoomRequest {
  enum class For : std::uint8_t {
    fresh,    // something new: refused where neither growing nor checkpoints make room
    changed,  // what is there already: as long as others have room that they give back, it waits
    memory,   // there are as many changes as the cache may hold before a checkpoint
  } what = For::fresh;
  unsigned checkpoints = 0;  // that were waited for in vain, for something fresh
};

// Calls back when it may be worth to look again; false: it never will be.
using WaitForRoom = std::function<bool(RoomRequest&, Completion<>)>;

}  // namespace shoal::routing::journal

// RoomRequest: what somebody waits for who found no room for a change.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "routing/journal_store/reserve.h"
#include "target/base/completion.h"

namespace shoal::routing::journal {

struct RoomRequest {
  enum class For : std::uint8_t {
    fresh,    // something new: refused when no room for it is on its way any more
    changed,  // what is there already: as long as others have room that they give back, it waits
    memory,   // there are as many changes as the cache may hold before a checkpoint
  } what = For::fresh;
  Outlook outlook = Outlook::none;     // for something fresh
  std::optional<std::uint64_t> since;  // the newest checkpoint when it had to wait for something fresh first
};

// Calls back when it may be worth to look again; false: it never will be.
using WaitForRoom = std::function<bool(RoomRequest&, Completion<>)>;

}  // namespace shoal::routing::journal

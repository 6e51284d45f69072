// StoreDirectory: which member serves which store now, as the member records tell. An immutable snapshot.
// A member that is down keeps its record, so its stores stay here and are waited for. A store that no record names any more
// was wiped, or was memory: its pages are lost, and nobody waits for them.
#pragma once

#include <map>
#include <memory>
#include <string>

#include "target/base/ids.h"

namespace shoal::routing {

struct StoreDirectory {
  using Snapshot = std::shared_ptr<const StoreDirectory>;
  std::map<StoreId, MemberId> serving;   // this member's own stores included
  std::map<StoreId, std::string> lost;   // why, where it is known: "member 3 came back with another store"
};

}  // namespace shoal::routing

// NodeSeams: where a test may stand between the parts of a node: to set what a server never sets, or to leave out a
// rule and show that its absence is noticed. A server takes them as they are.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "cluster/load/load_meter.h"
#include "routing/local_pages.h"
#include "routing/peer_limits.h"
#include "routing/router.h"
#include "target/server/loop_watch.h"

namespace shoal {

struct NodeSeams {
  using WrapPages = std::function<std::unique_ptr<routing::LocalPages>(std::unique_ptr<routing::LocalPages> own)>;

  routing::RouterLimits router;  // page_hold is the configuration's
  routing::PeerTransportLimits links;
  Duration standstill = server::LoopWatch::kStandstill;
  std::function<void(load::Readings&)> read_process;  // what the machine says of this process; empty: nothing
  // What files there may grow into; empty: unknown.
  std::function<routing::FileSystemRoom(const std::string& path)> file_system_room;
  WrapPages pages;  // what the router and the peers get instead of the member's own pages; empty: these
};

}  // namespace shoal

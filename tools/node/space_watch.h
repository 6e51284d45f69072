// SpaceWatch: looks at this member's stores once a period, and when the used share of one passes the threshold has
// every nexus of every volume that is placed on it told so: UNIT ATTENTION, THIN PROVISIONING SOFT THRESHOLD REACHED.
// Who keeps the units' state may be out of reach: then it is told as soon as that is over.
//
// What has passed before a restart and stays above is told once more after it.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "routing/page_service.h"
#include "target/base/log.h"
#include "tools/node/space_threshold.h"
#include "tools/node/units.h"

namespace shoal {

class SpaceWatch : public std::enable_shared_from_this<SpaceWatch> {
 public:
  // All of it outlives this, or look() is not called any more.
  SpaceWatch(const routing::PageService& pages, const Units& units, unsigned percent, Log log);

  void look();

 private:
  void on_passed(const routing::PageStore& store, const routing::StoreSpace& space);
  void tell(ImageId image, UnitState& state);

  const routing::PageService& pages_;
  const Units& units_;
  const unsigned percent_;
  Log log_;
  std::map<StoreId, SpaceThreshold> thresholds_;
  std::set<ImageId> untold_, telling_;
};

}  // namespace shoal

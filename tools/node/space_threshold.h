// SpaceThreshold: when a store's used share passes a threshold. It is told once; again only after the share has been
// well below, so that one that swings about the threshold is not told over and over. Pure.
#pragma once

#include "routing/page_store.h"

namespace shoal {

inline constexpr unsigned kThresholdHysteresis = 5;  // percentage points

class SpaceThreshold {
 public:
  explicit SpaceThreshold(unsigned percent) : percent_(percent) {}

  // True: it has passed now. A store that does not know how much it could hold passes nothing.
  bool passes(const routing::StoreSpace& space);

 private:
  unsigned percent_;
  bool above_ = false;
};

}  // namespace shoal

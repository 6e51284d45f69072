// Swing: does a figure swing too much to be acted upon? It does when its standard deviation over the last
// kSwingWindow exceeds kSwinging of its mean.
#pragma once

#include <deque>

#include "cluster/load/load.h"

namespace shoal::load {

inline constexpr Duration kSwingWindow = 15s;
inline constexpr double kSwinging = 0.5;

class Swing {
 public:
  void sample(Time now, double figure);
  double deviation() const;  // standard deviation over mean; 0 where the mean is 0
  bool swings() const { return deviation() > kSwinging; }

 private:
  struct Sample {
    Time at;
    double figure;
  };
  std::deque<Sample> samples_;  // of the window, oldest first; one a period
};

}  // namespace shoal::load

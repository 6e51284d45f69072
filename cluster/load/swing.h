// Swing: how much a figure swings: its standard deviation over a window of the last time.
#pragma once

#include <deque>

#include "cluster/load/load.h"

namespace shoal::load {

class Swing {
 public:
  explicit Swing(Duration window) : window_(window) {}
  void sample(Time now, double figure);  // once a period
  void leave_out(double figure);         // a part of it is gone, and is to be as if it had never been
  void take_in(double figure);           // a part of it is new, and is to be as if it had always been
  double deviation() const;
  double mean() const;

 private:
  struct Sample {
    Time at;
    double figure;
  };
  Duration window_;
  std::deque<Sample> samples_;  // of the window, oldest first
};

}  // namespace shoal::load

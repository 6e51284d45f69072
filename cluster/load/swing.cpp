#include "cluster/load/swing.h"

#include <cmath>

namespace shoal::load {

void Swing::sample(Time now, double figure) {
  while (!samples_.empty() && samples_.front().at + kSwingWindow <= now) samples_.pop_front();
  constexpr std::size_t kMost = kSwingWindow / kLoadPeriod;
  if (samples_.size() == kMost) samples_.pop_front();
  samples_.push_back({now, figure});
}

double Swing::deviation() const {
  if (samples_.empty()) return 0;
  const double count = static_cast<double>(samples_.size());
  double sum = 0, squares = 0;
  for (const Sample& sample : samples_) sum += sample.figure;
  const double mean = sum / count;
  for (const Sample& sample : samples_) squares += (sample.figure - mean) * (sample.figure - mean);
  return mean > 0 ? std::sqrt(squares / count) / mean : 0;
}

}  // namespace shoal::load

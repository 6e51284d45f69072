#include "cluster/load/swing.h"

#include <algorithm>
#include <cmath>

namespace shoal::load {

void Swing::sample(Time now, double figure) {
  while (!samples_.empty() && samples_.front().at + window_ <= now) samples_.pop_front();
  const auto most = static_cast<std::size_t>(window_ / kLoadPeriod);
  if (samples_.size() >= most) samples_.pop_front();
  samples_.push_back({now, figure});
}

void Swing::leave_out(double figure) {
  for (Sample& sample : samples_) sample.figure = std::max(0.0, sample.figure - figure);
}

void Swing::take_in(double figure) {
  for (Sample& sample : samples_) sample.figure += figure;
}

double Swing::mean() const {
  double sum = 0;
  for (const Sample& sample : samples_) sum += sample.figure;
  return samples_.empty() ? 0 : sum / static_cast<double>(samples_.size());
}

double Swing::deviation() const {
  const double middle = mean();
  double squares = 0;
  for (const Sample& sample : samples_) squares += (sample.figure - middle) * (sample.figure - middle);
  return samples_.empty() ? 0 : std::sqrt(squares / static_cast<double>(samples_.size()));
}

}  // namespace shoal::load

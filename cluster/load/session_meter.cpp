#include "cluster/load/session_meter.h"

#include <algorithm>

namespace shoal::load {

TrafficRate& OwnerRates::search(MemberId owner) {
  TrafficRate& rate = rates_[position(owner)].second;
  shortcuts_[owner.value % kShortcuts] = {owner, &rate};
  return rate;
}

std::size_t OwnerRates::position(MemberId owner) {
  auto found = std::ranges::lower_bound(rates_, owner, {}, [](const auto& each) { return each.first; });
  if (found == rates_.end() || found->first != owner) {
    // One place is kept for those who find none: they count as nobody's.
    if (owner != MemberId{} && rates_.size() >= kMaxReportedOwners - 1) return position(MemberId{});
    found = rates_.insert(found, {owner, {}});
    shortcuts_.fill({});  // what they led to has moved
  }
  return static_cast<std::size_t>(found - rates_.begin());
}

void OwnerRates::roll(const DecayStep& step) {
  for (auto& [owner, rate] : rates_) rate.roll(step);
  if (std::erase_if(rates_, [](const auto& each) { return each.second.nothing(); }) > 0) shortcuts_.fill({});
}

Rate OwnerRates::sum() const {
  Rate sum;
  for (const auto& [owner, traffic] : rates_) {
    const Rate rate = traffic.rate();
    sum.requests += rate.requests;
    sum.bytes += rate.bytes;
  }
  return sum;
}

std::map<MemberId, double> OwnerRates::fractions() const {
  const double whole = sum().units();
  std::map<MemberId, double> fractions;
  for (const auto& [owner, traffic] : rates_) {
    if (whole > 0) fractions[owner] = traffic.rate().units() / whole;
  }
  return fractions;
}

WaitMeter::Period SessionMeter::take_wait(Time now) {
  const WaitMeter::Period period = wait_.take(now);
  latency_.add(period);
  return period;
}

void SessionMeter::roll(const DecayStep& step) {
  thinning_.begin_period();
  owners_.roll(step);
  latency_.roll(step);
  rate_ = owners_.sum();
}

SessionLoad SessionMeter::load() const {
  return {session_, image_, initiator_name_, rate_, latency_.mean_s(), owners_.fractions(), {}};
}

}  // namespace shoal::load

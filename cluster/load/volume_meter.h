// VolumeMeter: the traffic of one volume at this member, of all sessions that it serves.
#pragma once

#include <cstdint>

#include "cluster/load/access_pattern.h"
#include "cluster/load/decaying_rate.h"
#include "cluster/load/load.h"

namespace shoal::load {

// Requests and blocks per second.
class TrafficRate {
 public:
  void add(std::uint64_t requests, std::uint64_t blocks) {
    requests_.add(requests);
    blocks_.add(blocks);
  }
  void add_pending_of(const TrafficRate& part) { add(part.requests_.pending(), part.blocks_.pending()); }
  void roll(const DecayStep& step) {
    requests_.roll(step);
    blocks_.roll(step);
  }
  Rate rate() const { return {requests_.per_second(), blocks_.per_second() * kBlockBytes}; }
  bool nothing() const { return requests_.nothing() && blocks_.nothing(); }

 private:
  DecayingRate requests_, blocks_;
};

class VolumeMeter {
 public:
  void add(const Access& access) {
    pattern_.add(access);
    (access.is_write ? writes_ : reads_).add(1, access.blocks);
  }
  void roll(const DecayStep& step, Duration elapsed) {
    pattern_.roll(step, elapsed);
    reads_.roll(step);
    writes_.roll(step);
  }
  bool nothing() const { return reads_.nothing() && writes_.nothing(); }
  VolumeLoad load(ImageId image) const { return {image, pattern_.pattern(), reads_.rate(), writes_.rate()}; }

  std::size_t sessions = 0;  // that are metered

 private:
  AccessPattern pattern_;
  TrafficRate reads_, writes_;
};

}  // namespace shoal::load

// TsihPool: the TSIHs of the sessions here. Unique for an initiator port name and a target port, not for a nexus: two
// sessions of one initiator with different ISIDs differ in it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "cluster/nexus_record.h"

namespace shoal::cluster {

class TsihPool {
 public:
  // nullopt: that initiator has all that this member may give.
  std::optional<std::uint16_t> take(MemberId self, const NexusName& name) {
    auto& taken = taken_[port_of(name)];
    for (std::uint16_t i = 0; i < kTsihsPerMember; ++i) {
      const std::uint16_t tsih = tsih_of(self, count_++);
      if (taken.insert(tsih).second) return tsih;
    }
    return std::nullopt;
  }
  void give_back(const NexusName& name, std::uint16_t tsih) {
    const auto taken = taken_.find(port_of(name));
    if (taken == taken_.end()) return;
    taken->second.erase(tsih);
    if (taken->second.empty()) taken_.erase(taken);
  }

 private:
  static NexusName port_of(NexusName name) {
    name.isid = 0;
    return name;
  }
  std::map<NexusName, std::set<std::uint16_t>> taken_;
  std::uint16_t count_ = 0;
};

}  // namespace shoal::cluster

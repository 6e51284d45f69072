#include "cluster/load/host_owners.h"

namespace shoal::load {

std::map<MemberId, double> owners_of(const LoadTable& table, Time now, const std::string& initiator_name,
                                     ImageId volume) {
  std::map<MemberId, double> owners;
  double all = 0;
  for (const auto& [id, entry] : table.entries()) {
    if (!entry.report || entry.age(now) > kOwnersKnownFor) continue;
    for (const SessionLoad& session : entry.report->sessions) {
      if (session.image != volume || session.initiator_name != initiator_name) continue;
      for (const auto& [owner, fraction] : session.owners) {
        owners[owner] += fraction * session.rate.units();
        all += fraction * session.rate.units();
      }
    }
  }
  if (all <= 0) return {};
  for (auto& [owner, units] : owners) units /= all;
  return owners;
}

}  // namespace shoal::load

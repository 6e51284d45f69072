#include "cluster/load/load_table.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace shoal::load {

void LoadTable::set_members(const std::vector<MemberId>& members) {
  std::erase_if(entries_, [&](const auto& entry) { return std::ranges::count(members, entry.first) == 0; });
  for (const MemberId member : members) entries_.try_emplace(member);
}

bool LoadTable::take(LoadReport report, Time now) {
  const auto found = entries_.find(report.member);
  if (found == entries_.end()) return false;
  Entry& entry = found->second;
  const auto order = [](const LoadReport& each) { return std::make_pair(each.incarnation, each.sequence); };
  if (entry.report && order(report) <= order(*entry.report)) {
    ++entry.ignored;
    return false;
  }
  entry.report = std::move(report);
  entry.received = now;
  return true;
}

const LoadReport* LoadTable::report_of(MemberId member) const {
  const auto found = entries_.find(member);
  return found != entries_.end() && found->second.report ? &*found->second.report : nullptr;
}

}  // namespace shoal::load

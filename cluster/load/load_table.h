// LoadTable: the latest report of every member of the group, this one among them. Members count their reports: what is
// older than what is known, or the same again, changes nothing, and a member that began anew (a later incarnation)
// begins anew here. Ages are by the clock of who keeps the table: no two members need to agree on the time.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "cluster/load/load.h"
#include "target/base/time.h"

namespace shoal::load {

class LoadTable {
 public:
  struct Entry {
    std::optional<LoadReport> report;  // nullopt: never heard of
    Time received;
    std::uint64_t ignored = 0;  // reports that came late or again

    Duration age(Time now) const { return now > received ? now - received : Duration{0}; }
    // A report is of use for so long; afterwards the member is silent.
    bool heard(Time now) const { return report && age(now) < kSilentAfter; }
  };

  // Who belongs to the group now. Who is gone is forgotten; reports of strangers are not taken.
  void set_members(const std::vector<MemberId>& members);
  // False: of a stranger, late, or again.
  bool take(LoadReport report, Time now);

  const std::map<MemberId, Entry>& entries() const { return entries_; }
  const LoadReport* report_of(MemberId member) const;  // null: never heard of

 private:
  std::map<MemberId, Entry> entries_;
};

}  // namespace shoal::load

// Reports: a group whose members report once a second, as a test tells it, and the table of who hears them.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <map>
#include <vector>

#include "cluster/load/load_table.h"
#include "cluster/load/measure.h"
#include "test/unit/load/group.h"

namespace shoal::load {

inline LoadReport report_of(std::uint32_t member, std::uint64_t incarnation, std::uint64_t sequence) {
  LoadReport report;
  report.member = MemberId{member};
  report.incarnation = incarnation;
  report.sequence = sequence;
  return report;
}

struct Reports {
  LoadTable table;
  std::map<std::uint32_t, LoadReport> next;  // what each member will say

  // Members 1, 2, ... whose hosts' requests go to local pages.
  static Reports of(std::initializer_list<double> works) {
    Reports reports;
    std::vector<MemberId> members;
    for (double work : works) {
      const auto id = static_cast<std::uint32_t>(members.size() + 1);
      members.push_back(MemberId{id});
      reports.next[id] = report_of(id, 1, 0);
      reports.next[id].local.requests = work;
    }
    reports.table.set_members(members);
    return reports;
  }
  LoadReport& member(std::uint32_t id) { return next.at(id); }
  Reports& all_at(double seconds) {
    for (auto& [id, report] : next) said_at(id, seconds);
    return *this;
  }
  Reports& said_at(std::uint32_t id, double seconds) {
    ++next.at(id).sequence;
    table.take(next.at(id), at(seconds));
    return *this;
  }
  GroupLoad measured_at(double seconds) const { return measure(table, at(seconds)); }
};

}  // namespace shoal::load

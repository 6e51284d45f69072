#include "cluster/load/load_table.h"

#include <catch2/catch.hpp>

#include "test/unit/load/reports.h"

using namespace shoal;
using namespace shoal::load;

namespace {

LoadTable table_of(const std::vector<std::uint32_t>& members) {
  std::vector<MemberId> ids;
  for (const auto member : members) ids.push_back(MemberId{member});
  LoadTable table;
  table.set_members(ids);
  return table;
}

const LoadTable::Entry& entry_of(const LoadTable& table, std::uint32_t member) {
  return table.entries().at(MemberId{member});
}

}  // namespace

TEST_CASE("a member that was never heard of has a place in the table and counts as silent") {
  const LoadTable table = table_of({1, 2});
  CHECK(table.entries().size() == 2);
  CHECK_FALSE(entry_of(table, 2).heard(at(0)));
  CHECK(table.report_of(MemberId{2}) == nullptr);
}

TEST_CASE("the latest report of a member stands, with its age by the clock of who received it") {
  LoadTable table = table_of({1, 2});
  CHECK(table.take(report_of(2, 1, 1), at(10)));
  CHECK(table.take(report_of(2, 1, 2), at(11)));
  CHECK(table.report_of(MemberId{2})->sequence == 2);
  CHECK(entry_of(table, 2).age(at(11.5)) == 500ms);
  CHECK(entry_of(table, 2).age(at(10.5)) == 0s);
}

TEST_CASE("a report that comes again or late changes nothing, not even the age") {
  LoadTable table = table_of({2});
  table.take(report_of(2, 1, 5), at(10));
  CHECK_FALSE(table.take(report_of(2, 1, 5), at(12)));
  CHECK_FALSE(table.take(report_of(2, 1, 4), at(12)));
  CHECK(table.report_of(MemberId{2})->sequence == 5);
  CHECK(entry_of(table, 2).age(at(12)) == 2s);
  CHECK(entry_of(table, 2).ignored == 2);
}

TEST_CASE("reports may be lost: a gap in the numbers is no fault") {
  LoadTable table = table_of({2});
  table.take(report_of(2, 1, 1), at(1));
  CHECK(table.take(report_of(2, 1, 9), at(9)));
}

TEST_CASE("a member is silent from 3.5 s after its last report on, until the next") {
  LoadTable table = table_of({2});
  table.take(report_of(2, 1, 1), at(10));
  CHECK(entry_of(table, 2).heard(at(13.499)));
  CHECK_FALSE(entry_of(table, 2).heard(at(13.5)));
  table.take(report_of(2, 1, 5), at(14));
  CHECK(entry_of(table, 2).heard(at(14)));
}

TEST_CASE("a member that restarted begins anew, and what its former self still says is late") {
  LoadTable table = table_of({2});
  table.take(report_of(2, 1, 900), at(10));
  CHECK(table.take(report_of(2, 2, 1), at(11)));
  CHECK_FALSE(table.take(report_of(2, 1, 901), at(12)));
  CHECK(table.report_of(MemberId{2})->incarnation == 2);
  CHECK(entry_of(table, 2).age(at(12)) == 1s);
}

TEST_CASE("strangers are not taken, and who leaves the group is forgotten") {
  LoadTable table = table_of({1, 2});
  CHECK_FALSE(table.take(report_of(3, 1, 1), at(1)));
  CHECK_FALSE(table.take(report_of(0, 1, 1), at(1)));
  CHECK(table.entries().size() == 2);
  table.take(report_of(2, 1, 7), at(1));
  table.set_members({MemberId{1}, MemberId{3}});
  CHECK(table.entries().count(MemberId{2}) == 0);
  table.set_members({MemberId{1}, MemberId{2}});
  CHECK(table.report_of(MemberId{2}) == nullptr);
  CHECK(table.take(report_of(2, 1, 1), at(2)));
}

TEST_CASE("to hear again who belongs to the group forgets nothing of them") {
  LoadTable table = table_of({1, 2});
  table.take(report_of(2, 1, 7), at(1));
  table.set_members({MemberId{1}, MemberId{2}, MemberId{3}});
  CHECK(table.report_of(MemberId{2})->sequence == 7);
}

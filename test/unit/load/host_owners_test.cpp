#include "cluster/load/host_owners.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::load;

namespace {

constexpr ImageId kVolume{7};

SessionLoad session(const char* initiator, double requests, std::map<MemberId, double> owners,
                    ImageId image = kVolume) {
  SessionLoad session;
  session.image = image;
  session.initiator_name = initiator;
  session.rate = {requests, 0};
  session.owners = std::move(owners);
  return session;
}

struct Told {
  Told() { table.set_members({MemberId{1}, MemberId{2}}); }
  void tell(std::uint32_t member, std::vector<SessionLoad> sessions, Time at = Time(10s)) {
    LoadReport report;
    report.member = MemberId{member};
    report.incarnation = 1;
    report.sequence = 1;
    report.sessions = std::move(sessions);
    REQUIRE(table.take(std::move(report), at));
  }
  std::map<MemberId, double> owners(Time now = Time(11s)) const { return owners_of(table, now, "iqn.a", kVolume); }

  LoadTable table;
};

}  // namespace

TEST_CASE("a host's pages are where its sessions' are, each counted by its units") {
  Told reports;
  reports.tell(1, {session("iqn.a", 300, {{MemberId{1}, 1.0}}), session("iqn.b", 900, {{MemberId{3}, 1.0}})});
  reports.tell(2, {session("iqn.a", 100, {{MemberId{1}, 0.5}, {MemberId{2}, 0.5}}),
                   session("iqn.a", 900, {{MemberId{3}, 1.0}}, ImageId{8})});
  const auto owners = reports.owners();
  REQUIRE(owners.size() == 2);
  CHECK(owners.at(MemberId{1}) == Approx(350.0 / 400));
  CHECK(owners.at(MemberId{2}) == Approx(50.0 / 400));
}

TEST_CASE("of a host that no report names, or that does nothing, nothing is known") {
  Told reports;
  CHECK(reports.owners().empty());
  reports.tell(1, {session("iqn.a", 0, {}), session("iqn.b", 900, {{MemberId{3}, 1.0}})});
  CHECK(reports.owners().empty());
}

TEST_CASE("what a member said last is known for a minute, so that its hosts are placed by it when it has gone") {
  Told reports;
  reports.tell(1, {session("iqn.a", 300, {{MemberId{2}, 1.0}})});
  CHECK(reports.owners(Time(69s)).size() == 1);
  CHECK(reports.owners(Time(71s)).empty());
}

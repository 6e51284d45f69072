#include "cluster/load/measure.h"

#include <catch2/catch.hpp>

#include "test/unit/load/reports.h"

using namespace shoal;
using namespace shoal::load;

namespace {

std::vector<std::uint32_t> disproportionate(const GroupLoad& group) {
  std::vector<std::uint32_t> members;
  for (const auto& [id, member] : group.members) {
    if (member.disproportionate) members.push_back(id.value);
  }
  return members;
}

const MemberLoad& member(const GroupLoad& group, std::uint32_t id) { return group.members.at(MemberId{id}); }

}  // namespace

TEST_CASE("of 80/10/10 the first member is disproportionate, with its share and the threshold") {
  const GroupLoad group = Reports::of({800, 100, 100}).all_at(1).measured_at(1);
  CHECK(disproportionate(group) == std::vector<std::uint32_t>{1});
  CHECK(member(group, 1).share == Approx(0.8));
  CHECK(member(group, 1).fair == Approx(1.0 / 3));
  CHECK(member(group, 1).threshold == Approx(1.25 / 3));
  CHECK(group.work == Approx(1000));
}

TEST_CASE("of 34/33/33 nobody is disproportionate") {
  CHECK(disproportionate(Reports::of({340, 330, 330}).all_at(1).measured_at(1)).empty());
}

TEST_CASE("below the least work of a group nobody is disproportionate, however it is shared") {
  CHECK(disproportionate(Reports::of({99.9, 0, 0}).all_at(1).measured_at(1)).empty());
  CHECK(disproportionate(Reports::of({100, 0, 0}).all_at(1).measured_at(1)) == std::vector<std::uint32_t>{1});
}

TEST_CASE("the threshold itself is disproportionate") {
  CHECK(disproportionate(Reports::of({500, 300}).all_at(1).measured_at(1)) == std::vector<std::uint32_t>{1});  // 0.625
  CHECK(disproportionate(Reports::of({499, 301}).all_at(1).measured_at(1)).empty());
}

TEST_CASE("a member that is alone has its fair share") {
  const GroupLoad group = Reports::of({5000}).all_at(1).measured_at(1);
  CHECK(member(group, 1).share == 1);
  CHECK(member(group, 1).fair == 1);
  CHECK(disproportionate(group).empty());
}

TEST_CASE("a group without load has shares and a system load of zero, and nothing that is not a number") {
  const GroupLoad group = Reports::of({0, 0, 0}).all_at(1).measured_at(1);
  for (std::uint32_t id : {1u, 2u, 3u}) {
    CHECK(member(group, id).share == 0);
    CHECK(member(group, id).client_load == 0);
    CHECK(member(group, id).stretch == 1);
    CHECK(member(group, id).fair == Approx(1.0 / 3));
  }
  CHECK(group.system_load == 0);
}

TEST_CASE("a group of which nothing was heard measures as nothing") {
  const GroupLoad group = Reports::of({10, 10}).measured_at(1);
  CHECK(group.members.size() == 2);
  CHECK(group.work == 0);
  CHECK_FALSE(member(group, 1).heard);
  CHECK(member(group, 1).fair == 0);
  CHECK(measure(LoadTable{}, at(1)).members.empty());
}

TEST_CASE("requests count by their number and their bytes, local and forwarded alike") {
  Reports reports = Reports::of({0, 100});
  reports.member(1).local = {60, 20 * kBytesPerUnit};
  reports.member(1).forwarded = {10, 10 * kBytesPerUnit};
  const GroupLoad group = reports.all_at(1).measured_at(1);
  CHECK(member(group, 1).work == Approx(100));
  CHECK(member(group, 1).forwarded == Approx(20));
  CHECK(member(group, 1).share == Approx(0.5));
}

TEST_CASE("what a member does for others is not its client load") {
  Reports reports = Reports::of({100, 100});
  reports.member(1).served = {5000, 1e9};
  CHECK(member(reports.all_at(1).measured_at(1), 1).client_load == Approx(100));
}

TEST_CASE("hosts that wait are load that was not carried: beyond 20 ms the latency stretches it") {
  Reports reports = Reports::of({100, 100});
  reports.member(1).latency_s = 0.060;
  reports.member(2).latency_s = 0.019;
  const GroupLoad group = reports.all_at(1).measured_at(1);
  CHECK(member(group, 1).stretch == Approx(3));
  CHECK(member(group, 1).client_load == Approx(300));
  CHECK(member(group, 1).share == Approx(0.75));
  CHECK(member(group, 2).stretch == 1);
  CHECK(disproportionate(group) == std::vector<std::uint32_t>{1});
}

TEST_CASE("a member of weight 2 carries twice what the other does without being disproportionate") {
  Reports reports = Reports::of({200, 100});
  reports.member(1).weight = 2;
  const GroupLoad even = reports.all_at(1).measured_at(1);
  CHECK(member(even, 1).client_load == Approx(100));
  CHECK(member(even, 1).share == Approx(member(even, 1).fair));
  CHECK(disproportionate(even).empty());

  reports.member(1).local.requests = 100;
  const GroupLoad equal = reports.all_at(2).measured_at(2);
  CHECK(disproportionate(equal) == std::vector<std::uint32_t>{2});
}

TEST_CASE("pressure is the worst of store, processor, memory and network") {
  const auto pressure = [](void (*saturate)(LoadReport&)) {
    Reports reports = Reports::of({100, 100});
    for (std::uint32_t id : {1u, 2u}) {
      reports.member(id).store.busy = 0.1;
      reports.member(id).server = {.cpu = 0.2, .memory = 0.3, .network = 0.05};
    }
    saturate(reports.member(1));
    return reports.all_at(1).measured_at(1);
  };
  CHECK(pressure([](LoadReport&) {}).system_load == Approx(0.3));
  for (const auto saturate :
       {+[](LoadReport& report) { report.server.cpu = 1; }, +[](LoadReport& report) { report.store.busy = 1; },
        +[](LoadReport& report) { report.server.memory = 1; },
        +[](LoadReport& report) { report.server.network = 1; }}) {
    const GroupLoad group = pressure(saturate);
    CHECK(member(group, 1).pressure == 1);
    CHECK(member(group, 2).pressure == Approx(0.3));
    CHECK(group.system_load == Approx(0.65));
    CHECK(member(group, 1).client_load == Approx(100));  // the two measures move apart
  }
}

TEST_CASE("the system load weighs its members") {
  Reports reports = Reports::of({0, 0});
  reports.member(1).weight = 3;
  reports.member(1).server.cpu = 0.8;
  CHECK(reports.all_at(1).measured_at(1).system_load == Approx(0.6));
}

TEST_CASE("a silent member counts in no sum, and nothing is said of its share") {
  Reports reports = Reports::of({800, 100, 100}).all_at(1);
  reports.said_at(2, 4).said_at(3, 4);
  const GroupLoad group = reports.measured_at(4.5);
  CHECK_FALSE(member(group, 1).heard);
  CHECK_FALSE(member(group, 1).ready);
  CHECK(member(group, 1).share == 0);
  CHECK(member(group, 1).fair == 0);
  CHECK(group.work == Approx(200));
  CHECK(member(group, 2).fair == Approx(0.5));
  CHECK(disproportionate(group).empty());
}

TEST_CASE("the draining member counts, and is not ready") {
  Reports reports = Reports::of({100, 100});
  reports.member(2).draining = true;
  const GroupLoad group = reports.all_at(1).measured_at(1);
  CHECK(member(group, 2).heard);
  CHECK_FALSE(member(group, 2).ready);
  CHECK(group.work == Approx(200));
}

TEST_CASE("a member that drains has no fair share: the others are to carry all of it") {
  Reports reports = Reports::of({450, 450, 100});
  reports.member(3).draining = true;
  const GroupLoad group = reports.all_at(1).measured_at(1);
  CHECK(member(group, 1).share == Approx(0.45));
  CHECK(member(group, 1).fair == Approx(0.5));
  CHECK(member(group, 3).fair == 0);
  CHECK(disproportionate(group).empty());
}

TEST_CASE("the picture names the reports that it was taken from") {
  const GroupLoad group = Reports::of({1, 1}).all_at(1).said_at(2, 2).measured_at(3);
  CHECK(group.at == at(3));
  CHECK(member(group, 1).sequence == 1);
  CHECK(member(group, 1).reported == at(1));
  CHECK(member(group, 2).sequence == 2);
  CHECK(member(group, 2).incarnation == 1);
}

TEST_CASE("who has the same reports sees the same load, in whatever order they came") {
  Reports here = Reports::of({300, 200, 100}), there = here;
  here.said_at(1, 1).said_at(2, 1).said_at(3, 1);
  there.said_at(3, 1).said_at(1, 1).said_at(2, 1);
  CHECK(here.measured_at(2) == there.measured_at(2));
}

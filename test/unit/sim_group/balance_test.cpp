// Sessions that follow the load in the simulated group: the very balancers of its members, hosts under load, and every
// block as it must be.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>
#include <set>

#include "test/sim/group/sim_group.h"

using namespace shoal;
using namespace shoal::sim;
using nlohmann::json;

namespace {

struct Balancing {
  explicit Balancing(std::uint64_t seed) : group(seed, {.initiators = 6}) {
    REQUIRE(group.start());
    for (std::size_t i = 0; i < group.initiators(); ++i) group.workload(i).start();
    for (const char* member : {"2", "3"}) order(member, "drain");
    REQUIRE(spread({1, 1, 1, 1, 1, 1}, 30));
    for (const char* member : {"2", "3"}) order(member, "undrain");
  }
  json ask(const ControlRequest& request) {
    const auto answer = group.control(0, request);
    REQUIRE(answer.has_value());
    REQUIRE(answer->status == 200);
    return json::parse(answer->body);
  }
  void order(const std::string& member, const std::string& word) {
    ask({"POST", "/members/" + member + "/" + word, ""});
  }
  // Of each session.
  std::multiset<int> members() {
    std::multiset<int> at;
    for (const json& session : ask({"GET", "/sessions", ""})) at.insert(session.at("member").get<int>());
    return at;
  }
  bool spread(const std::multiset<int>& expected, int seconds) {
    for (; members() != expected && seconds > 0; --seconds) group.world().run_for(1s);
    return members() == expected;
  }
  bool verified() {
    for (std::size_t i = 0; i < group.initiators(); ++i) group.workload(i).verify();
    return group.world().run_until(
        [&] {
          bool all = true;
          for (std::size_t i = 0; i < group.initiators(); ++i) all &= group.workload(i).verified();
          return all;
        },
        60s);
  }
  std::size_t by_load() {
    std::size_t count = 0;
    const json answer = ask({"GET", "/decisions?last=100", ""});
    for (const json& each : answer.at("decisions")) {
      count += each.at("kind") == "move" && each.at("reason") == "over-utilised" && each.contains("outcome");
    }
    return count;
  }

  SimGroup group;
};

}  // namespace

TEST_CASE("sessions that are all at one member spread over the group under load, and every block is as it must be") {
  for (std::uint64_t seed = 1; seed <= 2; ++seed) {
    Balancing balancing(seed);
    SimGroup& group = balancing.group;
    CHECK(balancing.spread({1, 1, 2, 2, 3, 3}, 120));
    CHECK(balancing.by_load() >= 4);
    for (std::size_t i = 0; i < group.initiators(); ++i) group.workload(i).stop();
    CHECK(balancing.verified());
    CHECK(group.checkers().blocks.check().empty());
    CHECK(group.violations().empty());
  }
}

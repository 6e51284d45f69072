// Moves of a session under load in the simulated group, and what may come between (protocol: the exceptions of a move).
// The checkers see every lost, late or torn write; here it is about where the host ends up.
#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "test/sim/group/sim_group.h"

using namespace shoal;
using namespace shoal::sim;
using nlohmann::json;

namespace {

struct Moving {
  explicit Moving(std::uint64_t seed = 1) : group(seed, {.initiators = 1}) {
    REQUIRE(group.start());
    group.workload(0).start();
    run(1s);
    from = at();
    to = (from + 1) % 3;
    third = (from + 2) % 3;
    group.world().trace().observe([this](const std::string& line) {
      if (!then || line.find(" " + at_line + " ") == std::string::npos) return;
      group.world().after(0s, std::exchange(then, nullptr));
    });
  }
  ~Moving() { group.world().trace().observe({}); }

  void run(Duration time) { group.world().run_for(time); }
  // The member where the host is logged in, from 0, once it is; 99: nowhere.
  std::size_t at() {
    group.world().run_until([&] { return now_at() != 99; }, 20s);
    return now_at();
  }
  std::size_t now_at() {
    const auto address = group.disk(0).logged_in_at();
    for (std::size_t i = 0; address && i < group.members(); ++i) {
      if (group.member(i).has(address->host)) return i;
    }
    return 99;
  }
  std::string session() {
    const auto answer = group.control(from, {"GET", "/sessions", ""});
    const json list = json::parse(answer->body);
    REQUIRE(list.size() == 1);
    return list[0].at("id");
  }
  // It has asked in vain: it lists what it follows now and then.
  bool knows_that_metadata_are_away(std::size_t member) {
    for (int looks = 0; looks < 60; ++looks) {
      run(1s);
      const auto status = group.control(member, {"GET", "/status", ""});
      if (status && !json::parse(status->body).at("metadata").at("reachable").get<bool>()) return true;
    }
    return false;
  }
  // As soon as a member logs that.
  void at_step(const std::string& event, std::function<void()> what) { at_line = event, then = std::move(what); }
  ControlResponse move(json order = json::object(), std::size_t asked = 0) {
    if (!order.contains("to")) order["to"] = to + 1;
    const auto answer = group.control(asked, {"POST", "/sessions/" + session() + "/move", order.dump()});
    REQUIRE(answer.has_value());
    return *answer;
  }
  // The load goes on, and every block is as it must be. (The workload aborts commands itself.)
  void check() {
    group.workload(0).stop();
    group.workload(0).verify();
    CHECK(group.world().run_until([&] { return group.workload(0).verified(); }, 60s));
    const auto order = group.checkers().blocks.check();
    CHECK(order.empty());
    CHECK(group.violations().empty());
  }

  SimGroup group;
  std::size_t from = 0, to = 0, third = 0;
  std::string at_line;
  std::function<void()> then;
};

}  // namespace

TEST_CASE("a session under load goes to the member that it is sent to, by any member's word, in any way") {
  for (const char* how : {"close", "logout", "polite"}) {
    Moving moving;
    const auto answer = moving.move({{"how", how}}, moving.third);
    CAPTURE(how, answer.body);
    CHECK(answer.status == 200);
    CHECK(moving.at() == moving.to);
    moving.run(2s);
    moving.check();
  }
}

TEST_CASE("without a member the group chooses one, and never the one that it leaves") {
  Moving moving;
  for (int turn = 0; turn < 6; ++turn) {
    const std::size_t old = moving.at();
    moving.from = old;
    CHECK(moving.move({{"to", 0}}).status == 200);
    CHECK(moving.at() != old);
  }
  moving.check();
}

TEST_CASE("a destination that dies before its host comes is replaced by another member") {
  for (std::uint64_t seed = 1; seed <= 3; ++seed) {
    Moving moving(seed);
    moving.at_step("move_told", [&] { moving.group.kill_member(moving.to); });
    moving.move();
    REQUIRE(moving.group.world().run_until(
        [&] { return moving.now_at() == moving.third || moving.now_at() == moving.from; }, 30s));
    moving.group.start_member(moving.to);
    moving.run(5s);
    moving.check();
  }
}

TEST_CASE("a destination that is gone before it is asked keeps nothing, and the session stays without a pause") {
  Moving moving;
  const auto logins = moving.group.disk(0).logins();
  moving.group.world().network().partition(moving.group.member(moving.from), moving.group.member(moving.to));
  moving.run(3s);
  const auto answer = moving.move({}, moving.from);
  CHECK(answer.status == 503);
  CHECK(answer.body.find("it is down") != std::string::npos);
  CHECK(moving.group.disk(0).logins() == logins);
  moving.group.world().network().heal_all();
  moving.run(3s);
  moving.check();
}

TEST_CASE("of two moves at once one wins, and the other is told so") {
  Moving moving;
  const std::string id = moving.session();
  std::vector<int> status;
  for (const std::size_t to : {moving.to, moving.third}) {
    moving.group.member(to).post([&, to] {
      moving.group.node(to)->handle({"POST", "/sessions/" + id + "/move", json{{"to", to + 1}}.dump()},
                                    [&](ControlResponse answer) { status.push_back(answer.status); });
    });
  }
  CHECK(moving.group.world().run_until([&] { return status.size() == 2; }, 25s));
  std::sort(status.begin(), status.end());
  CHECK(status == std::vector<int>{200, 409});
  CHECK(moving.at() != moving.from);
  moving.check();
}

TEST_CASE("without metadata nothing is moved, and nothing is interrupted") {
  Moving moving;
  moving.group.etcd().set_available(false);
  REQUIRE(moving.knows_that_metadata_are_away(moving.from));
  const auto logins = moving.group.disk(0).logins();
  const auto answer = moving.move({}, moving.from);
  CHECK(answer.status == 503);
  CHECK(answer.body.find("metadata are out of reach") != std::string::npos);
  CHECK(moving.group.disk(0).logins() == logins);
  moving.group.etcd().set_available(true);
  moving.run(2s);
  moving.check();
}

TEST_CASE("metadata that go away in the middle of a move cost a pause, not the session") {
  Moving moving;
  moving.at_step("move_quiet", [&] { moving.group.etcd().set_available(false); });
  moving.move();
  moving.run(5s);
  moving.group.etcd().set_available(true);
  CHECK(moving.at() != 99);
  moving.run(2s);
  moving.check();
}

TEST_CASE("a host whose connection breaks while it is moved finds its place all the same") {
  Moving moving;
  moving.at_step("move_quiet", [&] {
    moving.group.world().network().reset_connections(moving.group.initiator(0), moving.group.member(moving.from));
  });
  CHECK(moving.move().status == 200);
  CHECK(moving.at() == moving.to);
  moving.check();
}

TEST_CASE("a host that cannot reach the member that it is sent to is served elsewhere") {
  Moving moving;
  moving.group.world().network().partition(moving.group.initiator(0), moving.group.member(moving.to));
  const auto answer = moving.move();
  CHECK(answer.status == 504);
  CHECK(moving.group.world().run_until([&] { return moving.now_at() != 99; }, 120s));
  CHECK(moving.at() != moving.to);
}

TEST_CASE("a drained member has no host left, gets none, and has some again when it is taken back") {
  Moving moving;
  const std::string member = std::to_string(moving.from + 1);
  CHECK(moving.group.control(moving.third, {"POST", "/members/" + member + "/drain", ""})->status == 200);
  CHECK(moving.group.world().run_until([&] { return moving.now_at() != moving.from && moving.now_at() != 99; }, 20s));
  const std::size_t now = moving.at();
  moving.group.world().network().reset_connections(moving.group.initiator(0), moving.group.member(now));
  moving.run(10s);
  CHECK(moving.at() != moving.from);
  CHECK(moving.at() != 99);

  const json members = json::parse(moving.group.control(moving.third, {"GET", "/members", ""})->body);
  CHECK(members.at(moving.from).at("state") == "draining");
  CHECK(members.at(moving.from).at("note") == "drained: no session is left");
  CHECK(moving.group.control(moving.third, {"POST", "/members/" + member + "/undrain", ""})->status == 200);
  const std::size_t old = moving.from;
  moving.from = moving.at();
  moving.to = old;
  moving.run(1s);
  CHECK(moving.move().status == 200);
  CHECK(moving.at() == old);
  moving.check();
}

TEST_CASE("a drain is kept over a restart of its member") {
  Moving moving;
  const std::string member = std::to_string(moving.third + 1);
  CHECK(moving.group.control(moving.from, {"POST", "/members/" + member + "/drain", ""})->status == 200);
  moving.group.kill_member(moving.third);
  moving.run(1s);
  moving.group.start_member(moving.third);
  moving.run(5s);
  const auto answer = moving.move({{"to", moving.third + 1}}, moving.from);
  CHECK(answer.status == 503);
  CHECK(answer.body.find("draining") != std::string::npos);
}

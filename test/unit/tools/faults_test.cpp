#include "tools/node/faults.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <vector>

#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using test::VirtualRuntime;

namespace {

std::string why(const std::string& body) {
  const auto settings = changed_faults({}, body);
  return settings ? "" : settings.error();
}

// Asks so many times, and notes the order of the answers.
void ask(Pace& pace, std::vector<int>& answers, int from, int to) {
  for (int i = from; i < to; ++i) pace.pass([&answers, i] { answers.push_back(i); });
}

}  // namespace

TEST_CASE("a pace that is not set lets everything through at once") {
  VirtualRuntime runtime;
  Pace pace(runtime);
  std::vector<int> answers;
  ask(pace, answers, 0, 3);
  CHECK(answers == std::vector<int>{0, 1, 2});
}

TEST_CASE("what is asked for faster than the pace is answered in order, at the pace") {
  VirtualRuntime runtime;
  Pace pace(runtime);
  pace.set(10);
  std::vector<int> answers;
  ask(pace, answers, 0, 30);
  runtime.run_for(1s);
  CHECK(answers.size() >= 10);
  CHECK(answers.size() <= 12);
  runtime.run_for(1900ms);
  CHECK(answers.size() >= 29);
  runtime.run_for(100ms);
  CHECK(answers.size() == 30);
  CHECK(std::is_sorted(answers.begin(), answers.end()));
}

TEST_CASE("a time when nothing was asked for is not saved up") {
  VirtualRuntime runtime;
  Pace pace(runtime);
  pace.set(100);
  runtime.run_for(60s);
  std::vector<int> answers;
  ask(pace, answers, 0, 200);
  runtime.run_for(1s);
  CHECK(answers.size() >= 100);
  CHECK(answers.size() <= 112);
}

TEST_CASE("what waits goes when the pace is taken away, or when all are let go") {
  VirtualRuntime runtime;
  Pace pace(runtime);
  pace.set(1);
  std::vector<int> answers;
  ask(pace, answers, 0, 5);
  pace.let_all_go();
  CHECK(answers.size() == 5);
  ask(pace, answers, 5, 10);
  pace.set({});
  runtime.run_for(0s);
  CHECK(answers.size() == 10);
}

TEST_CASE("an order for faults changes what it names") {
  FaultSettings settings;
  const auto change = [&](const std::string& body) {
    auto changed = changed_faults(settings, body);
    REQUIRE(changed.has_value());
    settings = *changed;
    return faults_json(settings).dump();
  };
  CHECK(change(R"({"mute_load": true})") == R"({"host_requests_per_second":null,"mute_load":true})");
  CHECK(change(R"({"host_requests_per_second": 500})") == R"({"host_requests_per_second":500.0,"mute_load":true})");
  CHECK(change(R"({"host_requests_per_second": null})") == R"({"host_requests_per_second":null,"mute_load":true})");
  CHECK(change("{}") == R"({"host_requests_per_second":null,"mute_load":true})");
}

TEST_CASE("a fault that does not exist, or with a value that makes no sense, is refused with what is wrong") {
  CHECK(why("") == "the body is not a JSON object");
  CHECK(why("[]") == "the body is not a JSON object");
  CHECK(why(R"({"mute": true})") == "unknown key \"mute\"; known: mute_load, host_requests_per_second");
  CHECK(why(R"({"mute_load": 1})") == "\"mute_load\": expected true or false");
  for (const char* pace : {"0", "-1", "1e7", "\"10\"", "true"}) {
    CHECK(why(std::string(R"({"host_requests_per_second": )") + pace + "}") ==
          "\"host_requests_per_second\": expected null, or a number from 1 to 1000000");
  }
}

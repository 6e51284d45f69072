#include "test/scale/scenario.h"

#include <algorithm>
#include <cmath>
#include <fstream>
#include <numbers>
#include <stdexcept>

#include "test/scale/judge.h"

namespace shoal::scale {
namespace {

constexpr double kNever = 1e9;  // no upper bound

// Figures that repeat: a pseudo-random number in [0, 1) of a session.
double fixed_random(int session, std::uint64_t salt) {
  SeededRandom random(static_cast<std::uint64_t>(session) * 1000003 + salt);
  return static_cast<double>(random.next() >> 11) / 9007199254740992.0;
}

Demand constant(double units) {
  return [units](int, double, Random&) { return units; };
}

// A few sessions ask for most of it: Pareto with shape 1.5, cut at 20 times the least.
Demand heavy_tailed(double least) {
  return [least](int session, double, Random&) {
    return least * std::min(20.0, std::pow(1 - fixed_random(session, 1), -1 / 1.5));
  };
}

Outcome outcome(std::unique_ptr<ScaleGroup> group) {
  Outcome outcome{std::move(group), {}};
  outcome.claims.push_back(
      {"moves of one session in a minute", double(most_moves_of_a_session_in_a_minute(outcome.group->moves())), 0, 2});
  return outcome;
}

double converged(const Outcome& outcome, double from, double to, double limit = 0.10) {
  return even_after(outcome.group->samples(), from, to, limit);
}

// Equal sessions, so many at the first member and the others shared out.
Outcome skewed(std::uint64_t seed, int at_first, double least_moves, double most_moves) {
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed}, constant(1000));
  for (int i = 0; i < 30; ++i) group->put(i, i < at_first ? 0 : 1 + i % 2);
  group->run(180);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"seconds until within 10 % of even", converged(result, 0, 180), 0, 60});
  result.claims.push_back({"moves", double(result.group->moves().size()), least_moves, most_moves});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 0});
  return result;
}

Outcome just_below(std::uint64_t seed) {
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed}, constant(1000));
  for (int i = 0; i < 30; ++i) group->put(i, i < 12 ? 0 : 1 + i % 2);
  group->run(120);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"moves", double(result.group->moves().size()), 0, 0});
  return result;
}

Outcome one_of_ten(std::uint64_t seed) {
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed, .members = 10, .sessions = 200}, heavy_tailed(100));
  for (int i = 0; i < 200; ++i) group->put(i, 0);
  group->run(600);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"seconds until within 15 % of even", converged(result, 0, 600, 0.15), 0, 480});
  result.claims.push_back({"moves", double(result.group->moves().size()), 10, 180});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 0});
  return result;
}

Outcome hundred_members(std::uint64_t seed) {
  const Settings settings{.seed = seed, .members = 100, .sessions = 10000};
  auto group = std::make_unique<ScaleGroup>(settings, heavy_tailed(100));
  for (int i = 0; i < 10000; ++i) {
    group->put(i, static_cast<int>(100 * std::pow(fixed_random(i, 2), 1.3)));  // the first has three times the mean
  }
  group->run(240);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"unevenness at the start", unevenness_at(result.group->samples(), 2), 0.3, kNever});
  result.claims.push_back({"seconds until within 30 % of even", converged(result, 0, 240, 0.30), 0, 180});
  result.claims.push_back({"moves", double(result.group->moves().size()), 0, 3000});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 0});
  return result;
}

// Every minute another host asks for as much as all the others together.
Outcome hot_client(std::uint64_t seed) {
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed}, [](int session, double seconds, Random&) {
    const int hot = static_cast<int>(seconds / 60) * 7 % 30;
    return session == hot ? 3000.0 : 100.0;
  });
  for (int i = 0; i < 30; ++i) group->put(i, i % 3);
  group->run(600);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"moves a minute", double(result.group->moves().size()) / 10, 0.5, 20});
  result.claims.push_back({"most moves in a minute", double(most_moves_in_a_minute(result.group->moves())), 0, 20});
  return result;
}

Outcome oscillating(std::uint64_t seed, double period_s) {
  const auto demand = [period_s](int session, double seconds, Random&) {
    const bool first_half = std::fmod(seconds, period_s) < period_s / 2;
    return (session % 2 == 0) == first_half ? 1000.0 : 10.0;
  };
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed, .sessions = 24}, demand);
  // Member 1 has all that are loud in the first half, member 2 all the others, member 3 some of both.
  for (int i = 0; i < 24; ++i) group->put(i, i < 16 ? i % 2 : 2);
  group->run(900);
  Outcome result = outcome(std::move(group));
  result.claims.push_back(
      {"moves in the last five minutes", double(moves_between(result.group->moves(), 600, 900)), 0, 5});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 8});
  return result;
}

// Hosts that each sleep and work by a period of their own, from 20 s to 2 minutes, so that somebody always changes.
Outcome oscillating_apart(std::uint64_t seed) {
  const auto demand = [](int session, double seconds, Random&) {
    const double period_s = 20 + 100 * fixed_random(session, 5);
    return std::fmod(seconds + 60 * fixed_random(session, 6), period_s) < period_s / 2 ? 1000.0 : 10.0;
  };
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed, .members = 5, .sessions = 60}, demand);
  for (int i = 0; i < 60; ++i) group->put(i, i % 5);
  group->run(900);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"moves a minute", double(result.group->moves().size()) / 15, 0, 6});
  result.claims.push_back({"mean unevenness", mean_unevenness(result.group->samples(), 60, 900), 0, 0.45});
  result.claims.push_back({"returns a minute", double(returns(result.group->moves())) / 15, 0, 1});
  return result;
}

// Each host by itself asks for more or less every second, by a factor of e; nothing is to be gained.
Outcome noisy(std::uint64_t seed) {
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed, .members = 8, .sessions = 160},
                                            [](int, double, Random& random) {
                                              double sum = -6;
                                              for (int i = 0; i < 12; ++i) sum += double(random.below(1000)) / 1000;
                                              return 500 * std::exp(sum);
                                            });
  for (int i = 0; i < 160; ++i) group->put(i, i % 8);
  group->run(600);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"moves", double(result.group->moves().size()), 0, 3});
  return result;
}

// Ten minutes are a day; hosts have their days at different hours.
Outcome diurnal(std::uint64_t seed) {
  const auto demand = [](int session, double seconds, Random&) {
    const double hour = seconds / 600 + fixed_random(session % 6, 3);
    return 500 * (1.05 + std::sin(2 * std::numbers::pi * hour));
  };
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed, .members = 6, .sessions = 120}, demand);
  for (int i = 0; i < 120; ++i) group->put(i, i % 6);  // each member has all those of one time zone
  group->run(1200);
  Outcome result = outcome(std::move(group));
  result.claims.push_back(
      {"mean unevenness in the second day", mean_unevenness(result.group->samples(), 600, 1200), 0, 0.3});
  result.claims.push_back({"moves in the second day", double(moves_between(result.group->moves(), 600, 1200)), 0, 60});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 3});
  return result;
}

Outcome members_come_and_go(std::uint64_t seed) {
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed, .members = 5, .sessions = 100}, constant(300));
  for (int i = 0; i < 100; ++i) group->put(i, i % 5);
  ScaleGroup& it = *group;
  group->at(60, [&it] { it.kill(4); });
  group->at(180, [&it] { it.start(4); });
  group->at(400, [&it] { it.drain(1); });
  group->run(600);
  Outcome result = outcome(std::move(group));
  const auto& samples = result.group->samples();
  result.claims.push_back({"seconds until even after a death", converged(result, 62, 180, 0.11), 0, 60});
  result.claims.push_back({"seconds until even after a start", converged(result, 180, 400, 0.11), 0, 120});
  result.claims.push_back({"sessions at the drained member", double(samples.back().sessions[1]), 0, 0});
  result.claims.push_back({"seconds until even after a drain", converged(result, 400, 600, 0.11), 0, 120});
  return result;
}

Outcome weighted(std::uint64_t seed) {
  const Settings settings{.seed = seed, .members = 3, .sessions = 60, .weights = {{1, 2.0}, {2, 3.0}}};
  auto group = std::make_unique<ScaleGroup>(settings, constant(500));
  for (int i = 0; i < 60; ++i) group->put(i, i % 3);
  group->run(180);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"seconds until within 10 % of what the weights say", converged(result, 0, 180), 0, 60});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 0});
  return result;
}

Outcome bad_exchange(std::uint64_t seed) {
  const Settings settings{.seed = seed, .members = 8, .sessions = 160, .delay_low = 5, .delay_high = 20, .loss = 0.3};
  auto group = std::make_unique<ScaleGroup>(settings, constant(300));
  for (int i = 0; i < 160; ++i) group->put(i, i < 100 ? i % 2 : i % 8);
  group->run(400);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"seconds until within 15 % of even", converged(result, 0, 400, 0.15), 0, 240});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 0});
  return result;
}

// One member can do a quarter of what the others can. Its hosts wait; where they should go is for its weight to say,
// for their waiting may as well come from where their pages are.
Outcome slow_member(std::uint64_t seed, double weight, double least_carried, double most_moves) {
  const Settings settings{.seed = seed,
                          .members = 3,
                          .sessions = 60,
                          .capacity = 40000,
                          .weights = {{0, weight}},
                          .capacities = {{0, 10000.0}}};
  auto group = std::make_unique<ScaleGroup>(settings, constant(1000));
  group->set_owners([](int) { return std::map<int, double>{{0, 1.0 / 3}, {1, 1.0 / 3}, {2, 1.0 / 3}}; });
  for (int i = 0; i < 60; ++i) group->put(i, i % 3);
  group->run(240);
  Outcome result = outcome(std::move(group));
  const auto& samples = result.group->samples();
  result.claims.push_back({"carried at the start, of 60000", samples[5].carried, 0, 50000});
  result.claims.push_back({"carried at the end, of 60000", samples.back().carried, least_carried, 60000});
  result.claims.push_back({"moves", double(result.group->moves().size()), 0, most_moves});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 0});
  return result;
}

// Three parts of hosts, each with nine tenths of its pages at one member, begin anywhere.
Outcome affinity(std::uint64_t seed) {
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed, .rules = {.affinity = true}}, constant(1000));
  group->set_owners([](int session) {
    return std::map<int, double>{{session % 3, 0.9}, {(session + 1) % 3, 0.05}, {(session + 2) % 3, 0.05}};
  });
  for (int i = 0; i < 30; ++i) group->put(i, i / 10);
  group->run(180);
  Outcome result = outcome(std::move(group));
  const auto& samples = result.group->samples();
  result.claims.push_back({"forwarded at the start", samples[2].forwarded, 0.5, 1});
  result.claims.push_back({"forwarded at the end", samples.back().forwarded, 0, 0.15});
  result.claims.push_back({"unevenness at the end", unevenness(samples.back()), 0, 0.25});
  result.claims.push_back({"returns", double(returns(result.group->moves())), 0, 0});
  return result;
}

// With pages spread evenly there is no better place, however the fractions waver.
Outcome affinity_to_nobody(std::uint64_t seed) {
  auto group = std::make_unique<ScaleGroup>(Settings{.seed = seed, .rules = {.affinity = true}}, constant(1000));
  group->set_owners([](int session) {
    const double more = 0.1 * fixed_random(session, 4);
    return std::map<int, double>{
        {session % 3, 0.33 + more}, {(session + 1) % 3, 0.34 - more}, {(session + 2) % 3, 0.33}};
  });
  for (int i = 0; i < 30; ++i) group->put(i, i / 10);
  group->run(180);
  Outcome result = outcome(std::move(group));
  result.claims.push_back({"moves", double(result.group->moves().size()), 0, 0});
  return result;
}

// Thirty hosts in ten milliseconds, and ten thousand within a minute.
Outcome logins(std::uint64_t seed, int members, int sessions, double within_s, double most_over_mean) {
  auto group =
      std::make_unique<ScaleGroup>(Settings{.seed = seed, .members = members, .sessions = sessions}, constant(100));
  ScaleGroup& it = *group;
  for (int i = 0; i < sessions; ++i) {
    group->at(5 + within_s * i / sessions, [&it, i] { it.log_in(i); });
  }
  group->run(5 + within_s + 20);
  Outcome result = outcome(std::move(group));
  const auto& last = result.group->samples().back();
  const double mean = double(sessions) / members;
  const auto [least, most] = std::minmax_element(last.sessions.begin(), last.sessions.end());
  result.claims.push_back({"most sessions of a member over the mean", *most / mean, 1, most_over_mean});
  result.claims.push_back({"fewest sessions of a member over the mean", *least / mean, 2 - most_over_mean, 1});
  result.claims.push_back({"moves", double(result.group->moves().size()), 0, 20});
  return result;
}

}  // namespace

const std::vector<Scenario>& scenarios() {
  static const std::vector<Scenario> all{
      {"skewed", "3 members with 24, 3 and 3 sessions of equal rate",
       [](auto seed) { return skewed(seed, 24, 14, 15); }},
      {"just-over", "3 members with 14, 8 and 8 sessions of equal rate",
       [](auto seed) { return skewed(seed, 14, 4, 5); }},
      {"just-below", "3 members with 12, 9 and 9 sessions of equal rate: below the threshold", just_below},
      {"one-of-ten", "10 members, all 200 sessions at one, rates heavy-tailed", one_of_ten},
      {"hundred", "100 members, 10,000 sessions, skewed and heavy-tailed", hundred_members},
      {"hot-client", "another hot host every minute for ten minutes", hot_client},
      {"oscillating-10", "hosts loud and quiet in turn, 10 s", [](auto seed) { return oscillating(seed, 10); }},
      {"oscillating-30", "hosts loud and quiet in turn, 30 s", [](auto seed) { return oscillating(seed, 30); }},
      {"oscillating-60", "hosts loud and quiet in turn, 60 s", [](auto seed) { return oscillating(seed, 60); }},
      {"oscillating-240", "hosts loud and quiet in turn, 240 s", [](auto seed) { return oscillating(seed, 240); }},
      {"oscillating-apart", "5 members, 60 hosts loud and quiet by periods of their own", oscillating_apart},
      {"noisy", "8 members, even, every host at random", noisy},
      {"diurnal", "6 members, hosts of 6 time zones, two days of ten minutes", diurnal},
      {"come-and-go", "5 members: one dies, starts again; another drains", members_come_and_go},
      {"weighted", "members of weight 1, 2 and 3", weighted},
      {"bad-exchange", "8 members, reports up to 2 s late, three in ten lost", bad_exchange},
      {"slow-member", "one of three members can do a quarter of the others, and nobody said so",
       [](auto seed) { return slow_member(seed, 1, 0, 0); }},
      {"slow-member-weighted", "one of three members can do a quarter of the others, and has the weight for it",
       [](auto seed) { return slow_member(seed, 0.25, 59000, 20); }},
      {"affinity", "policy affinity: hosts with 90 % of their pages at one member", affinity},
      {"affinity-to-nobody", "policy affinity: hosts with pages spread evenly", affinity_to_nobody},
      {"logins-30", "30 logins in 10 ms at 3 members", [](auto seed) { return logins(seed, 3, 30, 0.01, 1.1); }},
      {"logins-10000", "10,000 logins in a minute at 100 members",
       [](auto seed) { return logins(seed, 100, 10000, 60, 1.2); }},
  };
  return all;
}

void write_example_trace(const std::string& path) {
  std::ofstream file(path);
  ScaleGroup group(Settings{.rules = {load::BalancerMode::off}}, heavy_tailed(100));
  for (int i = 0; i < 30; ++i) group.put(i, i < 20 ? 0 : i % 3);
  group.record([&file](const std::string& line) { file << line << '\n'; });
  group.run(60);
  if (!file) throw std::runtime_error("cannot write " + path);
}

}  // namespace shoal::scale

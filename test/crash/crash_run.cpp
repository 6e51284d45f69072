#include "test/crash/crash_run.h"

#include <algorithm>

namespace shoal::crash {
namespace {

constexpr std::size_t kLongestShort = 3;
constexpr std::size_t kStatesOfCreation = 200;
constexpr std::size_t kLeastStatesOfShort = 6;
constexpr std::size_t kStatesOfRandom = 60;
constexpr std::uint64_t kSparseShare = 20;  // of the random ones fill the store
constexpr std::uint64_t kDeepShare = 12;    // have much under way at once
constexpr std::uint64_t kGrowingShare = 16;

// Of those of the greatest length, some where there are not enough states for all.
std::vector<Workload> chosen_short_workloads(std::uint64_t states, Random& random) {
  std::vector<Workload> chosen;
  for (std::size_t length = 1; length <= kLongestShort; ++length) {
    std::vector<Workload> all = short_workloads(length);
    const std::size_t room = states / kLeastStatesOfShort - std::min(states / kLeastStatesOfShort, chosen.size());
    while (all.size() > room) {
      std::swap(all[random.below(all.size())], all.back());
      all.pop_back();
    }
    std::ranges::move(all, std::back_inserter(chosen));
  }
  return chosen;
}

class Runner {
 public:
  Runner(const StoreDriver& driver, std::uint64_t seed) : checker_(driver, seed) {}

  bool check(const Workload& workload, std::size_t states) {
    ++report_.workloads;
    report_.difference = checker_.check(workload, states);
    return !report_.difference;
  }
  bool check(const Workload& workload, const StateName& state) {
    ++report_.workloads;
    report_.difference = checker_.check(workload, state);
    return !report_.difference;
  }
  std::uint64_t states() const { return checker_.states(); }
  CrashReport report() {
    report_.states = checker_.states();
    return report_;
  }

 private:
  Checker checker_;
  CrashReport report_;
};

Workload long_workload(std::uint64_t number, std::uint64_t seed) {
  if (number % kSparseShare == 0) return sparse_workload(seed);
  if (number % kGrowingShare == kGrowingShare - 1) return growing_workload(seed);
  return number % kDeepShare == kDeepShare - 1 ? deep_workload(seed) : random_workload(seed);
}

void spread(Runner& runner, const CrashRun& run) {
  SeededRandom random(run.seed ^ 0x59ead);
  if (!runner.check(creation(), std::min<std::size_t>(kStatesOfCreation, run.states))) return;
  const auto chosen = chosen_short_workloads(run.states / 2, random);
  for (std::size_t i = 0; i < chosen.size() && runner.states() < run.states / 2; ++i) {
    const std::uint64_t left = run.states / 2 - runner.states();
    // A state is recovered twice or more.
    const std::size_t states = std::max<std::uint64_t>(1, left / (2 * (chosen.size() - i)));
    if (!runner.check(chosen[i], states)) return;
  }
  for (std::uint64_t number = 0; runner.states() < run.states; ++number) {
    const std::uint64_t seed = run.seed * 1'000'000 + number;
    if (!runner.check(long_workload(number, seed), kStatesOfRandom)) return;
  }
}

}  // namespace

CrashReport run(const StoreDriver& driver, const CrashRun& run) {
  Runner runner(driver, run.seed);
  if (run.state) {
    runner.check(parse_workload(run.workload), *run.state);
  } else if (!run.workload.empty()) {
    runner.check(parse_workload(run.workload), run.states);
  } else {
    spread(runner, run);
  }
  return runner.report();
}

}  // namespace shoal::crash

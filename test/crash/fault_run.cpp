#include "test/crash/fault_run.h"

#include <fmt/format.h>

#include "test/crash/cut.h"
#include "test/crash/device_check.h"
#include "test/crash/seeds.h"

namespace shoal::crash {
namespace {

constexpr FaultKind kKinds[] = {FaultKind::error, FaultKind::half, FaultKind::late, FaultKind::full};

// What is left when power is lost at the end, and what is there when it is not.
std::optional<std::string> check_reopened(const StoreDriver& driver, const Life& life, Survivors survivors,
                                          Random& random) {
  Cut cut(life.past());
  cut.advance(life.history(), life.history().size());
  cut.model.power_lost();
  const std::uint64_t seed = random.next();
  Life again(driver, life.next(SurvivingDisk(cut.disk.image(survivors, random)), cut.model), seed);
  if (!again.open()) return cut.model.was_opened() ? again.failure() : std::nullopt;
  const auto seen = again.observe();
  if (!seen) return again.failure();
  if (auto difference = cut.model.difference(*seen)) return difference;
  return check_device(driver, again.disk(), seed);
}

class FaultRunner {
 public:
  FaultRunner(const StoreDriver& driver, std::uint64_t seed, const Workload& workload)
      : driver_(driver), seed_(seed), workload_(workload), past_(Checker(driver, seed).beginning(workload)) {}

  // False: the workload has passed without meeting the fault.
  bool run(Fault fault, FaultReport& report) {
    const std::uint64_t seed = mix(mix(seed_, workload_.name), fault.at * std::size(kKinds));
    SeededRandom random(seed);
    Life life(driver_, past_, mix(seed_, workload_.name), fault);
    if (life.open()) life.run(workload_.actions);
    const bool met = life.fault_happened();
    if (met) ++report.faults;
    if (auto what = lie_of(life, random)) {
      const std::string state = fmt::format("{}.{}", fault.at, static_cast<int>(fault.kind));
      report.difference = Difference{workload_.name, state, *what};
    }
    return met;
  }

 private:
  std::optional<std::string> lie_of(Life& life, Random& random) {
    if (const auto seen = life.observe()) {
      if (auto what = life.model().difference(*seen, !life.fault_happened())) return what;
    }
    if (life.failure()) return life.failure();
    for (const Survivors survivors : {Survivors::none, Survivors::some, Survivors::all}) {
      if (auto what = check_reopened(driver_, life, survivors, random)) return "opened again: " + *what;
    }
    return std::nullopt;
  }

  const StoreDriver& driver_;
  const std::uint64_t seed_;
  const Workload& workload_;
  const Past past_;
};

}  // namespace

FaultReport run_with_faults(const StoreDriver& driver, std::uint64_t seed, const Workload& workload) {
  FaultReport report;
  FaultRunner runner(driver, seed, workload);
  for (const FaultKind kind : kKinds) {
    for (std::uint64_t at = 1; !report.difference && runner.run({at, kind}, report); ++at) {
    }
  }
  return report;
}

FaultReport run_with_fault(const StoreDriver& driver, std::uint64_t seed, const Workload& workload, Fault fault) {
  FaultReport report;
  FaultRunner(driver, seed, workload).run(fault, report);
  return report;
}

}  // namespace shoal::crash

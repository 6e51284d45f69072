#include "test/sim/group/run.h"

#include <fmt/format.h>

#include <stdexcept>

#include "test/sim/group/fault_plan.h"
#include "test/sim/group/reservation_faults.h"
#include "test/sim/group/siege.h"

namespace shoal::sim {
namespace {

constexpr std::size_t kTailLines = 120;

bool all_verified(SimGroup& group) {
  for (std::size_t i = 0; i < group.initiators(); ++i) {
    if (!group.workload(i).verified()) return false;
  }
  return true;
}

void draw_conditions(World& world, SimGroup& group) {
  SeededRandom random = world.random_for("conditions");
  NetworkConditions& network = world.network().conditions();
  network.jitter = std::chrono::microseconds(50 + random.below(2000));
  network.slow_one_in = static_cast<unsigned>(random.below(3) * 50);
  if (random.below(4) == 0) network.send_buffer = network.receive_buffer = 16 * 1024;
  for (std::size_t i = 0; i < group.members(); ++i) {
    group.member(i).set_clock_rate(0.95 + 0.01 * static_cast<double>(random.below(11)));
  }
}

// Of all hosts together: when nothing is under way any more, one looks.
void look_at_counters(SimGroup& group, std::vector<std::string>& violations) {
  Workload& workload = group.workload(0);
  workload.look_at_counters();
  if (!group.world().run_until([&] { return workload.looked(); }, 30s)) {
    violations.push_back("the counters cannot be read");
    return;
  }
  const auto lost = group.checkers().counters.check();
  violations.insert(violations.end(), lost.begin(), lost.end());
}

// All faults are over: every host reads every block.
void verify(SimGroup& group, const RunOptions& options, RunReport& report) {
  std::vector<std::string>& violations = report.violations;
  const Time healed = group.world().now();
  group.world().run_for(1s);  // some load while everything comes back
  for (std::size_t i = 0; i < group.initiators(); ++i) {
    group.workload(i).stop();
    group.workload(i).verify();
  }
  const bool recovered = group.world().run_until([&] { return all_verified(group); }, options.recovery);
  report.recovered_in = group.world().now() - healed;
  if (recovered) look_at_counters(group, violations);
  for (std::size_t i = 0; !recovered && i < group.initiators(); ++i) {
    if (group.workload(i).verified()) continue;
    violations.push_back(fmt::format("{} did not read every block within {} s after all faults were over",
                                     group.initiator(i).name(),
                                     std::chrono::duration_cast<std::chrono::seconds>(options.recovery).count()));
  }
}

void run_faults(SimGroup& group, const RunOptions& options, RunReport& report) {
  FaultPlan faults(group);
  for (std::size_t i = 0; i < group.initiators(); ++i) group.workload(i).start();
  faults.run(options.faults);
  group.world().run_for(options.faults);
  faults.heal();
  report.faults = faults.count();
  verify(group, options, report);  // while what ends a fault may still come
}

void run_siege(SimGroup& group, const RunOptions& options, RunReport& report) {
  Siege siege(group);
  const std::string failure = siege.run();
  const bool obeyed = options.shape.mutation == Mutation::none;  // else the recipe may go wrong by itself
  if (obeyed && !failure.empty()) report.violations.push_back(failure);
  verify(group, options, report);
}

void run_reservations(SimGroup& group, RunReport& report) {
  group.world().run_for(3s);  // every member has heard of the volume
  model::Journal journal;
  try {
    ReservationFaults reservations(group, journal);
    reservations.run();
    report.faults = reservations.count();
  } catch (const std::runtime_error& difference) {
    for (const std::string& line : journal.lines()) report.trace_tail += "  " + line + "\n";
    report.violations.push_back(difference.what());
  }
  report.operations = journal.count();
}

void count(SimGroup& group, RunReport& report) {
  for (std::size_t i = 0; i < group.initiators(); ++i) {
    report.operations += group.workload(i).completed();
    report.failed_operations += group.workload(i).failed();
    report.logins += group.disk(i).logins();
    report.redirects += group.disk(i).redirects();
  }
  report.writes = group.checkers().blocks.writes();
  report.reads = group.checkers().blocks.reads();
  report.increments = group.checkers().counters.increments();
  report.half_written = group.checkers().counters.half_written();
  report.flushes = group.checkers().flushes.flushes();
}

void run_schedule(SimGroup& group, const RunOptions& options, RunReport& report) {
  switch (options.schedule) {
    case Schedule::faults: return run_faults(group, options, report);
    case Schedule::siege: return run_siege(group, options, report);
    case Schedule::reservations: return run_reservations(group, report);
  }
}

GroupShape shape_of(const RunOptions& options) {
  GroupShape shape = options.shape;
  if (options.schedule == Schedule::reservations) shape.initiators = 0;  // it brings its own
  return shape;
}

}  // namespace

RunReport run_seed(std::uint64_t seed, const RunOptions& options) {
  RunReport report{.seed = seed};
  SimGroup group(seed, shape_of(options));
  World& world = group.world();
  if (options.watch) world.trace().observe(options.watch);
  draw_conditions(world, group);
  if (group.start()) {
    run_schedule(group, options, report);
  } else {
    report.violations.push_back("the group did not come to serve its hosts");
  }
  count(group, report);
  const auto& found = group.violations();
  report.violations.insert(report.violations.end(), found.begin(), found.end());
  const auto order = group.checkers().blocks.check();
  report.violations.insert(report.violations.end(), order.begin(), order.end());
  report.hash = world.trace().hash();
  report.events = world.trace().entries();
  report.virtual_time = world.now().time_since_epoch();
  report.trace_tail = world.trace().tail(kTailLines) + report.trace_tail;
  return report;
}

}  // namespace shoal::sim

#include "test/crash/corruption_run.h"

#include <fmt/format.h>

#include <algorithm>

#include "test/crash/corrupter.h"
#include "test/crash/seeds.h"

namespace shoal::crash {
namespace {

constexpr std::uint64_t kPerWorkload = 20;

// Has everything that was ever acknowledged; which of it the store has is not known of each block.
class OtherCopy final : public routing::RepairSource {
 public:
  explicit OtherCopy(const Model& model) : model_(model) {}
  void fetch(const routing::PageId& page, std::uint32_t offset, std::uint32_t length,
             Completion<std::optional<routing::ReadAnswer>> done) override {
    const BlockId block{page, offset / kPhysicalBlockBytes};
    asked_for_unsure_ = asked_for_unsure_ || !model_.is_sure(block) || length != kPhysicalBlockBytes;
    done(routing::ReadAnswer{.data = {bytes_of(model_.newest(block))}});
  }
  bool asked_for_unsure() const { return asked_for_unsure_; }

 private:
  const Model& model_;
  bool asked_for_unsure_ = false;
};

// What a store makes of it. A difference: it lies, or it does not do what it could.
std::optional<std::string> examine(const StoreDriver& driver, const Past& past, std::uint64_t seed, bool has_copies,
                                   CorruptionCounts& counts) {
  const bool with_copy = seed % 2 == 0;
  OtherCopy copy(past.model);
  Life life(driver, past, seed);
  ++counts.corruptions;
  if (!life.open()) {
    ++counts.refused;
    return has_copies ? life.failure() : std::nullopt;
  }
  if (with_copy) life.store().set_repair_source(&copy);
  const auto seen = life.observe();
  if (!seen) return life.failure();
  const routing::RepairCounters repairs = life.store().repair_counters();
  if (with_copy && !copy.asked_for_unsure() && repairs.damaged != repairs.repaired) {
    return fmt::format("{} blocks are damaged, {} are repaired", repairs.damaged, repairs.repaired);
  }
  ++(!seen->unreadable.empty() ? counts.detected : repairs.repaired > 0 ? counts.repaired : counts.harmless);
  return past.model.difference(*seen, false);
}

// One copy of what there are several of is hit, at most.
bool bears(const Corruption& corruption, const StoreDriver::Region& region) {
  return region.has_copies && (corruption.kind == CorruptionKind::flipped || corruption.kind == CorruptionKind::lost);
}

// What only a process that went on would know to be there: a frame that was never synced and is gone leaves no trace.
Model undurable_lost(Model model) {
  model.power_lost();
  return model;
}

class CorruptionRunner {
 public:
  CorruptionRunner(const StoreDriver& driver, std::uint64_t seed)
      : driver_(driver), seed_(seed), checker_(driver, seed) {}

  // Corruptions of one workload's device.
  void run(std::uint64_t first, std::uint64_t end) {
    const std::uint64_t group = first / kPerWorkload;
    const Workload workload = random_workload(mix(seed_, group) >> 32);
    Life life(driver_, checker_.beginning(workload), mix(seed_, group));
    if (life.open()) life.run(workload.actions);
    const std::size_t before_canary = writes_done(life.history()).size();
    life.leave_canary();
    const std::size_t canary_writes = writes_done(life.history()).size() - before_canary;
    const bool closed = group % 2 == 0 && life.close();
    if (life.failure()) return differ(workload, first, *life.failure());
    const Corrupter corrupter(life.past().device.contents(), life.disk(), life.history(), closed ? 0 : canary_writes);
    for (std::uint64_t number = first; number < end && !report_.difference; ++number) {
      if (auto what = corrupt(life, corrupter, number)) differ(workload, number, *what);
    }
  }
  const CorruptionReport& report() const { return report_; }

 private:
  std::optional<std::string> corrupt(const Life& life, const Corrupter& corrupter, std::uint64_t number) {
    SeededRandom random(mix(seed_, number ^ 0xc0));
    const Corruption made = corrupter.corrupt(random);
    const StoreDriver::Region region = driver_.region(life.disk(), made.offset);
    const std::string kind(kCorruptionNames[static_cast<std::size_t>(made.kind)]);
    const Past past = life.next(SurvivingDisk(made.disk), undurable_lost(life.model()));
    return examine(driver_, past, random.next(), bears(made, region), report_.counts[{region.name, kind}]);
  }
  void differ(const Workload& workload, std::uint64_t number, const std::string& what) {
    report_.difference = Difference{workload.name, std::to_string(number), what};
  }

  const StoreDriver& driver_;
  const std::uint64_t seed_;
  const Checker checker_;
  CorruptionReport report_;
};

}  // namespace

void CorruptionCounts::add(const CorruptionCounts& other) {
  corruptions += other.corruptions;
  refused += other.refused;
  detected += other.detected;
  repaired += other.repaired;
  harmless += other.harmless;
}

CorruptionCounts CorruptionReport::total() const {
  CorruptionCounts total;
  for (const auto& [where, each] : counts) total.add(each);
  return total;
}

CorruptionReport run_corruptions(const StoreDriver& driver, std::uint64_t seed, std::uint64_t first,
                                 std::uint64_t count) {
  CorruptionRunner runner(driver, seed);
  for (std::uint64_t number = first; number < first + count && !runner.report().difference;) {
    const std::uint64_t end = std::min(first + count, (number / kPerWorkload + 1) * kPerWorkload);
    runner.run(number, end);
    number = end;
  }
  return runner.report();
}

}  // namespace shoal::crash

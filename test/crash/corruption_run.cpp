#include "test/crash/corruption_run.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <map>

#include "test/crash/seeds.h"

namespace shoal::crash {
namespace {

constexpr std::uint64_t kPerWorkload = 20;
constexpr std::size_t kBlock = kPhysicalBlockBytes;

struct Place {
  std::uint64_t offset = 0;
  std::size_t length = 0;
};

// The writes of a history that were done, in the order in which they were.
std::vector<WriteBegun> writes_done(const History& history) {
  std::map<std::uint64_t, WriteBegun> begun;
  std::vector<WriteBegun> done;
  for (const Event& event : history) {
    if (const auto* write = std::get_if<WriteBegun>(&event)) begun[write->number] = *write;
    if (const auto* finished = std::get_if<WriteDone>(&event)) done.push_back(begun.at(finished->number));
  }
  return done;
}

bool is_zero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

class Corrupter {
 public:
  Corrupter(const Life& life, std::size_t spared_writes) : before_(life.past().device.contents()), after_(life.disk()) {
    writes_ = writes_done(life.history());
    losable_ = writes_.size() - std::min(writes_.size(), spared_writes);
  }

  DiskImage corrupted(Random& random) const {
    switch (losable_ == 0 ? 0 : random.below(3)) {
      case 1: return without(random.below(losable_), std::nullopt);
      case 2: return without(random.below(losable_), random_block(random));
      default: return flipped(random);
    }
  }

 private:
  // One write was not made, or was made elsewhere.
  DiskImage without(std::size_t lost, std::optional<std::uint64_t> elsewhere) const {
    DiskImage disk = before_;
    disk.grow(after_.size());
    for (std::size_t i = 0; i < writes_.size(); ++i) {
      if (i != lost) {
        disk.write(writes_[i].offset, writes_[i].bytes.bytes());
      } else if (elsewhere) {
        const std::size_t room = std::min<std::uint64_t>(writes_[i].bytes.size(), disk.size() - *elsewhere);
        disk.write(*elsewhere, writes_[i].bytes.bytes().first(room));
      }
    }
    return disk;
  }

  DiskImage flipped(Random& random) const {
    DiskImage disk = after_;
    const Place place = random_place(random);
    for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
      std::byte byte{};
      const std::uint64_t at = place.offset + random.below(place.length);
      disk.read(at, {&byte, 1});
      byte ^= static_cast<std::byte>(1u << random.below(8));
      disk.write(at, {&byte, 1});
    }
    return disk;
  }

  std::uint64_t random_block(Random& random) const { return random.below(after_.size() / kBlock) * kBlock; }

  // Where something was written lately, or where there is something at all.
  Place random_place(Random& random) const {
    if (!writes_.empty() && random.below(2) == 0) {
      const WriteBegun& write = writes_[random.below(writes_.size())];
      return {write.offset, write.bytes.size()};
    }
    std::array<std::byte, kBlock> block{};
    std::uint64_t offset = 0;
    for (int tries = 0; tries < 1000 && is_zero(block); ++tries) {
      offset = random_block(random);
      after_.read(offset, block);
    }
    return {offset, kBlock};
  }

  const DiskImage before_, after_;
  std::vector<WriteBegun> writes_;
  std::size_t losable_ = 0;
};

std::optional<std::string> check(const StoreDriver& driver, Past past, std::uint64_t seed, CorruptionReport& report) {
  ++report.corruptions;
  const Model model = past.model;
  Life life(driver, std::move(past), seed);
  if (!life.open()) {
    ++report.refused;
    return std::nullopt;
  }
  const auto seen = life.observe();
  if (!seen) return life.failure();
  ++(seen->unreadable.empty() ? report.harmless : report.detected);
  return model.difference(*seen, false);
}

}  // namespace

CorruptionReport run_corruptions(const StoreDriver& driver, std::uint64_t seed, std::uint64_t first,
                                 std::uint64_t count) {
  CorruptionReport report;
  const Checker checker(driver, seed);
  for (std::uint64_t number = first; number < first + count;) {
    const std::uint64_t group = number / kPerWorkload;
    const Workload workload = random_workload(mix(seed, group) >> 32);
    Life life(driver, checker.beginning(workload), mix(seed, group));
    if (life.open()) life.run(workload.actions);
    const std::size_t before_canary = writes_done(life.history()).size();
    life.leave_canary();
    const std::size_t canary_writes = writes_done(life.history()).size() - before_canary;
    const bool closed = group % 2 == 0 && life.close();
    if (life.failure()) {
      report.difference = Difference{workload.name, std::to_string(number), *life.failure()};
      return report;
    }
    const Corrupter corrupter(life, closed ? 0 : canary_writes);
    for (; number < first + count && number / kPerWorkload == group; ++number) {
      SeededRandom random(mix(seed, number ^ 0xc0));
      Past past = life.next(SurvivingDisk(corrupter.corrupted(random)), life.model());
      if (auto what = check(driver, std::move(past), random.next(), report)) {
        report.difference = Difference{workload.name, std::to_string(number), *what};
        return report;
      }
    }
  }
  return report;
}

}  // namespace shoal::crash

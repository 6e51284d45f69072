// SurvivingDisk: what a device may hold when a process ends at some place of its history. If power is lost, each sector
// that was written and is not durable is free to hold what is durable or any of the later writes, each sector for
// itself. If only the process is killed, all of that stays in the device's cache, where the next process reads it, and
// where it is as volatile as before. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <utility>
#include <vector>

#include "target/base/random.h"
#include "test/crash/disk_image.h"
#include "test/crash/history.h"

namespace shoal::crash {

enum class Survivors { none, all, some };

class SurvivingDisk {
 public:
  explicit SurvivingDisk(DiskImage durable) : durable_(std::move(durable)) {}

  void follow(const Event& event);
  bool is_settled() const { return writes_.empty(); }          // there is only one thing that it can hold
  DiskImage image(Survivors survivors, Random& random) const;  // when power is lost
  SurvivingDisk left_behind(Random& random) const;             // when the process is killed, for the next one
  DiskImage contents() const;                                  // what is read

 private:
  struct Write {
    WriteBegun begun;
    bool done = false;
    bool given_up = false;   // by a sync that failed
    std::vector<bool> gone;  // sectors that a later write made durable, or that never came
  };
  // The process that began it, counted, and its number there: so in the order in which they were begun.
  using WriteId = std::pair<std::uint32_t, std::uint64_t>;
  using Writes = std::map<WriteId, Write>;

  template <class Choice>
  static void write_sectors(DiskImage& disk, const Write& write, Choice holds);  // of those that are not gone
  void harden(Writes::iterator write);
  void cut_short(Writes::iterator write, std::size_t bytes);
  static void overwrite(Write& earlier, const WriteBegun& by);

  DiskImage durable_;
  std::uint32_t process_ = 0;
  Writes writes_;                                        // that are not durable
  std::map<std::uint64_t, std::vector<WriteId>> syncs_;  // under way: the writes that they make durable
};

}  // namespace shoal::crash

// SurvivingDisk: what a device may hold when power is lost at some place of a history. Of each sector that was written
// and is not durable, it is free to hold what is durable or any of the later writes, each sector for itself. Pure.
#pragma once

#include <map>
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
  bool is_settled() const { return writes_.empty(); }  // there is only one thing that it can hold
  DiskImage image(Survivors survivors, Random& random) const;

 private:
  struct Write {
    WriteBegun begun;
    bool done = false;
    bool given_up = false;          // by a sync that failed
    std::vector<bool> overwritten;  // sectors that a later write made durable
  };
  // By number, so in the order in which they were begun.
  using Writes = std::map<std::uint64_t, Write>;

  void harden(Writes::iterator write);
  void cut_short(Writes::iterator write, std::size_t bytes);
  static void overwrite(Write& earlier, const WriteBegun& by);

  DiskImage durable_;
  Writes writes_;                                              // that are not durable
  std::map<std::uint64_t, std::vector<std::uint64_t>> syncs_;  // under way: the writes that they make durable
};

}  // namespace shoal::crash

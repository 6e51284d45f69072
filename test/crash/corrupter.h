// Corrupter: devices that have done something to their data after a life: bits that flip, writes that were acknowledged
// and never made, writes that went elsewhere, chunks of which nothing is left. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <string_view>
#include <vector>

#include "target/base/random.h"
#include "test/crash/disk_image.h"
#include "test/crash/history.h"

namespace shoal::crash {

enum class CorruptionKind : std::uint8_t { flipped, lost, misdirected, wiped };
inline constexpr std::array<std::string_view, 4> kCorruptionNames{"bits flipped", "write lost", "write misdirected",
                                                                  "chunk wiped"};

struct Corruption {
  CorruptionKind kind = CorruptionKind::flipped;
  std::uint64_t offset = 0;  // of what was hit: misdirected: where it went
  DiskImage disk;
};

class Corrupter {
 public:
  // The last `spared` writes are not lost, nor is anything else together with them.
  Corrupter(DiskImage before, DiskImage after, const History& history, std::size_t spared);
  Corruption corrupt(Random& random) const;

 private:
  struct Place {
    std::uint64_t offset = 0;
    std::size_t length = 0;
  };

  Corruption flipped(Random& random) const;
  Corruption lost(Random& random) const;
  Corruption misdirected(Random& random) const;
  Corruption wiped(Random& random) const;
  DiskImage without(std::size_t lost) const;
  Place random_place(Random& random) const;
  bool hits_spared(std::uint64_t offset, std::size_t length) const;
  bool blanks(std::uint64_t offset, std::size_t write) const;

  const DiskImage before_, after_;
  std::vector<WriteBegun> writes_;
  std::size_t losable_ = 0;
};

std::vector<WriteBegun> writes_done(const History& history);  // in the order in which they were

}  // namespace shoal::crash

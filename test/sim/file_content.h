// FileContent: the bytes of one simulated file, and what a loss of power would leave of them. Pure.
//
// A write is seen by later reads at once; on the device it is only after sync(), or harden() of its range, which makes
// nothing else durable. After lose_power() every 512-byte sector that was written since is, by a throw of the dice, new
// or what it was: so a 4 KiB block may be torn. A sync that failed leaves its sectors behind for good, as Linux does:
// the next sync does not write them either.
#pragma once

#include <array>
#include <cstdint>
#include <map>

#include "target/base/random.h"
#include "target/base/slice.h"

namespace shoal::sim {

class FileContent {
 public:
  static constexpr std::uint64_t kSectorBytes = 512;

  std::uint64_t size() const { return size_; }
  std::uint64_t allocated_bytes() const { return sectors_.size() * kSectorBytes; }
  std::size_t read(std::uint64_t offset, MutableByteSpan into) const;  // short at the end
  void write(std::uint64_t offset, ByteSpan bytes);
  void punch(std::uint64_t offset, std::uint64_t length);  // within the file, as it is now
  void replace(ByteSpan bytes);                            // all of it, durable
  void sync();
  void harden(std::uint64_t offset, std::uint64_t length);  // of what was just written: RWF_DSYNC
  void fail_sync();
  void lose_power(Random& random);
  bool clean() const { return unsynced_.empty() && left_behind_.empty() && size_ == durable_size_; }

 private:
  using Sector = std::array<std::byte, kSectorBytes>;
  using Sectors = std::map<std::uint64_t, Sector>;

  void change(std::uint64_t sector, std::size_t from, ByteSpan bytes);
  void remember(std::uint64_t sector);

  std::uint64_t size_ = 0, durable_size_ = 0;
  Sectors sectors_;      // as reads see them; absent: zeros
  Sectors unsynced_;     // what the device has instead, of sectors written since the last sync
  Sectors left_behind_;  // the same, of sectors that a failed sync gave up
};

}  // namespace shoal::sim

// AccessPattern: what kind of traffic a volume has, {idle, sequential or random x read or write, mixed}, from the
// ranges that are read and written.
//
// A request is sequential when it continues a stream: it begins where a recent request of its direction ended, or
// leaves out at most its own length (of two paths, each sees every other request of a stream). The ends of recent
// requests are kept in kStreamHeads places, one for each stretch of kHeadSpanBlocks and direction, found by a hash: a
// few dozen streams, interleaved as they like, stay sequential, and random requests among them seldom push one out.
//
// Of each period the first kLookedAt requests tell. The mix is averaged by time, not by requests: a new kind of traffic
// shows after some ten seconds, however little it is against what was before.
#pragma once

#include <array>
#include <cstdint>

#include "cluster/load/decaying_rate.h"
#include "cluster/load/load.h"
#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::load {

inline constexpr std::size_t kStreamHeads = 128;        // a power of two
inline constexpr std::uint64_t kHeadSpanBlocks = 8192;  // 4 MiB
inline constexpr std::uint32_t kLookedAt = 512;         // requests of a period
inline constexpr double kDominant = 0.75;  // share from which one direction, or one order, names the pattern
inline constexpr double kIdleBelow = 1;    // requests per second
inline constexpr Duration kIdleAfter = kLoadHalfLife;  // without any request

// Blocks of data that a request reads or writes; what gives blocks back moves no data, and has none.
struct Access {
  bool is_write = false;
  Lba first;
  std::uint32_t blocks = 0;
};

class StreamHeads {
 public:
  StreamHeads() { ends_.fill(kNowhere); }
  // True: the request continues a stream.
  bool follow(const Access& access) {
    const std::uint64_t first = access.first.value;
    const bool continued = first - end_near(first, access.is_write) <= access.blocks;
    end_near(first + access.blocks, access.is_write) = first + access.blocks;
    return continued;
  }

 private:
  static constexpr std::uint64_t kNowhere = std::uint64_t{1} << 63;  // no address of a block

  std::uint64_t& end_near(std::uint64_t block, bool is_write) {
    const std::uint64_t stretch = block / kHeadSpanBlocks * 2 + (is_write ? 1 : 0);
    return ends_[stretch * 0x9e3779b97f4a7c15u >> kHashShift];
  }
  static constexpr unsigned kHashShift = 57;
  static_assert(std::uint64_t{1} << (64 - kHashShift) == kStreamHeads);

  std::array<std::uint64_t, kStreamHeads> ends_;
};

class AccessPattern {
 public:
  void add(const Access& access) {
    if (access.blocks == 0 || left_ == 0) return;
    --left_;
    ++counts_[access.is_write ? 1 : 0][heads_.follow(access) ? 1 : 0];
  }
  void roll(const DecayStep& step, Duration elapsed);
  Pattern pattern() const;

 private:
  StreamHeads heads_;
  std::uint32_t left_ = kLookedAt;
  std::uint64_t counts_[2][2] = {};  // of this period: [is_write][sequential]
  double shares_[2][2] = {};         // averaged over periods that had requests
  DecayingRate requests_;
  Duration quiet_{0};
};

}  // namespace shoal::load

// BlockChecker: the judge of stamped blocks. Told of every write and read of every block with its beginning and its
// end, it decides whether each block behaved like one register: nothing torn, misplaced, lost, resurrected or stale.
// Pure.
//
// Moments count up with everything that anybody asks for or is answered, so that they order all of it. A write that was
// not acknowledged may have taken effect between its beginning and its end, or never; the end of an unanswered one is
// the moment when its nexus was taken over by a later session, because nothing of it may touch data after that.
//
// A write that was on its way while the member that owns its block was killed may take effect twice before it ends: the
// plain file store keeps no record of what it has answered, so the member that waits for the answer asks again. What
// reads find of such a write before its end proves nothing; what they find later does.
//
// An UNMAP writes zeros, and zeros are no value of their own: which UNMAP a read of them has seen is not known. So they
// have no cluster. An acknowledged UNMAP and every read of zeros is a moment at which no other value was there; and
// what was found must be the zeros of the beginning or of an UNMAP that was not surely overwritten before.
//
// Every other write has a value of its own, so Gibbons and Korach's zones decide ("Testing Shared Memories", 1997): a
// value's cluster is its write and all reads of it. It lived at least from the first end to the last beginning in the
// cluster, when these come in that order (a forward zone), and else at some moment between (a backward zone). The
// history is linearizable exactly if no two forward zones overlap and no backward zone lies inside a forward one.
#pragma once

#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "target/base/bytes.h"
#include "tools/bench/core/stamp.h"

namespace shoal::sim {

using Moment = std::uint64_t;
inline constexpr Moment kNever = std::numeric_limits<Moment>::max();

class BlockChecker {
 public:
  Moment next_moment() { return ++moment_; }

  void write_begins(const Stamp& stamp);
  void unmap_begins(const Stamp& stamp);  // goes on as a write does
  void write_acknowledged(const Stamp& stamp);
  void write_given_up(const Stamp& stamp);  // it has taken effect by now, or never will
  void owner_killed();                      // all that is on its way may take effect twice
  // What a read of `block`, begun at `begin` and ending now, has found. Yields what is wrong with the content itself.
  std::optional<std::string> read_ends(std::uint64_t block, Moment begin, ByteSpan content);

  // Every violation of the order of any block, in order of blocks; empty: all is well.
  std::vector<std::string> check() const;
  std::uint64_t writes() const { return writes_; }
  std::uint64_t reads() const { return reads_; }

 private:
  struct Cluster {
    Moment write_begin = 0, write_end = kNever;
    bool acknowledged = false, read = false, repeatable = false;
    bool zeros = false;  // by an UNMAP, or nobody has written; never read
    Moment first_end = kNever, last_begin = 0;
  };
  using Value = std::pair<std::uint64_t, std::uint64_t>;  // writer, operation
  struct Register {
    std::map<Value, Cluster> values;
    std::vector<std::pair<Moment, Moment>> reads_of_zeros;
  };
  struct Zone {
    Moment from, to;
    bool forward;
    Value value;
    const Cluster* cluster;  // null: a read of zeros
    std::string to_string() const;
  };

  Register& block(std::uint64_t number);
  void end_write(const Stamp& stamp, bool acknowledged);
  static std::optional<Zone> zone_of(const Value& value, const Cluster& cluster);
  void begin(const Stamp& stamp, bool zeros);
  static std::vector<Zone> zones_of(const Register& block);
  static void check_block(std::uint64_t number, const Register& block, std::vector<std::string>& violations);
  static bool may_be_zero(const Register& block, Moment from, Moment to);

  Moment moment_ = 0;
  std::map<std::uint64_t, Register> blocks_;
  std::set<std::pair<std::uint64_t, Value>> on_their_way_;
  std::uint64_t writes_ = 0, reads_ = 0;
};

}  // namespace shoal::sim

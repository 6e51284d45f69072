// CounterChecker: the judge of counters that hosts raise with COMPARE AND WRITE. A counter is some SCSI blocks; every
// increment writes a value of its own into each of them, on condition that each holds what its host had read.
//
// So the values that a block ever held are a chain, each written in place of the one before. When all is quiet the
// chain is known from its end: what was acknowledged must be on it, in every block of the counter, and what was
// refused must not. An increment of unknown outcome may be on it or not. Pure.
#pragma once

#include <compare>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "target/base/ids.h"

namespace shoal::sim {

struct Counter {
  Lba first;
  std::uint32_t blocks = 0;  // of kBlockBytes
};

// What a block of a counter holds. All zeros: nobody has raised it.
struct CounterValue {
  std::uint64_t count = 0, writer = 0, operation = 0;
  auto operator<=>(const CounterValue&) const = default;
  std::string to_string() const;
};

// The counter's blocks, each with that value.
std::string to_blocks(const CounterValue& value, std::uint32_t blocks);
std::vector<CounterValue> to_values(std::string_view blocks);

class CounterChecker {
 public:
  void begins(const Counter& counter, const std::vector<CounterValue>& expected, const CounterValue& raised);
  void acknowledged(const Counter& counter, const CounterValue& raised);
  void refused(const Counter& counter, const CounterValue& raised);
  // Yields what is wrong with it by itself.
  std::optional<std::string> read(const Counter& counter, const std::vector<CounterValue>& found);

  // Once nothing is under way any more and every counter was read after that.
  std::vector<std::string> check() const;
  std::uint64_t increments() const { return increments_; }  // acknowledged
  // Of unknown outcome, and found in one block of their counter but not in another one.
  std::uint64_t half_written() const;

 private:
  enum class Outcome { unknown, acknowledged, refused };
  struct Increment {
    CounterValue before;
    Outcome outcome = Outcome::unknown;
  };
  struct Block {
    std::map<CounterValue, Increment> increments;
    CounterValue newest;  // as read last
  };
  using Chain = std::set<CounterValue>;

  void end(const Counter& counter, const CounterValue& raised, Outcome outcome);
  static Chain chain_of(const Block& block);

  std::map<Lba, Block> blocks_;
  std::uint64_t increments_ = 0;
};

}  // namespace shoal::sim

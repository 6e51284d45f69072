#include "test/sim/group/counter_checker.h"

#include <fmt/format.h>

#include "target/base/bytes.h"
#include "target/base/check.h"

namespace shoal::sim {

std::string CounterValue::to_string() const { return fmt::format("{} by {}.{}", count, writer, operation); }

std::string to_blocks(const CounterValue& value, std::uint32_t blocks) {
  std::string block(kBlockBytes, '\0');
  const MutableByteSpan at = std::as_writable_bytes(std::span(block));
  store_le(at, 0, value.count);
  store_le(at, 8, value.writer);
  store_le(at, 16, value.operation);
  std::string all;
  for (std::uint32_t i = 0; i < blocks; ++i) all += block;
  return all;
}

std::vector<CounterValue> to_values(std::string_view blocks) {
  std::vector<CounterValue> values;
  for (; !blocks.empty(); blocks.remove_prefix(kBlockBytes)) {
    const ByteSpan at = as_bytes(blocks);
    values.push_back({load_le<std::uint64_t>(at, 0), load_le<std::uint64_t>(at, 8), load_le<std::uint64_t>(at, 16)});
  }
  return values;
}

void CounterChecker::begins(const Counter& counter, const std::vector<CounterValue>& expected,
                            const CounterValue& raised) {
  for (std::uint32_t i = 0; i < counter.blocks; ++i) {
    Block& block = blocks_[Lba{counter.first.value + i}];
    CHECK(block.increments.try_emplace(raised, Increment{expected[i]}).second, raised.writer, raised.operation);
  }
}

void CounterChecker::end(const Counter& counter, const CounterValue& raised, Outcome outcome) {
  for (std::uint32_t i = 0; i < counter.blocks; ++i) {
    blocks_.at(Lba{counter.first.value + i}).increments.at(raised).outcome = outcome;
  }
}

void CounterChecker::acknowledged(const Counter& counter, const CounterValue& raised) {
  ++increments_;
  end(counter, raised, Outcome::acknowledged);
}

void CounterChecker::refused(const Counter& counter, const CounterValue& raised) {
  end(counter, raised, Outcome::refused);
}

std::optional<std::string> CounterChecker::read(const Counter& counter, const std::vector<CounterValue>& found) {
  for (std::uint32_t i = 0; i < counter.blocks; ++i) {
    const Lba lba{counter.first.value + i};
    Block& block = blocks_[lba];
    block.newest = found[i];
    if (found[i] == CounterValue{}) continue;
    const auto known = block.increments.find(found[i]);
    if (known == block.increments.end()) {
      return fmt::format("counter at {} holds {}, which nobody has written", lba, found[i].to_string());
    }
  }
  return std::nullopt;
}

// From the newest value back to the first.
CounterChecker::Chain CounterChecker::chain_of(const Block& block) {
  Chain chain;
  for (CounterValue value = block.newest; value != CounterValue{};) {
    const auto known = block.increments.find(value);
    if (known == block.increments.end()) break;  // told when it was read
    chain.insert(value);
    value = known->second.before;
  }
  return chain;
}

std::vector<std::string> CounterChecker::check() const {
  std::vector<std::string> violations;
  for (const auto& [lba, block] : blocks_) {
    const Chain chain = chain_of(block);
    for (const auto& [value, increment] : block.increments) {
      const bool happened = chain.contains(value);
      if (increment.outcome == Outcome::acknowledged && !happened) {
        violations.push_back(fmt::format("counter at {}: {} in place of {} was acknowledged and is lost", lba,
                                         value.to_string(), increment.before.to_string()));
      }
      if (increment.outcome == Outcome::refused && happened) {
        violations.push_back(fmt::format("counter at {}: {} was refused and is there", lba, value.to_string()));
      }
    }
  }
  return violations;
}

std::uint64_t CounterChecker::half_written() const {
  std::map<CounterValue, std::pair<unsigned, unsigned>> blocks_of;  // where it is, and where it is not
  for (const auto& [lba, block] : blocks_) {
    const Chain chain = chain_of(block);
    for (const auto& [value, increment] : block.increments) {
      auto& [is, is_not] = blocks_of[value];
      ++(chain.contains(value) ? is : is_not);
    }
  }
  std::uint64_t half_written = 0;
  for (const auto& [value, blocks] : blocks_of) half_written += blocks.first > 0 && blocks.second > 0;
  return half_written;
}

}  // namespace shoal::sim

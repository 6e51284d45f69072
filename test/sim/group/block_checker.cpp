#include "test/sim/group/block_checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/base/check.h"

namespace shoal::sim {

// A block that nobody has written reads as zeros: a write by nobody, before everything.
BlockChecker::Register& BlockChecker::block(std::uint64_t number) {
  Register& block = blocks_[number];
  if (block.values.empty()) {
    block.values[{0, 0}] = {.write_begin = 0, .write_end = 0, .acknowledged = true, .zeros = true, .first_end = 0};
  }
  return block;
}

void BlockChecker::write_begins(const Stamp& stamp) { begin(stamp, false); }
void BlockChecker::unmap_begins(const Stamp& stamp) { begin(stamp, true); }

void BlockChecker::begin(const Stamp& stamp, bool zeros) {
  ++writes_;
  const Moment now = next_moment();
  const Cluster fresh{.write_begin = now, .zeros = zeros, .last_begin = now};
  const bool is_new = block(stamp.block).values.insert({{stamp.writer, stamp.operation}, fresh}).second;
  CHECK(is_new, stamp.block, stamp.writer, stamp.operation);
  on_their_way_.insert({stamp.block, {stamp.writer, stamp.operation}});
}

void BlockChecker::owner_killed() {
  for (const auto& [block, value] : on_their_way_) {
    Cluster& cluster = blocks_.at(block).values.at(value);
    cluster = {.write_begin = cluster.write_begin,
               .repeatable = true,
               .zeros = cluster.zeros,
               .last_begin = cluster.write_begin};
  }
}

void BlockChecker::end_write(const Stamp& stamp, bool acknowledged) {
  Cluster& cluster = block(stamp.block).values.at({stamp.writer, stamp.operation});
  CHECK(cluster.write_end == kNever, stamp.block, stamp.writer, stamp.operation);
  on_their_way_.erase({stamp.block, {stamp.writer, stamp.operation}});
  cluster.write_end = next_moment();
  cluster.acknowledged = acknowledged;
  cluster.first_end = std::min(cluster.first_end, cluster.write_end);
}

void BlockChecker::write_acknowledged(const Stamp& stamp) { end_write(stamp, true); }
void BlockChecker::write_given_up(const Stamp& stamp) { end_write(stamp, false); }

std::optional<std::string> BlockChecker::read_ends(std::uint64_t number, Moment begin, ByteSpan content) {
  ++reads_;
  const Moment now = next_moment();
  const auto stamp = read_stamp(content);
  if (!stamp) return fmt::format("block {} is torn: its checksum is wrong (read at {}-{})", number, begin, now);
  if (stamp->operation != 0 && stamp->block != number) {
    return fmt::format("block {} holds block {}, misplaced (read at {}-{})", number, stamp->block, begin, now);
  }
  Register& register_of_block = block(number);
  if (stamp->operation == 0) {
    register_of_block.reads_of_zeros.emplace_back(begin, now);
    return std::nullopt;
  }
  const auto found = register_of_block.values.find({stamp->writer, stamp->operation});
  if (found == register_of_block.values.end() || found->second.zeros) {
    return fmt::format("block {} holds {}.{}, which nobody has written (read at {}-{})", number, stamp->writer,
                       stamp->operation, begin, now);
  }
  Cluster& cluster = found->second;
  if (cluster.repeatable && begin < cluster.write_end) return std::nullopt;
  cluster.read = true;
  cluster.first_end = std::min(cluster.first_end, now);
  cluster.last_begin = std::max(cluster.last_begin, begin);
  return std::nullopt;
}

std::string BlockChecker::Zone::to_string() const {
  if (!cluster) return fmt::format("zeros (read between {} and {})", from, to);
  const std::string end = cluster->write_end == kNever ? "never" : std::to_string(cluster->write_end);
  return fmt::format("{}.{} ({} {}-{}{}, known to be there {} {} and {})", value.first, value.second,
                     cluster->zeros ? "UNMAP" : "write", cluster->write_begin, end,
                     cluster->acknowledged ? " acknowledged" : "", forward ? "from" : "between", from, to);
}

std::optional<BlockChecker::Zone> BlockChecker::zone_of(const Value& value, const Cluster& cluster) {
  if (!cluster.acknowledged && !cluster.read) return std::nullopt;  // perhaps it never happened
  const bool forward = cluster.first_end < cluster.last_begin;
  return Zone{std::min(cluster.first_end, cluster.last_begin), std::max(cluster.first_end, cluster.last_begin), forward,
              value, &cluster};
}

std::vector<BlockChecker::Zone> BlockChecker::zones_of(const Register& block) {
  std::vector<Zone> zones;
  for (const auto& [value, cluster] : block.values) {
    if (const auto zone = zone_of(value, cluster)) zones.push_back(*zone);
  }
  for (const auto& [from, to] : block.reads_of_zeros) zones.push_back({from, to, false, {}, nullptr});
  std::sort(zones.begin(), zones.end(), [](const Zone& a, const Zone& b) { return a.from < b.from; });
  return zones;
}

void BlockChecker::check_block(std::uint64_t number, const Register& block, std::vector<std::string>& violations) {
  for (const auto& [from, to] : block.reads_of_zeros) {
    if (may_be_zero(block, from, to)) continue;
    violations.push_back(
        fmt::format("block {}: zeros were read at {}-{}, and nobody can have left them", number, from, to));
  }
  const Zone* longest = nullptr;  // of the forward zones so far, the one that ends last
  for (const auto zones = zones_of(block); const Zone& zone : zones) {
    const bool broken = longest && (zone.forward ? zone.from < longest->to : zone.to < longest->to);
    if (broken) {
      violations.push_back(fmt::format("block {}: {} {} {}", number, zone.to_string(),
                                       zone.forward ? "takes turns with" : "was lost behind", longest->to_string()));
    }
    if (zone.forward && (!longest || zone.to > longest->to)) longest = &zone;
  }
}

// Whether some zeros that were begun before the read ended may have outlasted all that was surely there before it
// began.
bool BlockChecker::may_be_zero(const Register& block, Moment from, Moment to) {
  const auto overwritten = [&](Moment end) {
    return std::ranges::any_of(block.values, [&](const auto& each) {
      const Cluster& other = each.second;
      const bool happened = other.acknowledged || other.read;
      return !other.zeros && happened && other.write_begin > end && other.first_end < from;
    });
  };
  return std::ranges::any_of(block.values, [&](const auto& each) {
    return each.second.zeros && each.second.write_begin < to && !overwritten(each.second.write_end);
  });
}

std::vector<std::string> BlockChecker::check() const {
  std::vector<std::string> violations;
  for (const auto& [number, block] : blocks_) check_block(number, block, violations);
  return violations;
}

}  // namespace shoal::sim

#include "test/sim/group/block_checker.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/base/check.h"

namespace shoal::sim {

// A block that nobody has written reads as zeros: a write by nobody, before everything.
BlockChecker::Register& BlockChecker::block(std::uint64_t number) {
  Register& values = blocks_[number];
  if (values.empty()) {
    values[{0, 0}] = {.write_begin = 0, .write_end = 0, .acknowledged = true, .read = false, .first_end = 0};
  }
  return values;
}

void BlockChecker::write_begins(const Stamp& stamp) {
  ++writes_;
  const Moment now = next_moment();
  const bool is_new =
      block(stamp.block).insert({{stamp.writer, stamp.operation}, {.write_begin = now, .last_begin = now}}).second;
  CHECK(is_new, stamp.block, stamp.writer, stamp.operation);
  on_their_way_.insert({stamp.block, {stamp.writer, stamp.operation}});
}

void BlockChecker::owner_killed() {
  for (const auto& [block, value] : on_their_way_) {
    Cluster& cluster = blocks_.at(block).at(value);
    cluster = {.write_begin = cluster.write_begin, .repeatable = true, .last_begin = cluster.write_begin};
  }
}

void BlockChecker::end_write(const Stamp& stamp, bool acknowledged) {
  Cluster& cluster = block(stamp.block).at({stamp.writer, stamp.operation});
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
  Register& values = block(number);
  const auto found = values.find({stamp->writer, stamp->operation});
  if (found == values.end()) {
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
  const std::string end = cluster->write_end == kNever ? "never" : std::to_string(cluster->write_end);
  return fmt::format("{}.{} (write {}-{}{}, known to be there {} {} and {})", value.first, value.second,
                     cluster->write_begin, end, cluster->acknowledged ? " acknowledged" : "",
                     forward ? "from" : "between", from, to);
}

std::optional<BlockChecker::Zone> BlockChecker::zone_of(const Value& value, const Cluster& cluster) {
  if (!cluster.acknowledged && !cluster.read) return std::nullopt;  // perhaps it never happened
  const bool forward = cluster.first_end < cluster.last_begin;
  return Zone{std::min(cluster.first_end, cluster.last_begin), std::max(cluster.first_end, cluster.last_begin), forward,
              value, &cluster};
}

std::vector<BlockChecker::Zone> BlockChecker::zones_of(const Register& values) {
  std::vector<Zone> zones;
  for (const auto& [value, cluster] : values) {
    if (const auto zone = zone_of(value, cluster)) zones.push_back(*zone);
  }
  std::sort(zones.begin(), zones.end(), [](const Zone& a, const Zone& b) { return a.from < b.from; });
  return zones;
}

void BlockChecker::check_block(std::uint64_t number, const Register& values, std::vector<std::string>& violations) {
  const Zone* longest = nullptr;  // of the forward zones so far, the one that ends last
  for (const auto zones = zones_of(values); const Zone& zone : zones) {
    const bool broken = longest && (zone.forward ? zone.from < longest->to : zone.to < longest->to);
    if (broken) {
      violations.push_back(fmt::format("block {}: {} {} {}", number, zone.to_string(),
                                       zone.forward ? "takes turns with" : "was lost behind", longest->to_string()));
    }
    if (zone.forward && (!longest || zone.to > longest->to)) longest = &zone;
  }
}

std::vector<std::string> BlockChecker::check() const {
  std::vector<std::string> violations;
  for (const auto& [number, values] : blocks_) check_block(number, values, violations);
  return violations;
}

}  // namespace shoal::sim

#include "test/crash/corrupter.h"

#include <algorithm>
#include <map>
#include <utility>

#include "target/base/ids.h"

namespace shoal::crash {
namespace {

constexpr std::size_t kBlock = kPhysicalBlockBytes;
constexpr std::size_t kWiped = 64 * 1024;

bool is_zero(ByteSpan bytes) {
  return std::ranges::all_of(bytes, [](std::byte byte) { return byte == std::byte{0}; });
}

}  // namespace

std::vector<WriteBegun> writes_done(const History& history) {
  std::map<std::uint64_t, WriteBegun> begun;
  std::vector<WriteBegun> done;
  for (const Event& event : history) {
    if (const auto* write = std::get_if<WriteBegun>(&event)) begun[write->number] = *write;
    if (const auto* finished = std::get_if<WriteDone>(&event)) done.push_back(begun.at(finished->number));
  }
  return done;
}

Corrupter::Corrupter(DiskImage before, DiskImage after, const History& history, std::size_t spared)
    : before_(std::move(before)), after_(std::move(after)), writes_(writes_done(history)) {
  losable_ = writes_.size() - std::min(writes_.size(), spared);
}

Corruption Corrupter::corrupt(Random& random) const {
  switch (random.below(losable_ == 0 ? 2 : 4)) {
    case 0: return flipped(random);
    case 1: return wiped(random);
    case 2: return lost(random);
    default: return misdirected(random);
  }
}

Corruption Corrupter::flipped(Random& random) const {
  const Place place = random_place(random);
  Corruption made{CorruptionKind::flipped, place.offset, after_};
  for (std::uint64_t flips = 1 + random.below(4); flips > 0; --flips) {
    std::byte byte{};
    const std::uint64_t at = place.offset + random.below(place.length);
    made.disk.read(at, {&byte, 1});
    byte ^= static_cast<std::byte>(1u << random.below(8));
    made.disk.write(at, {&byte, 1});
  }
  return made;
}

Corruption Corrupter::wiped(Random& random) const {
  const std::uint64_t at = random_place(random).offset / kWiped * kWiped;
  if (hits_spared(at, kWiped)) return flipped(random);
  Corruption made{CorruptionKind::wiped, at, after_};
  const std::vector<std::byte> nothing(std::min<std::uint64_t>(kWiped, after_.size() - at));
  made.disk.write(at, nothing);
  return made;
}

Corruption Corrupter::lost(Random& random) const {
  const std::size_t lost = random.below(losable_);
  return {CorruptionKind::lost, writes_[lost].offset, without(lost)};
}

// What came later may have been written over it.
Corruption Corrupter::misdirected(Random& random) const {
  const std::size_t lost = random.below(losable_);
  Corruption made{CorruptionKind::misdirected, random_place(random).offset / kBlock * kBlock, without(lost)};
  if (hits_spared(made.offset, writes_[lost].bytes.size()) || blanks(made.offset, lost)) return flipped(random);
  const std::size_t room = std::min<std::uint64_t>(writes_[lost].bytes.size(), made.disk.size() - made.offset);
  made.disk.write(made.offset, writes_[lost].bytes.bytes().first(room));
  return made;
}

DiskImage Corrupter::without(std::size_t lost) const {
  DiskImage disk = before_;
  disk.grow(after_.size());
  for (std::size_t i = 0; i < writes_.size(); ++i) {
    if (i != lost) disk.write(writes_[i].offset, writes_[i].bytes.bytes());
  }
  return disk;
}

// All superblocks under zeros: that is how a device is cleared for a new store. That it is not the store that the group
// knows is for the group to see.
bool Corrupter::blanks(std::uint64_t offset, std::size_t write) const {
  const ByteSpan bytes = writes_[write].bytes.bytes();
  return offset == 0 && bytes.size() > kWiped && is_zero(bytes);
}

bool Corrupter::hits_spared(std::uint64_t offset, std::size_t length) const {
  return std::any_of(writes_.begin() + static_cast<std::ptrdiff_t>(losable_), writes_.end(), [&](const auto& write) {
    return offset < write.offset + write.bytes.size() && write.offset < offset + length;
  });
}

// Where something was written lately, or where there is something at all.
Corrupter::Place Corrupter::random_place(Random& random) const {
  if (!writes_.empty() && random.below(2) == 0) {
    const WriteBegun& write = writes_[random.below(writes_.size())];
    return {write.offset, write.bytes.size()};
  }
  std::array<std::byte, kBlock> block{};
  std::uint64_t offset = 0;
  for (int tries = 0; tries < 1000 && is_zero(block); ++tries) {
    offset = random.below(after_.size() / kBlock) * kBlock;
    after_.read(offset, block);
  }
  return {offset, kBlock};
}

}  // namespace shoal::crash

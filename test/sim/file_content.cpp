#include "test/sim/file_content.h"

#include <algorithm>
#include <utility>

namespace shoal::sim {

std::size_t FileContent::read(std::uint64_t offset, MutableByteSpan into) const {
  if (offset >= size_) return 0;
  const std::size_t length = std::min<std::uint64_t>(into.size(), size_ - offset);
  std::fill_n(into.begin(), length, std::byte{0});
  const std::uint64_t end = offset + length;
  for (auto at = sectors_.lower_bound(offset / kSectorBytes); at != sectors_.end(); ++at) {
    const std::uint64_t begin = at->first * kSectorBytes;
    if (begin >= end) break;
    const std::uint64_t from = std::max(begin, offset), to = std::min(begin + kSectorBytes, end);
    std::copy_n(at->second.begin() + static_cast<std::ptrdiff_t>(from - begin), to - from,
                into.begin() + static_cast<std::ptrdiff_t>(from - offset));
  }
  return length;
}

void FileContent::remember(std::uint64_t sector) {
  if (auto given_up = left_behind_.extract(sector)) {
    unsynced_.insert(std::move(given_up));
    return;
  }
  if (unsynced_.contains(sector)) return;
  const auto known = sectors_.find(sector);
  unsynced_[sector] = known == sectors_.end() ? Sector{} : known->second;
}

// Zeros where there is nothing change nothing.
void FileContent::change(std::uint64_t sector, std::size_t from, ByteSpan bytes) {
  const bool zeros = std::all_of(bytes.begin(), bytes.end(), [](std::byte byte) { return byte == std::byte{0}; });
  if (zeros && !sectors_.contains(sector)) return;
  remember(sector);
  std::copy(bytes.begin(), bytes.end(), sectors_[sector].begin() + static_cast<std::ptrdiff_t>(from));
}

void FileContent::write(std::uint64_t offset, ByteSpan bytes) {
  size_ = std::max(size_, offset + bytes.size());
  while (!bytes.empty()) {
    const std::size_t from = offset % kSectorBytes;
    const std::size_t take = std::min<std::size_t>(bytes.size(), kSectorBytes - from);
    change(offset / kSectorBytes, from, bytes.first(take));
    offset += take;
    bytes = bytes.subspan(take);
  }
}

void FileContent::punch(std::uint64_t offset, std::uint64_t length) {
  const std::uint64_t end = std::min(offset + length, size_);
  static constexpr Sector kZeros{};
  while (offset < end) {
    const std::uint64_t sector = offset / kSectorBytes;
    const std::uint64_t take = std::min(end, (sector + 1) * kSectorBytes) - offset;
    if (sectors_.contains(sector)) {
      change(sector, offset % kSectorBytes, ByteSpan(kZeros).first(take));
      if (take == kSectorBytes) sectors_.erase(sector);
    }
    offset += take;
  }
}

void FileContent::replace(ByteSpan bytes) {
  *this = {};
  write(0, bytes);
  sync();
}

void FileContent::sync() {
  unsynced_.clear();
  durable_size_ = size_;
}

void FileContent::harden(std::uint64_t offset, std::uint64_t length) {
  if (length == 0) return;
  const auto first = unsynced_.lower_bound(offset / kSectorBytes);
  unsynced_.erase(first, unsynced_.upper_bound((offset + length - 1) / kSectorBytes));
  durable_size_ = std::max(durable_size_, std::min(size_, offset + length));
}

void FileContent::fail_sync() { left_behind_.merge(std::exchange(unsynced_, {})); }

void FileContent::lose_power(Random& random) {
  bool grown = size_ != durable_size_ && random.below(2) == 0;
  for (auto* lost : {&unsynced_, &left_behind_}) {
    for (const auto& [sector, old] : *lost) {
      const bool survives = lost == &unsynced_ && random.below(2) == 0;
      if (survives) {
        grown = grown || (sector + 1) * kSectorBytes > durable_size_;
      } else {
        sectors_[sector] = old;
      }
    }
    lost->clear();
  }
  if (!grown) size_ = durable_size_;
  sectors_.erase(sectors_.lower_bound((size_ + kSectorBytes - 1) / kSectorBytes), sectors_.end());
  durable_size_ = size_;
}

}  // namespace shoal::sim

#include "test/crash/surviving_disk.h"

#include <algorithm>
#include <utility>

namespace shoal::crash {
namespace {

std::size_t sectors_of(const WriteBegun& write) { return write.bytes.size() / kSectorBytes; }

// Which sectors of one write are on the device.
class SectorChoice {
 public:
  SectorChoice(Survivors survivors, std::size_t sectors, Random& random)
      : survivors_(survivors), random_(random), how_(random.below(5)), at_(random.below(sectors + 1)) {}

  bool holds(std::size_t sector) {
    if (survivors_ != Survivors::some) return survivors_ == Survivors::all;
    switch (how_) {
      case 0: return false;
      case 1: return true;
      case 2: return sector < at_;
      case 3: return sector != at_;
      default: return random_.below(2) == 0;
    }
  }

 private:
  Survivors survivors_;
  Random& random_;
  std::uint64_t how_, at_;
};

}  // namespace

void SurvivingDisk::follow(const Event& event) {
  if (const auto* begun = std::get_if<WriteBegun>(&event)) {
    writes_.emplace(WriteId{process_, begun->number}, Write{*begun}).first->second.gone.resize(sectors_of(*begun));
  } else if (const auto* done = std::get_if<WriteDone>(&event)) {
    const auto write = writes_.find({process_, done->number});
    write->second.done = true;
    if (write->second.begun.durable) harden(write);
  } else if (const auto* failed_write = std::get_if<WriteFailed>(&event)) {
    const auto write = writes_.find({process_, failed_write->number});
    write->second.done = true;
    cut_short(write, failed_write->written);
  } else if (const auto* sync = std::get_if<SyncBegun>(&event)) {
    for (const auto& [id, write] : writes_) {
      if (write.done && !write.given_up) syncs_[sync->number].push_back(id);
    }
  } else if (const auto* synced = std::get_if<SyncDone>(&event)) {
    for (const WriteId& id : syncs_[synced->number]) {
      const auto write = writes_.find(id);  // another sync may have been faster
      if (write != writes_.end() && !write->second.given_up) harden(write);
    }
    syncs_.erase(synced->number);
  } else if (const auto* failed = std::get_if<SyncFailed>(&event)) {
    for (auto& [id, write] : writes_) write.given_up = write.given_up || write.done;
    syncs_.erase(failed->number);
  }
}

void SurvivingDisk::cut_short(Writes::iterator write, std::size_t bytes) {
  if (bytes == 0) return void(writes_.erase(write));
  WriteBegun& begun = write->second.begun;
  begun.bytes = begun.bytes.sub(0, bytes);
  write->second.gone.resize(sectors_of(begun));
}

template <class Choice>
void SurvivingDisk::write_sectors(DiskImage& disk, const Write& write, Choice holds) {
  const ByteSpan bytes = write.begun.bytes.bytes();
  for (std::size_t sector = 0; sector < write.gone.size(); ++sector) {
    const std::size_t at = sector * kSectorBytes;
    if (holds(sector) && !write.gone[sector]) disk.write(write.begun.offset + at, bytes.subspan(at, kSectorBytes));
  }
}

// Of earlier writes that were done, the same sectors are gone. One that is under way still may land on top.
void SurvivingDisk::harden(Writes::iterator write) {
  const WriteBegun& begun = write->second.begun;
  write_sectors(durable_, write->second, [](std::size_t) { return true; });
  for (auto earlier = writes_.begin(); earlier != write; ++earlier) {
    if (earlier->second.done) overwrite(earlier->second, begun);
  }
  writes_.erase(write);
}

void SurvivingDisk::overwrite(Write& earlier, const WriteBegun& by) {
  const std::uint64_t begin = std::max(earlier.begun.offset, by.offset);
  const std::uint64_t end = std::min(earlier.begun.offset + earlier.begun.bytes.size(), by.offset + by.bytes.size());
  for (std::uint64_t at = begin; at < end; at += kSectorBytes) {
    earlier.gone[(at - earlier.begun.offset) / kSectorBytes] = true;
  }
}

DiskImage SurvivingDisk::image(Survivors survivors, Random& random) const {
  DiskImage image = durable_;
  for (const auto& [id, write] : writes_) {
    SectorChoice choice(survivors, write.gone.size(), random);
    write_sectors(image, write, [&](std::size_t sector) { return choice.holds(sector); });
  }
  return image;
}

// Of what was under way some sectors have come, and the others never will.
SurvivingDisk SurvivingDisk::left_behind(Random& random) const {
  SurvivingDisk next = *this;
  ++next.process_;
  next.syncs_.clear();
  for (auto& [id, write] : next.writes_) {
    if (std::exchange(write.done, true)) continue;
    SectorChoice choice(Survivors::some, write.gone.size(), random);
    for (std::size_t sector = 0; sector < write.gone.size(); ++sector) {
      if (!choice.holds(sector)) write.gone[sector] = true;
    }
  }
  return next;
}

DiskImage SurvivingDisk::contents() const {
  SeededRandom nothing_to_draw(0);
  return image(Survivors::all, nothing_to_draw);
}

}  // namespace shoal::crash

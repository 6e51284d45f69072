#include "test/sim/group/siege.h"

#include <algorithm>

namespace shoal::sim {
namespace {

constexpr Duration kNoticed = 3s;  // links are down, or up again
constexpr Duration kAtOnce = 50ms;
constexpr Duration kOutlived = 11s;  // an operation, and what a link that was closed may still deliver
constexpr Duration kFenced = 4s;     // a login whose nexus cannot be asked for at the member that had it
constexpr std::size_t kPages = 3;    // each member owns one of them, and the first is out of reach in the end

}  // namespace

Siege::Siege(SimGroup& group)
    : group_(group),
      world_(group.world()),
      random_(world_.random_for("siege")),
      disk_(group.disk(0)),
      other_nexus_(random_.below(2) == 0) {}

void Siege::choose_members() {
  for (std::size_t i = 0; i < group_.members(); ++i) {
    if (group_.member(i).has(disk_.logged_in_at()->host)) first_ = i;
  }
  owner_ = (first_ + 1 + random_.below(2)) % group_.members();
  third_ = group_.members() - first_ - owner_;  // of 0, 1, 2
}

std::string Siege::run() {
  Network& network = world_.network();
  choose_members();
  cut_off();
  send_writes();
  world_.run_for(std::chrono::milliseconds(5 + random_.below(50)));
  network.partition(group_.initiator(0), group_.member(first_));
  const std::string failure = come_back();
  world_.run_for(std::chrono::milliseconds(random_.below(200)));
  network.heal(group_.member(first_), group_.member(owner_));
  world_.run_for(kNoticed);
  network.heal_all();
  world_.run_for(kNoticed);
  return failure;
}

void Siege::cut_off() {
  Network& network = world_.network();
  Host& first = group_.member(first_);
  network.partition(first, group_.member(third_));
  if (!other_nexus_) {
    network.partition(first, group_.member(owner_));
    network.partition(first, group_.etcd_host());
  }
  world_.run_for(kNoticed);
  network.cut(first, group_.member(owner_));
}

// The reads come first, also when all is sent again: one of them takes the unit attention of the new session.
void Siege::send_writes() {
  const std::uint64_t at = random_.below(group_.shape().page_blocks);
  for (std::size_t i = 0; i < kPages; ++i) disk_.read(at + i * group_.shape().page_blocks, 1, [](bool) {});
  for (std::size_t i = 0; i < kPages; ++i) {
    const std::uint64_t block = at + i * group_.shape().page_blocks;
    disk_.write(block, 1, [this, block](bool good) {
      if (good) disk_.read(block, 1, [this](bool read) { read_ += read; });
    });
  }
}

std::string Siege::come_back() {
  const std::size_t before = read_;
  if (before == kPages) return "";  // the volume was made when only the first member was there
  const std::size_t wanted = std::max(before + 1, kPages - 1);
  const Duration wait = other_nexus_ ? kOutlived : kAtOnce;
  disk_.come_back(wait, SimGroup::member_portal(third_), other_nexus_);
  world_.run_until([&] { return read_ >= wanted; }, wait + kFenced);
  return read_ >= wanted ? "" : "the host did not write and read through the third member in time";
}

}  // namespace shoal::sim

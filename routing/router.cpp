#include "routing/router.h"

#include <algorithm>
#include <set>
#include <utility>

namespace shoal::routing {

bool FenceReport::all_confirmed() const {
  return local == PageStatus::ok &&
         std::ranges::all_of(peers, [](const MemberFence& peer) { return peer.outcome == FenceOutcome::confirmed; });
}

Router::Router(Runtime& runtime, MemberId self, LocalPages& pages, PeerLinks* links, Log log, RouterLimits limits)
    : runtime_(runtime), self_(self), pages_(pages), links_(links), log_(std::move(log)), limits_(limits) {
  if (links_) links_->subscribe(*this);
}

Router::~Router() {
  for (const auto& volume : open_volumes()) volume->close();
}

std::shared_ptr<RoutedVolume> Router::open(PageMap::Snapshot map) {
  const ImageId image = map->image().id;
  auto volume = std::make_shared<RoutedVolume>(RoutedVolume::Private{}, *this, std::move(map));
  volumes_[image].push_back(volume);
  return volume;
}

std::vector<std::shared_ptr<RoutedVolume>> Router::open_volumes() {
  std::vector<std::shared_ptr<RoutedVolume>> open;
  for (auto it = volumes_.begin(); it != volumes_.end();) {
    std::erase_if(it->second, [](const auto& volume) { return volume.expired(); });
    for (const auto& volume : it->second) open.push_back(volume.lock());
    it = it->second.empty() ? volumes_.erase(it) : std::next(it);
  }
  return open;
}

// ---- where things are -------------------------------------------------------------------------------------------

void Router::set_directory(StoreDirectory::Snapshot directory) {
  directory_ = std::move(directory);
  review();
}

Router::Where Router::where(const StoreId& store) const {
  if (!directory_) return Unknown{};
  const auto at = directory_->serving.find(store);
  if (at == directory_->serving.end()) return Lost{};
  if (at->second == self_) return Local{};
  return links_ ? Where(at->second) : Where(Unknown{});
}

std::string Router::why_lost(const StoreId& store) const {
  const auto why = directory_->lost.find(store);
  return why == directory_->lost.end() ? "no member serves it any more" : why->second;
}

void Router::stale_map(ImageId image) {
  const Time now = runtime_.now();
  const auto [at, first] = refreshed_.try_emplace(image, now);
  if (!first && now - at->second < limits_.tick) return;
  at->second = now;
  log_.info("stale_map image={}", image);
  if (refresh_) refresh_(image);
}

// ---- what waits -------------------------------------------------------------------------------------------------

void Router::on_link_up(MemberId) { review(); }

void Router::arm() {
  if (timer_) return;
  timer_ = runtime_.after(limits_.tick, [this] {
    timer_.reset();
    review();
  });
}

void Router::review() {
  const Time now = runtime_.now();
  bool waiting = false;
  for (const auto& volume : open_volumes()) waiting |= volume->review(now);
  if (waiting) arm();
}

// ---- fences -----------------------------------------------------------------------------------------------------

// Members that serve stores of the image; where its map is not known here, every member that serves any.
std::vector<MemberId> Router::owners_of(ImageId image) {
  std::set<StoreId> stores;
  bool known = false;
  for (const auto& volume : open_volumes()) {
    if (volume->map()->image().id != image) continue;
    known = true;
    stores.insert(volume->owners_.begin(), volume->owners_.end());
  }
  std::set<MemberId> members;
  for (const auto& [store, member] : directory_->serving) {
    if (member != self_ && (!known || stores.contains(store))) members.insert(member);
  }
  return {members.begin(), members.end()};
}

namespace {

struct FenceCall {
  FenceReport report;
  int waiting = 2;  // for here, and for the others
  Completion<FenceReport> done;
  void one_ended() {
    if (--waiting == 0) done(std::move(report));
  }
};

}  // namespace

void Router::fence(const Fence& fence, Duration within, Completion<FenceReport> done) {
  auto call = std::make_shared<FenceCall>();
  call->done = std::move(done);
  pages_.fence(fence, [call](PageStatus status) {
    // A newer generation is known: what is older than this one is refused as well.
    call->report.local = status == PageStatus::fenced ? PageStatus::ok : status;
    call->one_ended();
  });
  if (!links_) return call->one_ended();
  if (!directory_) {  // whom to tell is not known
    call->report.peers.push_back({MemberId{}, FenceOutcome::failed});
    return call->one_ended();
  }
  links_->fence(fence, owners_of(fence.image), within, [call](std::vector<MemberFence> peers) {
    call->report.peers = std::move(peers);
    call->one_ended();
  });
}

}  // namespace shoal::routing

#include "cluster/followed_listing.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace shoal::cluster {

struct FollowedListing::Impl : std::enable_shared_from_this<FollowedListing::Impl> {
  Impl(Runtime& runtime_, MetaStore& meta_, std::string prefix_, std::string floor_key_, FirstPicture first,
       OnPicture on_picture_)
      : runtime(runtime_),
        meta(meta_),
        calls(runtime_, meta_),
        prefix(std::move(prefix_)),
        floor_key(std::move(floor_key_)),
        on_picture(std::move(on_picture_)),
        first_relist(first == FirstPicture::doubtful ? kFirstRelist : kRelist) {}

  void start() {
    subscription = meta.watch(prefix, [weak = weak_from_this()](std::optional<Change> change) {
      if (const auto self = weak.lock()) self->on_hint(change);
    });
    list();
  }

  void on_hint(const std::optional<Change>& change) {
    if (change) {
      newest_hint = std::max(newest_hint, change->revision);
    } else {
      relist = first_relist;
    }
    refresh();
  }

  void refresh(Completion<> listed) {
    wanted.push_back(std::move(listed));
    refresh();
  }

  void refresh() {
    if (listing) {
      again = true;
    } else {
      list_within(gather());
    }
  }

  void list() {
    timer.reset();
    listing = true;
    again = false;
    std::move(wanted.begin(), wanted.end(), std::back_inserter(served));
    wanted.clear();
    if (floor_key.empty()) return list_entries(std::nullopt);
    calls.read(floor_key, [this](std::optional<Entry> floor) { list_entries(std::move(floor)); });
  }

  void list_entries(std::optional<Entry> floor) {
    calls.list(prefix, [this, floor = std::move(floor)](CompleteListing listed) mutable {
      on_listed(std::move(floor), std::move(listed));
    });
  }

  void on_listed(std::optional<Entry> floor, CompleteListing listed) {
    listing = false;
    const std::uint64_t wanted = std::max(newest_hint, floor ? floor->revision : 0);
    if (listed.revision < wanted && stale_retries < kStaleRetries) {
      ++stale_retries;
      return list_within(kFirstPause * stale_retries);
    }
    if (listed.revision < newest_hint) newest_hint = 0;  // revisions are counted from lower on
    stale_retries = 0;
    const bool reached = floor && listed.revision >= floor->revision;
    if (again) list_within(gather());
    if (!again) list_for_safety();
    const auto keep = shared_from_this();
    const Time began = runtime.now();
    on_picture(ListedPicture{std::move(listed.entries), listed.revision, std::move(floor), reached});
    busy = runtime.now() - began;
    for (auto& listed_now : std::exchange(served, {})) listed_now();
  }

  // A picture that takes long to make is not made anew for every hint: it may cost a twentieth of the time.
  Duration gather() const { return std::clamp(20 * busy, Duration(kGather), Duration(kLongestGather)); }

  // Never later than was settled before: hints that go on coming do not put a listing off.
  void list_within(Duration pause) {
    if (timer && due <= runtime.now() + pause) return;
    due = runtime.now() + pause;
    timer = runtime.after(pause, [this] { list(); });
  }

  // Nothing has asked for it. What asks meanwhile makes it come sooner, and says nothing about how good hints are.
  void list_for_safety() {
    const Duration pause = with_jitter(relist);
    due = runtime.now() + pause;
    timer = runtime.after(pause, [this] {
      relist = std::min(relist * 2, Duration(kRelist));
      list();
    });
  }

  Duration with_jitter(Duration base) {
    const auto quarter = static_cast<std::uint64_t>(base.count() / 4);
    return base - Duration(quarter) + Duration(runtime.random().below(2 * quarter));
  }

  Runtime& runtime;
  MetaStore& meta;
  MetaCalls calls;
  std::string prefix, floor_key;
  OnPicture on_picture;
  std::unique_ptr<Subscription> subscription;
  std::unique_ptr<Timer> timer;  // of the next listing
  Duration busy{};               // with the last picture
  Time due{};                    // when it ends
  bool listing = false, again = false;
  std::vector<Completion<>> wanted, served;  // who waits for the next listing, and for the one that is under way
  std::uint64_t newest_hint = 0;
  int stale_retries = 0;
  Duration first_relist;
  Duration relist = first_relist;  // the next pause that nothing cuts short
};

FollowedListing::FollowedListing(Runtime& runtime, MetaStore& meta, std::string prefix, std::string floor_key,
                                 FirstPicture first, OnPicture on_picture)
    : impl_(std::make_shared<Impl>(runtime, meta, std::move(prefix), std::move(floor_key), first,
                                   std::move(on_picture))) {}
FollowedListing::~FollowedListing() {
  impl_->subscription.reset();
  impl_->timer.reset();
}
void FollowedListing::start() { impl_->start(); }
void FollowedListing::refresh(Completion<> listed) { impl_->refresh(std::move(listed)); }

}  // namespace shoal::cluster

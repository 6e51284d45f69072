// FollowedListing: a complete picture of the keys under a prefix that follows the metadata. Lists every page, watches,
// and lists again after hints (those of kGather together), after lost events, and every kRelist with jitter, because a
// watch may lose anything.
//
// A listing may be stale, the first one by more than any hint could tell. Where that matters (`doubtful`: a member that
// misses a volume refuses its hosts), the pauses between listings that nothing asked for begin with kFirstRelist, also
// after lost events, and double up to kRelist. A listing that is older than a hint that was seen is made again, at most
// kStaleRetries times: after a crash an etcd may count its revisions from lower on. `floor_key` is for whoever must
// know how old a picture can be at most: it is read before the listing, and `reached` tells that no page of the listing
// is older than that key's last change.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/meta_calls.h"
#include "cluster/meta_store.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

inline constexpr Duration kGather = 20ms;
inline constexpr Duration kLongestGather = 2s;  // of hints of a picture that takes long to make
inline constexpr Duration kFirstRelist = 10s;
inline constexpr Duration kRelist = 10min;

struct ListedPicture {
  std::vector<Entry> entries;  // in order of keys
  std::uint64_t revision = 0;  // no page of the listing is older
  std::optional<Entry> floor;
  bool reached = false;
};

class FollowedListing {
 public:
  using OnPicture = std::function<void(const ListedPicture&)>;

  enum class FirstPicture { doubtful, good_enough };
  FollowedListing(Runtime& runtime, MetaStore& meta, std::string prefix, std::string floor_key, FirstPicture first,
                  OnPicture on_picture);
  ~FollowedListing();  // no picture comes any more
  FollowedListing(const FollowedListing&) = delete;

  void start();  // the first picture comes when metadata can be reached
  // There is reason to believe that the picture is old. Completes after a picture whose listing began later than this.
  void refresh(Completion<> listed = [] {});

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

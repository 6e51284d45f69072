// FollowedListing: a complete picture of the keys under a prefix that follows the metadata. Lists every page, watches,
// and lists again after hints (those of kGather together), after lost events, and every kRelist with jitter, because a
// watch may lose anything.
//
// A listing may be stale. One that is older than a hint that was seen is made again, at most kStaleRetries times: after
// a crash an etcd may count its revisions from lower on. `floor_key` is for whoever must know how old a picture can be
// at most: it is read before the listing, and `reached` tells that no page of the listing is older than that key's last
// change.
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
inline constexpr Duration kRelist = 10min;

struct ListedPicture {
  std::vector<Entry> entries;  // in order of keys
  std::optional<Entry> floor;
  bool reached = false;
};

class FollowedListing {
 public:
  using OnPicture = std::function<void(const ListedPicture&)>;

  FollowedListing(Runtime& runtime, MetaStore& meta, std::string prefix, std::string floor_key, OnPicture on_picture);
  ~FollowedListing();  // no picture comes any more
  FollowedListing(const FollowedListing&) = delete;

  void start();    // the first picture comes when metadata can be reached
  void refresh();  // there is reason to believe that the picture is old

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

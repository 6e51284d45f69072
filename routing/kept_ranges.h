// KeptRanges: which operations keep a range locked between the two rounds of a COMPARE AND WRITE across pages, and
// until when. Pure, and knows no locks: each range is named by the task that has its lock.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <vector>

#include "routing/page.h"
#include "routing/peer_limits.h"
#include "target/base/time.h"

namespace shoal::routing {

struct KeptRangesLimits {
  std::size_t ranges = 4096;
  std::size_t of_nexus = 256;  // beyond what a session's command window lets it have under way
  Duration longest = kLongestKeep;
};

class KeptRanges {
 public:
  using Task = std::uint32_t;

  explicit KeptRanges(const KeptRangesLimits& limits) : limits_(limits) {}

  bool empty() const { return ranges_.empty(); }
  bool contains(const PageRequest& request) const { return ranges_.contains(key_of(request)); }
  // False: too many, or the operation keeps that range already.
  bool add(const PageRequest& request, Task task, Time now);
  // What contains() the request is not kept any more.
  Task take(const PageRequest& request);
  // One that is, if any: of whom the time is up; of an operation that is over, as an origin of the same nexus tells: of
  // an older generation, or below the watermark.
  std::optional<Task> expired(Time now) const;
  std::optional<Task> finished(ImageId image, const Origin& origin) const;

 private:
  struct Key {
    ImageId image;
    NexusId nexus;
    Generation generation;
    OperationId id;
    PageIndex page;
    std::uint32_t offset = 0, length = 0;
    auto operator<=>(const Key&) const = default;
  };
  struct Kept {
    Task task;
    Time until;
  };
  using Ranges = std::map<Key, Kept>;

  static Key key_of(const PageRequest& request);
  bool has_room(const Key& key) const;

  KeptRangesLimits limits_;
  Ranges ranges_;
};

}  // namespace shoal::routing

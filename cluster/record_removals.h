// RecordRemovals: removes session records. Every removal changes the gate of its image, so removals that are under way
// together would only keep each other from it: those of one image wait for each other here, and up to kMaxRemovals of
// them go in one compare-and-swap.
#pragma once

#include <map>
#include <memory>
#include <vector>

#include "cluster/meta_calls.h"
#include "cluster/seen_sessions.h"

namespace shoal::cluster {

inline constexpr std::size_t kMaxRemovals = 40;

class RecordRemovals {
 public:
  // All of it outlives this. What the gates were seen to be is learned from removals, too.
  RecordRemovals(Runtime& runtime, MetaCalls& calls, SeenSessions& seen);
  ~RecordRemovals();
  RecordRemovals(const RecordRemovals&) = delete;

  // Done: the record is gone, or its image is. Not done: what was found instead; where that is the same record still,
  // the gate had changed, and asking again is in order.
  void remove(const Seen<NexusRecord>& record, Completion<Settled> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

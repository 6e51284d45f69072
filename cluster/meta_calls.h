// MetaCalls: calls to a MetaStore that are repeated, with back-off, until their outcome is known. Shared by members,
// volumes and sessions.
//
// A compare-and-swap whose answer was lost may have been applied, and may still be applied while we ask again; so the
// same call is repeated until it is done or in conflict. A repeated one that had succeeded reports a conflict: pursue()
// therefore reads the first key that was written and knows its own write again. A conflict at once is somebody else's. That works because callers put into
// that value something that nobody else writes (a token, an instance, an identity). What is read is never proof of the
// opposite: whoever sees a conflict tries again with what was found, and a stale reading ends in another conflict.
//
// Destroyed: nothing completes any more; a call that is under way may still be applied.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/meta_store.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

inline constexpr Duration kFirstPause = 50ms;
inline constexpr Duration kLongestPause = 2s;
inline constexpr std::size_t kListPage = 1000;
// How often an answer from the past is asked for again. Not for ever: after a crash an etcd may count from lower on.
inline constexpr int kStaleRetries = 5;

// Grows from kFirstPause to kLongestPause, with jitter, so that members that lost the same race do not meet again.
class BackOff {
 public:
  Duration next(Random& random);

 private:
  Duration pause_ = kFirstPause;
};

struct CasRequest {
  std::vector<Expect> expect;
  std::vector<Write> writes;  // the first is the witness: its value is of this attempt alone, or it is a deletion
};

struct Settled {
  bool done = false;
  std::uint64_t revision = 0;  // done: of the witness (0 where it was deleted)
  std::optional<Entry> found;  // not done: the witness as it was read, perhaps stale
};

struct CompleteListing {
  std::vector<Entry> entries;  // in order of keys
  std::uint64_t revision = 0;  // no page of it is older than that
};

class MetaCalls {
 public:
  MetaCalls(Runtime& runtime, MetaStore& meta);
  ~MetaCalls();
  MetaCalls(const MetaCalls&) = delete;

  void pursue(CasRequest request, Completion<Settled> done);
  void read(std::string key, Completion<std::optional<Entry>> done);
  void list(std::string prefix, Completion<CompleteListing> done);  // every page of it
  void verify(std::vector<Expect> expect, Completion<bool> done);   // does what was read hold now? Not a hint: a proof
  void pause(BackOff& back_off, Completion<> then);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

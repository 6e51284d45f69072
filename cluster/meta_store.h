// MetaStore: the few records that the whole group agrees on. Its only safety-relevant call is cas(); list() and watch()
// may be stale, late, repeated or lossy, so nothing is ever decided on them: a decision carries its comparison into a
// cas().
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "target/base/completion.h"
#include "target/base/time.h"

namespace shoal::cluster {

inline constexpr std::size_t kMaxCasKeys = 100;
inline constexpr std::size_t kMaxValueBytes = 1024 * 1024;

struct Expect {
  std::string key;
  std::uint64_t revision = 0;  // 0: the key must not exist
};
struct Write {
  std::string key;
  std::optional<std::string> value;  // nullopt: delete
};

enum class CasOutcome {
  done,      // applied, durable
  conflict,  // an expectation failed, nothing was applied
  unknown,   // perhaps applied: repeat the same call until it is done or conflict
};
struct CasResult {
  CasOutcome outcome = CasOutcome::unknown;
  std::uint64_t revision = 0;  // done: the revision that the written keys now have
};

struct Entry {
  std::string key, value;
  std::uint64_t revision = 0;  // of this key, for Expect
};
struct Listing {
  bool ok = false;             // false: metadata out of reach
  std::vector<Entry> entries;  // in order of keys, at most as many as asked for
  bool more = false;
  std::uint64_t revision = 0;  // of the whole store, to watch from
};
struct Change {
  std::string key;
  std::optional<std::string> value;  // nullopt: deleted
  std::uint64_t revision = 0;
};

// Ends what it stands for when destroyed (a watch, an announcement).
class Subscription {
 public:
  virtual ~Subscription() = default;
};

class MetaStore {
 public:
  virtual ~MetaStore() = default;
  // Without writes: do the expectations hold now?
  virtual void cas(std::vector<Expect> expect, std::vector<Write> writes, Completion<CasResult> done) = 0;
  // Keys with this prefix that come after `after` (empty: from the first).
  virtual void list(std::string prefix, std::string after, std::size_t limit, Completion<Listing> done) = 0;
  // Hints. nullopt: events may have been lost, list again. Reconnects by itself for as long as it is held.
  virtual std::unique_ptr<Subscription> watch(std::string prefix,
                                              std::function<void(std::optional<Change>)> on_change) = 0;
  // A key that vanishes some time after this process (ttl or more): a liveness hint for people and policies only.
  virtual std::unique_ptr<Subscription> announce(std::string key, std::string value, Duration ttl) = 0;
  virtual bool reachable() const = 0;  // did the last call get an answer; for status and policies
  // Why it got none, one line for people; empty where that is not known.
  virtual std::string problem() const { return {}; }
};

}  // namespace shoal::cluster

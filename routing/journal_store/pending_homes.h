// PendingHomes: where the blocks of records lie that are on their way into the journal. Two writes to a chunk that has
// no place yet get the same one; a chunk that is freed meanwhile is given to nobody else. Pure.
#pragma once

#include <boost/unordered/unordered_flat_map.hpp>
#include <cstdint>
#include <optional>

#include "routing/journal_store/chunk_trees.h"
#include "routing/journal_store/reserve.h"
#include "routing/journal_store/space.h"

namespace shoal::routing::journal {

class PendingHomes {
 public:
  PendingHomes(Space& space, Reserve& reserve) : space_(space), reserve_(reserve) {}

  // `now`: where it lies, or 0. nullopt: it lies nowhere, and the store is full.
  std::optional<ChunkNumber> assign(const ChunkKey& key, ChunkNumber now) {
    const auto [pending, added] = pending_.try_emplace(key);
    if (added) {
      if (!take(pending->second, now)) {
        pending_.erase(pending);
        return std::nullopt;
      }
    }
    ++pending->second.writes;
    return pending->second.home;
  }

  void release(const ChunkKey& key) {
    const auto pending = pending_.find(key);
    if (--pending->second.writes > 0) return;
    space_.release(pending->second.home);
    pending_.erase(pending);
  }

 private:
  struct Pending {
    ChunkNumber home;
    std::uint32_t writes = 0;
  };

  bool take(Pending& pending, ChunkNumber now) {
    if (now.value != 0) {
      space_.hold(now);
      pending.home = now;
      return true;
    }
    const auto fresh = reserve_.take_chunk();
    if (fresh) pending.home = *fresh;
    return fresh.has_value();
  }

  Space& space_;
  Reserve& reserve_;
  boost::unordered_flat_map<ChunkKey, Pending, ChunkKeyHash> pending_;  // never iterated
};

}  // namespace shoal::routing::journal

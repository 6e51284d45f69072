#include "tools/node/group_space.h"

#include <algorithm>

namespace shoal {

std::vector<load::StoreRoom> rooms_of(const routing::PageService& pages) {
  std::vector<load::StoreRoom> rooms;
  for (const auto& store : pages.stores()) {
    const routing::StoreSpace space = store->space();
    rooms.push_back({store->id(), space.total_bytes, space.used_bytes, space.free_bytes});
  }
  return rooms;
}

KnownSpace known_space(const routing::PageService& pages, const load::LoadTable& reports) {
  KnownSpace known;
  for (const auto& [member, entry] : reports.entries()) {
    if (!entry.report) continue;
    for (const load::StoreRoom& room : entry.report->rooms) {
      known[room.store] = {room.total_bytes, room.used_bytes, room.free_bytes};
    }
  }
  for (const auto& store : pages.stores()) known[store->id()] = store->space();
  return known;
}

std::optional<PoolSpace> pool_space(const std::vector<StoreId>& stores, const KnownSpace& known) {
  PoolSpace pool{.available_percent = 100};
  for (const StoreId& store : stores) {
    const auto space = known.find(store);
    if (space == known.end() || space->second.total_bytes == 0) return std::nullopt;
    const auto& [total, used, free] = space->second;
    pool.used_bytes += used;
    pool.available_bytes += free;
    const double percent = 100.0 * static_cast<double>(free) / static_cast<double>(total);
    pool.available_percent = static_cast<unsigned>(std::min<double>(pool.available_percent, percent));
  }
  return pool;
}

}  // namespace shoal

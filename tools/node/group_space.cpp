#include "tools/node/group_space.h"

#include <algorithm>

namespace shoal {

std::vector<load::StoreRoom> rooms_of(const routing::PageService& pages) {
  std::vector<load::StoreRoom> rooms;
  for (const auto& store : pages.stores()) {
    const routing::StoreSpace space = store->space();
    rooms.push_back({store->id(), space.total_bytes, space.used_bytes, space.free_bytes, space.growth_bytes,
                     space.file_system.id, space.file_system.free_bytes});
  }
  return rooms;
}

KnownSpace known_space(const routing::PageService& pages, const load::LoadTable& reports) {
  KnownSpace known;
  for (const auto& [member, entry] : reports.entries()) {
    if (!entry.report) continue;
    for (const load::StoreRoom& room : entry.report->rooms) {
      known[room.store] = {room.total_bytes,
                           room.used_bytes,
                           room.free_bytes,
                           room.growth_bytes,
                           {room.file_system, room.file_system_free_bytes}};
    }
  }
  for (const auto& store : pages.stores()) known[store->id()] = store->space();
  return known;
}

routing::StoreSpace sum_of(const std::vector<routing::StoreSpace>& spaces) {
  routing::StoreSpace sum;
  std::map<std::uint64_t, routing::StoreSpace> sharing;  // by file system
  for (const routing::StoreSpace& space : spaces) {
    sum.total_bytes += space.total_bytes;
    sum.used_bytes += space.used_bytes;
    sum.free_bytes += space.free_bytes;
    if (space.file_system.id == 0) continue;
    routing::StoreSpace& shared = sharing[space.file_system.id];
    shared.growth_bytes += space.growth_bytes;
    shared.file_system.free_bytes = std::max(shared.file_system.free_bytes, space.file_system.free_bytes);
  }
  for (const auto& [file_system, shared] : sharing) {
    const std::uint64_t counted_twice =
        shared.growth_bytes - std::min(shared.growth_bytes, shared.file_system.free_bytes);
    sum.total_bytes -= counted_twice;
    sum.free_bytes -= counted_twice;
  }
  return sum;
}

std::optional<PoolSpace> pool_space(const std::vector<StoreId>& stores, const KnownSpace& known) {
  std::vector<routing::StoreSpace> spaces;
  unsigned least_percent = 100;
  for (const StoreId& store : stores) {
    const auto found = known.find(store);
    if (found == known.end() || found->second.total_bytes == 0) return std::nullopt;
    const routing::StoreSpace& space = spaces.emplace_back(found->second);
    const double percent = 100.0 * static_cast<double>(space.free_bytes) / static_cast<double>(space.total_bytes);
    least_percent = static_cast<unsigned>(std::min<double>(least_percent, percent));
  }
  const routing::StoreSpace sum = sum_of(spaces);
  return PoolSpace{.used_bytes = sum.used_bytes, .available_bytes = sum.free_bytes, .available_percent = least_percent};
}

}  // namespace shoal

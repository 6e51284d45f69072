// What is known of the room in the group's stores: of those here what they say, of the others what their members told
// with their last reports of load, however long ago.
#pragma once

#include <map>
#include <optional>
#include <vector>

#include "cluster/load/load_table.h"
#include "routing/page_service.h"
#include "target/ports/target_catalog.h"

namespace shoal {

using KnownSpace = std::map<StoreId, routing::StoreSpace>;

std::vector<load::StoreRoom> rooms_of(const routing::PageService& pages);
KnownSpace known_space(const routing::PageService& pages, const load::LoadTable& reports);

// What they are together: room that several of them would take of one file system is there once.
routing::StoreSpace sum_of(const std::vector<routing::StoreSpace>& spaces);

// Of the stores that a volume lies on. nullopt: one of them does not know, or was never heard of.
std::optional<PoolSpace> pool_space(const std::vector<StoreId>& stores, const KnownSpace& known);

}  // namespace shoal

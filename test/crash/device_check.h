// What the checks of a kind of store (as shoal-fsck makes them) say of a device as a recovered store has left it: leaks
// and wrong counts are seen by nobody who only reads.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "test/crash/store_driver.h"

namespace shoal::crash {

// Looks at some devices only, by that seed, for it takes about as long as to recover one. nullopt: nothing was found.
std::optional<std::string> check_device(const StoreDriver& driver, const DiskImage& device, std::uint64_t seed);

}  // namespace shoal::crash

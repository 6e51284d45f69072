// Why a store cannot be opened, in words for people, whoever tries.
#pragma once

#include <string>

#include "routing/journal_store/superblock.h"
#include "target/runtime/runtime.h"

namespace shoal::routing::journal {

inline constexpr const char* kNewerFormat = "it was made by a newer version of Shoal, which has to open it";
inline constexpr const char* kSeveralStores = "its superblocks are of two stores";
inline constexpr const char* kNoRoomForMetadata =
    "no room for its metadata: make its file longer (truncate -s +64M FILE), or its device larger, and start again";

std::string cannot_open(FileError error, const std::string& path);
std::string no_room_for_store(std::uint64_t bytes);  // that one takes at least
std::string too_short(std::uint64_t bytes, const Superblock& superblock);

}  // namespace shoal::routing::journal

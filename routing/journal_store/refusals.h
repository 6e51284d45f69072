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
inline constexpr const char* kNoRoomForStore = "the file system has no room for a new store";

std::string cannot_open(FileError error, const std::string& path);
std::string too_short(std::uint64_t bytes, const Superblock& superblock);

}  // namespace shoal::routing::journal

#include "routing/journal_store/refusals.h"

#include <fmt/format.h>

#include "routing/journal_store/file_system_margin.h"

namespace shoal::routing::journal {

std::string cannot_open(FileError error, const std::string& path) {
  switch (error) {
    case FileError::in_use:
      return fmt::format("{} is in use: another process has the store open, or the device is mounted", path);
    case FileError::refused:
      return fmt::format(
          "{} cannot be opened: it is no file or block device, its sectors are larger than {} bytes, or permission is "
          "denied",
          path, kDeviceBlockBytes);
    case FileError::no_space:
      return fmt::format(
          "{} cannot be opened: the file system has no room for a new file, or for the parts of this one that were "
          "never written (holes): make room there, or copy the file to another file system",
          path);
    default: return fmt::format("{} cannot be opened: {}", path, to_string(error));
  }
}

std::string no_room_for_store(std::uint64_t bytes) {
  return fmt::format("the file system has no room for a new store: {} bytes, and {} that a store leaves to others",
                     bytes, kFileSystemMargin);
}

std::string too_short(std::uint64_t bytes, const Superblock& superblock) {
  return fmt::format("it is shorter than it was: {} bytes instead of {}", bytes,
                     std::uint64_t{superblock.device_chunks} * kChunkBytes);
}

}  // namespace shoal::routing::journal

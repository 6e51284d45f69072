#include "target/runtime/posix_devices.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <optional>
#include <vector>

#include "target/runtime/device_inquiry.h"

namespace shoal::posix {
namespace {

constexpr mode_t kDeviceMode = 0640;
constexpr off_t kStatBlockBytes = 512;  // of st_blocks, whatever the file system's blocks are

enum class Kind { nothing, file, block_device, other };

// Asked before it is opened, because opening a device of another kind may do something to it.
Kind kind_of(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return Kind::nothing;
  if (S_ISREG(status.st_mode)) return Kind::file;
  return S_ISBLK(status.st_mode) ? Kind::block_device : Kind::other;
}

// O_EXCL without O_CREAT: a block device that is mounted, or that another one opened in this way, is refused.
int flags_of(Kind kind, DeviceOpen how) {
  const int access = how == DeviceOpen::read_only ? O_RDONLY : O_RDWR;
  const int creation = kind == Kind::nothing && how == DeviceOpen::create ? O_CREAT : 0;
  const int exclusion = kind == Kind::block_device && how != DeviceOpen::read_only ? O_EXCL : 0;
  return access | creation | exclusion | O_CLOEXEC;
}

Result<std::shared_ptr<OpenFile>, FileError> open_with(const std::string& path, int flags) {
  if (const int fd = ::open(path.c_str(), flags | O_DIRECT, kDeviceMode); fd >= 0) {
    return std::make_shared<OpenFile>(fd, true);
  }
  if (errno == EINVAL) {  // this file system knows no O_DIRECT
    if (const int fd = ::open(path.c_str(), flags, kDeviceMode); fd >= 0) return std::make_shared<OpenFile>(fd, false);
  }
  return errno == EBUSY ? FileError::in_use : file_error(errno);
}

std::optional<FileError> lock(const OpenFile& file, DeviceOpen how) {
  const int kind = how == DeviceOpen::read_only ? LOCK_SH : LOCK_EX;
  if (::flock(file.fd, kind | LOCK_NB) == 0) return std::nullopt;
  return errno == EWOULDBLOCK ? FileError::in_use : file_error(errno);
}

// The device takes only writes that are larger than a block.
bool has_large_sectors(int fd) {
  int bytes = 0;
  return ::ioctl(fd, BLKSSZGET, &bytes) == 0 && static_cast<unsigned>(bytes) > kDeviceBlockBytes;
}

// Of holes only: some file systems take what they are asked for as if none of it were there.
std::optional<FileError> reserve(int fd, off_t from, off_t to) {
  int result = 0;
  do {
    result = ::fallocate(fd, 0, from, to - from);
  } while (result != 0 && errno == EINTR);
  return result == 0 || errno == EOPNOTSUPP ? std::nullopt : std::optional(file_error(errno));
}

struct Hole {
  off_t begin = 0, end = 0;
};

std::vector<Hole> holes_of(int fd, off_t end) {
  std::vector<Hole> holes;
  for (off_t hole = ::lseek(fd, 0, SEEK_HOLE); hole >= 0 && hole < end;) {
    const off_t data = ::lseek(fd, hole, SEEK_DATA);
    holes.push_back({hole, data < 0 ? end : data});
    hole = ::lseek(fd, holes.back().end, SEEK_HOLE);
  }
  return holes;
}

// False: before anything is reserved, because what a reservation got until it failed would stay taken. Where a file
// system compresses, fewer blocks are there than the length says, and none is missing; where it has reserved some
// already, it shows them as holes.
bool has_room_for(const std::vector<Hole>& holes, int fd, off_t end) {
  struct stat status;
  struct statvfs space;
  if (::fstat(fd, &status) != 0 || ::fstatvfs(fd, &space) != 0) return true;  // the reservation finds out
  off_t in_holes = 0;
  for (const Hole& hole : holes) in_holes += hole.end - hole.begin;
  const off_t missing = std::min(in_holes, end - static_cast<off_t>(status.st_blocks) * kStatBlockBytes);
  return missing <= 0 || static_cast<std::uint64_t>(missing) <= std::uint64_t{space.f_bavail} * space.f_frsize;
}

// A write inside the length of a file does not find the file system full.
std::optional<FileError> fill_holes(int fd, off_t end) {
  const std::vector<Hole> holes = holes_of(fd, end);
  if (!has_room_for(holes, fd, end)) return FileError::no_space;
  for (const Hole& hole : holes) {
    if (const auto error = reserve(fd, hole.begin, hole.end)) return error;
  }
  return std::nullopt;
}

}  // namespace

Result<LockedDevice, FileError> open_device(const std::string& path, DeviceOpen how) {
  const Kind kind = kind_of(path);
  if (kind == Kind::other) return FileError::refused;
  const auto file = open_with(path, flags_of(kind, how));
  if (!file) return file.error();
  if (kind == Kind::block_device && has_large_sectors((*file)->fd)) return FileError::refused;
  if (const auto taken = lock(**file, how)) return *taken;
  const off_t end = ::lseek((*file)->fd, 0, SEEK_END);
  if (end < 0) return file_error(errno);
  if (kind == Kind::file && how != DeviceOpen::read_only) {
    if (const auto error = fill_holes((*file)->fd, end)) return *error;
  }
  LockedDevice device{*file, static_cast<std::uint64_t>(end), device_facts((*file)->fd)};
  device.facts.direct = (*file)->direct;
  return device;
}

}  // namespace shoal::posix

#include "target/runtime/posix_files.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>

namespace shoal::posix {
namespace {

namespace fs = std::filesystem;

constexpr mode_t kFileMode = 0640;
constexpr mode_t kDirectoryMode = 0750;

FileError last_error() { return file_error(errno); }
FileError last_change_error() { return change_error(errno); }

Result<std::shared_ptr<OpenFile>, FileError> open(const std::string& path, int flags) {
  const int fd = ::open(path.c_str(), flags | O_CLOEXEC, kFileMode);
  if (fd < 0) return last_error();
  return std::make_shared<OpenFile>(fd);
}

std::string parent_of(const std::string& path) {
  const fs::path parent = fs::path(path).parent_path();
  return parent.empty() ? "." : parent.string();
}

Result<void, FileError> sync(const OpenFile& file) {
  if (::fsync(file.fd) != 0) return last_change_error();
  return {};
}

Result<void, FileError> write_all(int fd, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(fd, text.data(), text.size());
    if (written < 0 && errno != EINTR) return last_change_error();
    if (written > 0) text.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<void, FileError> write_durably(const std::string& path, std::string_view text) {
  const auto file = open(path, O_WRONLY | O_CREAT | O_TRUNC);
  if (!file) return file.error();
  if (const auto written = write_all((*file)->fd, text); !written) return written;
  return sync(**file);
}

// The kernel gives the lock back when the descriptor is closed, however the process ends.
struct HeldDirectory final : DirectoryLock {
  explicit HeldDirectory(std::shared_ptr<OpenFile> file) : file(std::move(file)) {}
  const std::shared_ptr<OpenFile> file;
};

bool is_directory(const std::string& path) {
  struct stat status;
  return ::stat(path.c_str(), &status) == 0 && S_ISDIR(status.st_mode);
}

// One level. Durable when it returns, unless somebody else has made it and not synced it yet: that is synced as well.
// The parent is opened first: where there is no descriptor for it nothing was made.
Result<void, FileError> make_directory(const std::string& path) {
  const auto parent = open_directory(parent_of(path));
  if (!parent) return parent.error();
  if (::mkdir(path.c_str(), kDirectoryMode) != 0 && errno != EEXIST) return last_error();
  if (!is_directory(path)) return FileError::refused;
  return sync(**parent);
}

}  // namespace

Result<std::shared_ptr<OpenFile>, FileError> open_file(const std::string& path, bool create) {
  return open(path, O_RDWR | (create ? O_CREAT : 0));
}

Result<std::shared_ptr<OpenFile>, FileError> open_directory(const std::string& path) {
  return open(path, O_RDONLY | O_DIRECTORY);
}

Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string& path) {
  auto directory = open_directory(path);
  if (!directory) return directory.error();
  if (::flock((*directory)->fd, LOCK_EX | LOCK_NB) != 0) {
    return errno == EWOULDBLOCK ? FileError::in_use : last_error();
  }
  return std::unique_ptr<DirectoryLock>(std::make_unique<HeldDirectory>(std::move(*directory)));
}

Result<std::uint64_t, FileError> file_size(const std::string& path) {
  struct stat status;
  if (::stat(path.c_str(), &status) != 0) return last_error();
  return static_cast<std::uint64_t>(status.st_size);
}

Result<void, FileError> make_directories(const std::string& path) {
  if (is_directory(path)) return {};
  const std::string parent = parent_of(path);
  if (parent != path) {
    if (const auto made = make_directories(parent); !made) return made;
  }
  return make_directory(path);
}

Result<std::vector<std::string>, FileError> list_directory(const std::string& path) {
  std::error_code error;
  std::vector<std::string> names;
  for (fs::directory_iterator entry(path, error), end; !error && entry != end; entry.increment(error)) {
    names.push_back(entry->path().filename().string());
  }
  if (error) return file_error(error.value());
  std::sort(names.begin(), names.end());
  return names;
}

Result<void, FileError> remove_tree(const std::string& path) {
  std::error_code error;
  fs::remove_all(path, error);
  if (error) return file_error(error.value());
  return {};
}

Result<std::string, FileError> read_whole(const std::string& path) {
  const auto file = open(path, O_RDONLY);
  if (!file) return file.error();
  std::string text;
  while (true) {
    char part[16384];
    const ssize_t got = ::read((*file)->fd, part, sizeof part);
    if (got < 0 && errno != EINTR) return last_error();
    if (got == 0) return text;
    if (got > 0) text.append(part, static_cast<std::size_t>(got));
    if (text.size() > kMaxWholeFileBytes) return FileError::refused;
  }
}

Result<void, FileError> replace_whole(const std::string& path, std::string_view text) {
  const auto directory = open_directory(parent_of(path));  // first: without a descriptor for it nothing is replaced
  if (!directory) return directory.error();
  const std::string fresh = path + ".new";  // one that a crash has left is overwritten
  if (const auto written = write_durably(fresh, text); !written) return written;
  if (::rename(fresh.c_str(), path.c_str()) != 0) return last_error();
  return sync(**directory);
}

}  // namespace shoal::posix

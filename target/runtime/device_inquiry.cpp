#include "target/runtime/device_inquiry.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace shoal::posix {
namespace {

// As mount(8) and the kernel's documentation of each file system name them: ext3 and ext4, xfs up to 4.19, btrfs;
// overlay.
constexpr std::array<std::string_view, 3> kNoFlush{"nobarrier", "barrier=0", "volatile"};

std::string text_of(const std::string& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::string first_line(const std::string& path) {
  std::string text = text_of(path);
  if (const auto end = text.find('\n'); end != std::string::npos) text.resize(end);
  return text;
}

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts;
  while (!text.empty()) {
    const auto end = std::min(text.find(separator), text.size());
    parts.emplace_back(text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return parts;
}

// One line: id, parent, device, root, mount point, options, any number of optional fields, "-", file system, source,
// options of the file system.
std::optional<Mount> parse_mount(std::string_view line, std::uint64_t mount_id) {
  const auto fields = split(line, ' ');
  if (fields.size() < 10 || fields[0] != std::to_string(mount_id)) return std::nullopt;
  const auto dash = std::find(fields.begin() + 6, fields.end(), "-");
  if (fields.end() - dash < 4) return std::nullopt;
  Mount mount{dash[1], dash[2], split(fields[5], ',')};
  std::ranges::move(split(dash[3], ','), std::back_inserter(mount.options));
  return mount;
}

std::optional<Mount> mount_of(int fd) {
  struct statx status;
  if (::statx(fd, "", AT_EMPTY_PATH, STATX_MNT_ID, &status) != 0 || !(status.stx_mask & STATX_MNT_ID)) {
    return std::nullopt;
  }
  return find_mount(text_of("/proc/self/mountinfo"), status.stx_mnt_id);
}

// The source's own number where it is a device, for file systems like btrfs that give their files another one.
dev_t device_under(const Mount& mount, dev_t of_file) {
  struct stat status;
  return ::stat(mount.source.c_str(), &status) == 0 && S_ISBLK(status.st_mode) ? status.st_rdev : of_file;
}

// A partition has no queue of its own, its disk is the folder above it.
std::string queue_of(dev_t device) {
  const std::string folder = fmt::format("/sys/dev/block/{}:{}", major(device), minor(device));
  struct stat status;
  const bool partition = ::stat((folder + "/partition").c_str(), &status) == 0;
  return folder + (partition ? "/../queue" : "/queue");
}

WriteCache parse_write_cache(const std::string& word) {
  if (word == to_string(WriteCache::write_back)) return WriteCache::write_back;
  if (word == to_string(WriteCache::write_through)) return WriteCache::write_through;
  return WriteCache::unknown;
}

void inquire_queue(dev_t device, DeviceFacts& facts) {
  const std::string queue = queue_of(device);
  facts.write_cache = parse_write_cache(first_line(queue + "/write_cache"));
  facts.fua = first_line(queue + "/fua") == "1";
}

}  // namespace

std::optional<Mount> find_mount(std::string_view mountinfo, std::uint64_t mount_id) {
  for (const std::string& line : split(mountinfo, '\n')) {
    if (auto mount = parse_mount(line, mount_id)) return mount;
  }
  return std::nullopt;
}

bool flushes_device(const std::vector<std::string>& options) {
  return std::ranges::none_of(
      options, [](const std::string& option) { return std::ranges::find(kNoFlush, option) != kNoFlush.end(); });
}

DeviceFacts device_facts(int fd) {
  DeviceFacts facts;
  struct stat status;
  if (::fstat(fd, &status) != 0) return facts;
  facts.block_device = S_ISBLK(status.st_mode);
  if (facts.block_device) {
    inquire_queue(status.st_rdev, facts);
    return facts;
  }
  const auto mount = mount_of(fd);
  if (!mount) return facts;
  facts.file_system = mount->file_system;
  facts.flushes = flushes_device(mount->options);
  inquire_queue(device_under(*mount, status.st_dev), facts);
  return facts;
}

}  // namespace shoal::posix

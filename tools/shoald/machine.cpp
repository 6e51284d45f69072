#include "tools/shoald/machine.h"

#include <fmt/format.h>
#include <malloc.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <sstream>
#include <string>

#include "target/base/check.h"

namespace shoal {
namespace {

constexpr std::uint64_t kNoLimit = std::numeric_limits<std::uint64_t>::max();

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

// Of this boot of this machine: all its processes see the same one, those of other machines another.
std::uint64_t file_system_id(const std::string& folder) {
  struct stat facts {};
  static const std::string boot = first_line("/proc/sys/kernel/random/boot_id");
  if (boot.empty() || ::stat(folder.c_str(), &facts) != 0) return 0;
  return std::hash<std::string>()(fmt::format("{} {}", boot, facts.st_dev));
}

std::uint64_t resident_bytes() {
  std::istringstream pages(first_line("/proc/self/statm"));  // all, then resident
  std::uint64_t all = 0, resident = 0;
  pages >> all >> resident;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

Duration to_duration(const timeval& time) {
  return std::chrono::seconds(time.tv_sec) + std::chrono::microseconds(time.tv_usec);
}

// The path of this process' control group, of the one hierarchy that there is (cgroups(7), version 2). Empty: none.
std::string control_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return line.substr(3);
  }
  return "";
}

// Every group above may have a lower one.
std::uint64_t control_group_memory_bytes() {
  std::uint64_t least = kNoLimit;
  for (std::string group = control_group();; group.resize(group.rfind('/'))) {
    std::istringstream most(first_line("/sys/fs/cgroup" + group + "/memory.max"));
    if (std::uint64_t bytes = 0; most >> bytes) least = std::min(least, bytes);
    if (group.empty()) return least;
  }
}

// What is mapped and not in memory, such as stacks, will hardly be used as memory any more. glibc would set aside
// 64 MiB of addresses for each thread that allocates.
std::uint64_t address_space_bytes() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_AS, &limit) == 0);
  if (limit.rlim_cur == RLIM_INFINITY) return kNoLimit;
  ::mallopt(M_ARENA_MAX, 1);
  std::istringstream pages(first_line("/proc/self/statm"));
  std::uint64_t mapped = 0, resident = 0;
  pages >> mapped >> resident;
  const std::uint64_t unused = (mapped - resident) * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
  return limit.rlim_cur - std::min<std::uint64_t>(limit.rlim_cur, unused);
}

}  // namespace

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? limit.rlim_max : limit.rlim_cur;
}

std::uint64_t memory_bytes() {
  const long pages = ::sysconf(_SC_PHYS_PAGES), page_bytes = ::sysconf(_SC_PAGESIZE);
  CHECK(pages > 0 && page_bytes > 0, pages, page_bytes);
  return static_cast<std::uint64_t>(pages) * static_cast<std::uint64_t>(page_bytes);
}

double parse_cpu_max(const std::string& text) {
  std::istringstream words(text);
  double quota = 0, period = 0;
  if (!(words >> quota >> period) || quota <= 0 || period <= 0) return std::numeric_limits<double>::infinity();
  return quota / period;
}

ProcessLimits process_limits() {
  const double processors = std::min(1.0, parse_cpu_max(first_line("/sys/fs/cgroup" + control_group() + "/cpu.max")));
  return {processors, std::min({memory_bytes(), control_group_memory_bytes(), address_space_bytes()})};
}

routing::FileSystemRoom file_system_room(const std::string& path) {
  const std::string folder = std::filesystem::absolute(path).parent_path();
  struct statvfs space {};
  if (::statvfs(folder.c_str(), &space) != 0) return {};
  return {file_system_id(folder), std::uint64_t{space.f_bavail} * space.f_frsize};
}

void read_process(const ProcessLimits& limits, load::Readings& readings) {
  rusage usage{};
  CHECK(::getrusage(RUSAGE_SELF, &usage) == 0);
  readings.cpu_time = to_duration(usage.ru_utime) + to_duration(usage.ru_stime);
  readings.processors = limits.processors;
  readings.memory_bytes = resident_bytes();
  readings.memory_limit_bytes = limits.memory_bytes;
}

}  // namespace shoal

#include "tools/shoald/machine.h"

#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <limits>
#include <sstream>
#include <string>

#include "target/base/check.h"

namespace shoal {
namespace {

// The folder of this process' control group, of the one hierarchy that there is (cgroups(7), version 2). Empty: none.
std::string control_group() {
  std::ifstream file("/proc/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with("0::")) return "/sys/fs/cgroup" + line.substr(3);
  }
  return "";
}

std::string first_line(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
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
  const std::string group = control_group();
  ProcessLimits limits{std::min(1.0, parse_cpu_max(first_line(group + "/cpu.max"))), memory_bytes()};
  std::istringstream most(first_line(group + "/memory.max"));
  if (std::uint64_t bytes = 0; most >> bytes) limits.memory_bytes = std::min(limits.memory_bytes, bytes);
  return limits;
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

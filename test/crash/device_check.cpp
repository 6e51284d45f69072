#include "test/crash/device_check.h"

#include <utility>
#include <vector>

#include "test/crash/recorded_runtime.h"
#include "test/crash/seeds.h"

namespace shoal::crash {
namespace {

constexpr std::uint64_t kOneOf = 8;

}  // namespace

std::optional<std::string> check_device(const StoreDriver& driver, const DiskImage& device, std::uint64_t seed) {
  if (!driver.check || mix(seed, "check") % kOneOf != 0) return std::nullopt;
  History nothing_to_happen;
  RecordedRuntime runtime(device, seed, nothing_to_happen);
  std::optional<std::vector<std::string>> found;
  const auto checking = driver.check(runtime, [&found](auto findings) { found = std::move(findings); });
  if (!runtime.run_until([&] { return found.has_value(); })) return "the check of its device does not end";
  if (found->empty()) return std::nullopt;
  return "the check of its device finds: " + found->front();
}

}  // namespace shoal::crash

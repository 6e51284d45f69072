#include "target/runtime/system_random.h"

#include <string.h>
#include <sys/random.h>

#include <cerrno>

#include "target/base/check.h"

namespace shoal {

std::uint64_t SystemRandom::next() {
  std::array<std::byte, sizeof(std::uint64_t)> bytes;
  fill(bytes);
  return load_le<std::uint64_t>(bytes);
}

void SystemRandom::fill(MutableByteSpan bytes) {
  while (!bytes.empty()) {
    if (used_ == buffer_.size()) refill();
    const std::size_t count = std::min(bytes.size(), buffer_.size() - used_);
    std::memcpy(bytes.data(), buffer_.data() + used_, count);
    ::explicit_bzero(buffer_.data() + used_, count);
    used_ += count;
    bytes = bytes.subspan(count);
  }
}

void SystemRandom::refill() {
  for (std::size_t have = 0; have < buffer_.size();) {
    const ssize_t got = ::getrandom(buffer_.data() + have, buffer_.size() - have, 0);
    CHECK(got > 0 || errno == EINTR, errno);  // once seeded it does not fail
    if (got > 0) have += static_cast<std::size_t>(got);
  }
  used_ = 0;
}

}  // namespace shoal

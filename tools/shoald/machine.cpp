#include "tools/shoald/machine.h"

#include <sys/resource.h>

#include "target/base/check.h"

namespace shoal {

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  CHECK(::getrlimit(RLIMIT_NOFILE, &limit) == 0);
  const rlimit raised{limit.rlim_max, limit.rlim_max};
  return ::setrlimit(RLIMIT_NOFILE, &raised) == 0 ? limit.rlim_max : limit.rlim_cur;
}

}  // namespace shoal

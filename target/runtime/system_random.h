// SystemRandom: the kernel's generator (getrandom), fetched a page at a time. What was given out is wiped from the
// buffer.
#pragma once

#include <array>

#include "target/base/random.h"

namespace shoal {

class SystemRandom final : public Random {
 public:
  std::uint64_t next() override;
  void fill(MutableByteSpan bytes) override;

 private:
  void refill();

  std::array<std::byte, 4096> buffer_;
  std::size_t used_ = sizeof(buffer_);
};

}  // namespace shoal

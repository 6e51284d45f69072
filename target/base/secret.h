// Secret: bytes that nobody is told. Copies share one buffer, which is wiped when the last of them goes; nothing prints
// it, and it is compared only where that takes constant time.
#pragma once

#include <cstring>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "target/base/bytes.h"

namespace shoal {

// Overwrites what held a secret; the compiler does not leave it out.
inline void wipe(MutableByteSpan bytes) {
  if (!bytes.empty()) ::explicit_bzero(bytes.data(), bytes.size());
}

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string_view text) : held_(std::make_shared<const Held>(as_bytes(text))) {}

  ByteSpan bytes() const { return held_ ? ByteSpan(held_->bytes) : ByteSpan(); }
  std::size_t size() const { return bytes().size(); }

 private:
  struct Held {
    explicit Held(ByteSpan from) : bytes(from.begin(), from.end()) {}
    Held(const Held&) = delete;
    ~Held() { wipe(bytes); }
    std::vector<std::byte> bytes;
  };
  std::shared_ptr<const Held> held_;
};

}  // namespace shoal

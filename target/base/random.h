// Random numbers through an interface: the system's generator in a server, a seeded one in simulation.
#pragma once

#include <cstdint>

#include "target/base/bytes.h"

namespace shoal {

class Random {
 public:
  virtual ~Random() = default;
  virtual std::uint64_t next() = 0;
  virtual void fill(MutableByteSpan bytes) = 0;                                   // fit for keys in a server
  std::uint64_t below(std::uint64_t bound) { return bound == 0 ? 0 : next() % bound; }
};

// SplitMix64: small, seeded, the same everywhere. For simulation and tests; never for keys.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : state_(seed) {}
  std::uint64_t next() override {
    std::uint64_t z = (state_ += 0x9e3779b97f4a7c15u);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
  }
  void fill(MutableByteSpan bytes) override {
    for (std::byte& byte : bytes) byte = static_cast<std::byte>(next());
  }

 private:
  std::uint64_t state_;
};

}  // namespace shoal

// All that is random comes from one seed.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <random>

#include "test/model/bytes.h"

namespace model {

class Random {
 public:
  explicit Random(std::uint64_t seed) : engine_(seed) {}

  std::uint64_t below(std::uint64_t limit) { return engine_() % limit; }
  std::uint64_t between(std::uint64_t low, std::uint64_t high) { return low + below(high - low + 1); }
  bool percent(int chance) { return below(100) < static_cast<std::uint64_t>(chance); }
  template <class T>
  T one_of(std::initializer_list<T> values) {
    return values.begin()[below(values.size())];
  }
  Bytes bytes(std::size_t count) {
    Bytes result(count);
    for (auto& byte : result) byte = static_cast<std::uint8_t>(engine_());
    return result;
  }

 private:
  std::mt19937_64 engine_;
};

}  // namespace model

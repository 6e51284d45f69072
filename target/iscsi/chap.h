// CHAP's arithmetic (RFC 1994; RFC 7143 12.1.3): which algorithm, and what the right response is. Pure.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

#include "target/base/secret.h"

namespace shoal::iscsi {

enum class ChapAlgorithm : std::uint8_t { md5 = 5, sha1 = 6, sha256 = 7, sha3_256 = 8 };  // as CHAP_A numbers them

inline constexpr std::size_t kLongestChapResponse = 32;

class ChapResponse {
 public:
  ChapResponse(ChapAlgorithm algorithm, std::uint8_t identifier, const Secret& secret, ByteSpan challenge);
  ByteSpan bytes() const { return ByteSpan(bytes_).first(size_); }

 private:
  std::array<std::byte, kLongestChapResponse> bytes_{};
  std::size_t size_ = 0;
};

// The first of the offered list that is known here. A library in a restricted mode may not have all of them.
std::optional<ChapAlgorithm> choose_algorithm(std::string_view offered);

// In a time that depends on their sizes only.
bool equal_in_constant_time(ByteSpan left, ByteSpan right);

}  // namespace shoal::iscsi

// The numbers that mean something. Each is a type of its own, so that an image cannot be passed for a page.
#pragma once

#include <fmt/format.h>

#include <array>
#include <compare>
#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "target/base/bytes.h"

namespace shoal {

template <class Tag, class Rep>
struct Strong {
  using rep = Rep;
  Rep value{};
  constexpr auto operator<=>(const Strong&) const = default;
};

using Lba = Strong<struct LbaTag, std::uint64_t>;              // logical block of 512 bytes
using ImageId = Strong<struct ImageTag, std::uint64_t>;        // what a volume name points at; never reused
using PageIndex = Strong<struct PageIndexTag, std::uint64_t>;  // page of an image
using MemberId = Strong<struct MemberTag, std::uint32_t>;      // server of the group; 0 is nobody
using Epoch = Strong<struct EpochTag, std::uint32_t>;          // configuration of a page
using Generation = Strong<struct GenerationTag, std::uint64_t>;   // of a nexus: high 32 bits by CAS, low 32 local
using OperationId = Strong<struct OperationTag, std::uint64_t>;   // of a nexus generation, from 1, without gaps

inline constexpr std::uint32_t kBlockBytes = 512;           // logical block
inline constexpr std::uint32_t kPhysicalBlockBytes = 4096;  // what is written without a torn edge

// 128 bits, opaque. StoreId: random, made once with the store. GroupId: random, made once with the group's metadata.
// NexusId: digest of (image, portal group, initiator, ISID).
template <class Tag>
struct Id128 {
  std::array<std::uint8_t, 16> bytes{};
  constexpr auto operator<=>(const Id128&) const = default;
  bool is_zero() const { return *this == Id128{}; }
  std::string to_string() const {  // 8-4-4-4-12, lower case
    std::string text;
    for (std::size_t i = 0; i < bytes.size(); ++i) {
      if (i == 4 || i == 6 || i == 8 || i == 10) text += '-';
      text += fmt::format("{:02x}", bytes[i]);
    }
    return text;
  }
  static std::optional<Id128> parse(std::string_view text) {
    Id128 id;
    std::size_t digits = 0;
    for (char c : text) {
      if (c == '-') continue;
      const int nibble = c >= '0' && c <= '9' ? c - '0' : c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
      if (nibble < 0 || digits == 32) return std::nullopt;
      auto& byte = id.bytes[digits++ / 2];
      byte = static_cast<std::uint8_t>(byte << 4 | nibble);
    }
    if (digits != 32) return std::nullopt;
    return id;
  }
};
using StoreId = Id128<struct StoreTag>;
using GroupId = Id128<struct GroupTag>;
using NexusId = Id128<struct NexusTag>;

}  // namespace shoal

template <class Tag, class Rep>
struct std::hash<shoal::Strong<Tag, Rep>> {
  std::size_t operator()(const shoal::Strong<Tag, Rep>& id) const noexcept { return std::hash<Rep>{}(id.value); }
};
template <class Tag>
struct std::hash<shoal::Id128<Tag>> {  // the ids are random or digests: any eight bytes are a good hash
  std::size_t operator()(const shoal::Id128<Tag>& id) const noexcept {
    std::size_t value;
    std::memcpy(&value, id.bytes.data(), sizeof value);
    return value;
  }
};
template <class Tag, class Rep>
struct fmt::formatter<shoal::Strong<Tag, Rep>> : fmt::formatter<Rep> {
  auto format(const shoal::Strong<Tag, Rep>& id, fmt::format_context& context) const {
    return fmt::formatter<Rep>::format(id.value, context);
  }
};
template <class Tag>
struct fmt::formatter<shoal::Id128<Tag>> : fmt::formatter<std::string> {
  auto format(const shoal::Id128<Tag>& id, fmt::format_context& context) const {
    return fmt::formatter<std::string>::format(id.to_string(), context);
  }
};

// Sequence numbers that wrap (RFC 1982, RFC 7143 4.2.2.1). Each kind is a type; order is asked only through precedes().
#pragma once

#include <fmt/format.h>

#include <cstdint>

namespace shoal::iscsi {

template <class Tag>
struct Serial {
  std::uint32_t value = 0;

  constexpr bool operator==(const Serial&) const = default;
  constexpr Serial& operator++() {
    ++value;
    return *this;
  }
  constexpr Serial operator++(int) {
    const Serial before = *this;
    ++value;
    return before;
  }
  constexpr Serial& operator--() {
    --value;
    return *this;
  }
  friend constexpr Serial operator+(Serial serial, std::uint32_t steps) { return {serial.value + steps}; }
  friend constexpr Serial operator-(Serial serial, std::uint32_t steps) { return {serial.value - steps}; }
};

using CmdSn = Serial<struct CmdSnTag>;
using StatSn = Serial<struct StatSnTag>;
using DataSn = Serial<struct DataSnTag>;
using R2tSn = Serial<struct R2tSnTag>;

// Does a come before b? Neither of two numbers 2^31 apart precedes the other.
template <class Tag>
constexpr bool precedes(Serial<Tag> a, Serial<Tag> b) {
  const std::uint32_t steps = b.value - a.value;
  return steps != 0 && steps < 0x80000000u;
}

template <class Tag>
constexpr bool precedes_or_equals(Serial<Tag> a, Serial<Tag> b) {
  return a == b || precedes(a, b);
}

// Steps from `from` up to `to`; negative when `to` precedes `from`.
template <class Tag>
constexpr std::int32_t distance(Serial<Tag> from, Serial<Tag> to) {
  return static_cast<std::int32_t>(to.value - from.value);
}

static_assert(precedes(CmdSn{0xffffffff}, CmdSn{0}) && !precedes(CmdSn{0}, CmdSn{0xffffffff}));
static_assert(!precedes(CmdSn{7}, CmdSn{7}) && precedes_or_equals(CmdSn{7}, CmdSn{7}));
static_assert(!precedes(CmdSn{0}, CmdSn{0x80000000}) && !precedes(CmdSn{0x80000000}, CmdSn{0}));
static_assert(distance(CmdSn{0xfffffffe}, CmdSn{1}) == 3);

}  // namespace shoal::iscsi

template <class Tag>
struct fmt::formatter<shoal::iscsi::Serial<Tag>> : fmt::formatter<std::uint32_t> {
  auto format(const shoal::iscsi::Serial<Tag>& serial, fmt::format_context& context) const {
    return fmt::formatter<std::uint32_t>::format(serial.value, context);
  }
};

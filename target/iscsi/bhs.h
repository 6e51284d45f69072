// The 48 bytes of a basic header segment (RFC 7143 11.2), and what names places in them.
#pragma once

#include <array>
#include <cstddef>
#include <span>

#include "target/base/field.h"

namespace shoal::iscsi {

inline constexpr std::size_t kBhsSize = 48;
using Bhs = std::span<const std::byte, kBhsSize>;
using MutableBhs = std::span<std::byte, kBhsSize>;
using BhsBytes = std::array<std::byte, kBhsSize>;

}  // namespace shoal::iscsi

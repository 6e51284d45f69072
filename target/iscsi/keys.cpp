#include "target/iscsi/keys.h"

#include <algorithm>

#include "target/iscsi/text.h"

namespace shoal::iscsi {
namespace {

constexpr bool table_is_in_order() {
  for (std::size_t i = 0; i < kKeys.size(); ++i) {
    if (static_cast<std::size_t>(kKeys[i].id) != i || kKeys[i].low > kKeys[i].high) return false;
  }
  return true;
}
static_assert(table_is_in_order());
// login.cpp answers in the order of the table: FirstBurstLength is bounded by the MaxBurstLength agreed before.
static_assert(KeyId::max_burst_length < KeyId::first_burst_length);

}  // namespace

const KeyRow* find_key(std::string_view name) {
  const auto found = std::find_if(kKeys.begin(), kKeys.end(), [&](const KeyRow& row) { return row.name == name; });
  return found == kKeys.end() ? nullptr : &*found;
}

std::optional<std::uint32_t> negotiate_number(const KeyRow& row, std::string_view offered, std::uint32_t own) {
  const auto number = parse_number(offered);
  if (!number || *number < row.low || *number > row.high) return std::nullopt;
  const auto value = static_cast<std::uint32_t>(*number);
  return row.rule == KeyRule::maximum ? std::max(value, own) : std::min(value, own);
}

std::optional<bool> negotiate_boolean(const KeyRow& row, std::string_view offered, bool own) {
  if (offered != "Yes" && offered != "No") return std::nullopt;
  const bool value = offered == "Yes";
  return row.rule == KeyRule::or_rule ? value || own : value && own;
}

}  // namespace shoal::iscsi

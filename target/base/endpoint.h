// Endpoint: a numeric address and a port. "127.0.0.1:3260", "[::1]:3260".
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace shoal {

struct Endpoint {
  std::string host;  // numeric IPv4 or IPv6, without brackets, as sockets write it
  std::uint16_t port = 0;
  auto operator<=>(const Endpoint&) const = default;

  bool is_any() const { return host == "0.0.0.0" || host == "::"; }  // all addresses of a machine: to listen at only
  std::string to_string() const;  // IPv6 in brackets: as TargetAddress wants it (RFC 7143 13.8)
  // nullopt: not numeric, or no port and no default given.
  static std::optional<Endpoint> parse(std::string_view text, std::optional<std::uint16_t> default_port = {});
};

}  // namespace shoal

#include "target/base/endpoint.h"

#include <arpa/inet.h>

#include "target/base/parse_number.h"

namespace shoal {
namespace {

// As sockets write it, so that addresses can be compared. nullopt: not numeric.
std::optional<std::string> canonical(int family, const std::string& host) {
  in6_addr address;
  char text[INET6_ADDRSTRLEN];
  if (inet_pton(family, host.c_str(), &address) != 1) return std::nullopt;
  return inet_ntop(family, &address, text, sizeof text);
}

}  // namespace

std::string Endpoint::to_string() const {
  const bool v6 = host.find(':') != std::string::npos;
  return (v6 ? "[" + host + "]" : host) + ":" + std::to_string(port);
}

std::optional<Endpoint> Endpoint::parse(std::string_view text, std::optional<std::uint16_t> default_port) {
  const bool v6 = text.starts_with('[');
  const std::size_t host_end = v6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (host_end == std::string_view::npos) return std::nullopt;
  const auto host =
      canonical(v6 ? AF_INET6 : AF_INET, std::string(v6 ? text.substr(1, host_end - 1) : text.substr(0, host_end)));
  if (!host) return std::nullopt;
  const std::string_view rest = text.substr(host_end + (v6 ? 1 : 0));
  const auto port = rest.empty()            ? default_port
                    : rest.starts_with(':') ? parse_number<std::uint16_t>(rest.substr(1))
                                            : std::nullopt;
  if (!port) return std::nullopt;
  return Endpoint{*host, *port};
}

}  // namespace shoal

#include "target/server/source_address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>

namespace shoal::server {
namespace {

constexpr std::size_t kNetworkBytes = 8;

}  // namespace

SourceAddress source_of(const Endpoint& peer) {
  in6_addr address{};
  if (inet_pton(AF_INET6, peer.host.c_str(), &address) != 1) return peer.host;
  std::fill(address.s6_addr + kNetworkBytes, address.s6_addr + sizeof address.s6_addr, std::uint8_t{0});
  std::array<char, INET6_ADDRSTRLEN> text{};
  inet_ntop(AF_INET6, &address, text.data(), text.size());
  return std::string(text.data()) + "/64";
}

}  // namespace shoal::server

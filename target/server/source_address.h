// SourceAddress: who a peer is before it has logged in, for limits that are shared out: its IPv4 address, or the /64 of
// its IPv6 address, since whoever has one address of a /64 has them all.
#pragma once

#include <string>

#include "target/base/endpoint.h"

namespace shoal::server {

using SourceAddress = std::string;

SourceAddress source_of(const Endpoint& peer);

}  // namespace shoal::server

// TransportIDs of iSCSI initiator ports (SPC-4 7.6.4.6): by them PERSISTENT RESERVE IN tells who is registered, and
// PERSISTENT RESERVE OUT names who is to be. Format 01b, name and ISID; format 00b names a node and so any number of
// ports, some of which may not be known yet: it is not taken.
#pragma once

#include <optional>
#include <vector>

#include "target/base/bytes.h"
#include "target/ports/unit_state.h"

namespace shoal::scsi {

std::vector<std::byte> encode_transport_id(const InitiatorPort& port);

struct TransportId {
  InitiatorPort port;
  std::size_t bytes = 0;  // that it takes
};
// The one that `list` begins with. nullopt: it does not begin with a whole one of an iSCSI initiator port.
std::optional<TransportId> decode_transport_id(ByteSpan list);

}  // namespace shoal::scsi

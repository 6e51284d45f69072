// TargetCatalog: the targets (one per volume, LUN 0) that this member shows, equal on every member of the group.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "target/base/endpoint.h"
#include "target/base/ids.h"
#include "target/ports/block_device.h"
#include "target/ports/portal_group.h"
#include "target/ports/unit_state.h"

namespace shoal {

// Made once per volume, kept in the metadata, the same on every member for ever (VPD 80 and 83).
struct UnitIdentity {
  std::uint64_t naa = 0;  // NAA 6 or 3 style: see VPD 83; eight bytes, top nibble 3 (locally assigned), random below
  std::string serial;     // printable ASCII, at most 32
  bool operator==(const UnitIdentity&) const = default;
};

// Of all stores that a unit lies on, which other units use, too.
struct PoolSpace {
  std::uint64_t used_bytes = 0, available_bytes = 0;
  unsigned available_percent = 0;  // of the fullest of them
  bool operator==(const PoolSpace&) const = default;
};

struct LogicalUnit {
  ImageId image;
  std::string volume;       // its name
  std::string target_name;  // IQN
  std::uint16_t portal_group_tag = kPortalGroupTag;
  UnitIdentity identity;
  bool write_cache = false;  // reported in mode page 08 (WCE): GOOD is not yet durable
  bool thin = true;
  std::uint32_t unmap_granularity_blocks = 128;
  std::shared_ptr<BlockDevice> device;
  std::shared_ptr<UnitState> state;
  std::function<std::optional<PoolSpace>()> space{};  // empty, or nullopt: not known
  std::uint8_t threshold_percent = 0;       // of a store's bytes that are used when every nexus is told; 0: none is
  std::optional<std::uint16_t> progress{};  // of FORMAT UNIT or SANITIZE, in 1/65536, where this member does the work
};

struct TargetListing {
  std::string name;
  std::vector<std::string> addresses;  // "host:port,tag" as SendTargets wants them (RFC 7143 13.8)
};

class TargetCatalog {
 public:
  virtual ~TargetCatalog() = default;
  // SendTargets, asked at `local` (the address that the initiator connected to), in a stable order: what this initiator
  // may log in to.
  virtual std::vector<TargetListing> list(const Endpoint& local, const std::string& initiator_name) = 0;
  // null: no such target, or not for that initiator. Names have been normalised to lower case.
  virtual std::shared_ptr<LogicalUnit> find(const std::string& target_name, const std::string& initiator_name) = 0;
  // The unit's device for the operations of one session, by the number that the server gave it: so that what each
  // session asks for can be measured. null: the unit's own.
  virtual std::shared_ptr<BlockDevice> device_of_session(const LogicalUnit& unit, std::uint64_t session,
                                                         const std::string& initiator_name) = 0;
};

}  // namespace shoal

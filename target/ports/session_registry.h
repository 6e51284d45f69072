// SessionRegistry: which member holds a nexus. Group-wide reinstatement is here: a claim completes only when nothing of
// the nexus' older generations can touch data (RFC 7143 6.3.5; rules (b) and (c) of "ghost writes" in ARCHITECTURE.md).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "target/base/completion.h"
#include "target/base/ids.h"
#include "target/base/result.h"
#include "target/ports/portal_group.h"
#include "target/ports/target_events.h"
#include "target/ports/unit_state.h"

namespace shoal {

struct NexusName {  // I_T nexus of one unit: initiator port and target port
  ImageId image;
  std::uint16_t portal_group_tag = kPortalGroupTag;
  std::string initiator_name;
  std::uint64_t isid = 0;  // 48 bits
  auto operator<=>(const NexusName&) const = default;
};

// What a session leaves to the next one of its nexus.
struct NexusMemory {
  UnitMoment moment;                   // up to which the nexus was told of its unit's changes
  std::vector<UnitAttention> waiting;  // that no command has reported yet
  bool operator==(const NexusMemory&) const = default;
};

struct NexusClaim {
  NexusId id;
  Generation generation;
  std::uint16_t tsih = 0;             // unique for that initiator in the group; never 0
  std::optional<NexusMemory> memory;  // nullopt: the first session, or what the last one knew died with its member
};

enum class ClaimError {
  unavailable,  // metadata or holder out of reach and no local claim: answer 0301, the initiator tries again
  gone,         // the image was deleted: answer 0203
  exhausted,    // the initiator has as many sessions here as can be told apart: answer 0302
};

class SessionRegistry {
 public:
  virtual ~SessionRegistry() = default;
  // `session` is told to end when another login takes the nexus; it must be released before it is destroyed.
  virtual void claim(const NexusName& name, SessionControl& session,
                     Completion<Result<NexusClaim, ClaimError>> done) = 0;
  // The session ended here. A later generation may already hold the nexus; then this does nothing.
  virtual void release(const NexusId& id, Generation generation, NexusMemory memory) = 0;
};

}  // namespace shoal

// GroupSessions: the SessionRegistry of a group. Which member holds a nexus is a record in the metadata, changed by compare-and-swap
// only; group-wide reinstatement and the fence are here (ARCHITECTURE.md, ghost writes, rules (a) to (c)).
//
// Records are /s/<image>/<portal group>/<initiator>/<isid>: {member, epoch, moving}. A generation is epoch << 32 | local: the epoch
// comes from the record, `local` counts re-logins at the member that holds it, without metadata. Locally started state never reuses
// a generation: a restarted member raises the epoch of every nexus that it takes up again.
//
// claim():
//   held here in this incarnation -> end the old session here, fence the older local generations, done; metadata are not asked
//   held by nobody                -> create the record, fence, done
//   held by another member        -> compare-and-swap to us, then ask the old holder (ControlKind::end_nexus) to end its session
//                                    and to confirm within kConfirm = 3 s; failing that, fence every owner of the image (Router::fence);
//                                    who is out of reach learns the fence first when its link returns. Then done.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/members.h"
#include "cluster/meta_store.h"
#include "routing/page_store.h"
#include "routing/peer_channel.h"
#include "target/base/log.h"
#include "target/ports/session_registry.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

struct NexusRecord {
  NexusName name;
  MemberId member;              // 0: released on purpose (session drop, move): the next login is placed anew
  MemberId not_at;              // with member 0: it is placed elsewhere, while another member is ready
  std::uint32_t epoch = 0;
  bool operator==(const NexusRecord&) const = default;
};

// Refuses older generations at every owner; completes when every owner in reach has confirmed (Router::fence is one).
using FenceOwners = std::function<void(const routing::Fence& fence, Duration within, Completion<> done)>;

class GroupSessions final : public SessionRegistry {
 public:
  GroupSessions(Runtime& runtime, MetaStore& meta, const Members& members, routing::PeerChannel* peers, FenceOwners fence, Log log);
  ~GroupSessions() override;

  void load(Completion<> done);  // one listing of the records; tries until it has it

  void claim(const NexusName& name, SessionControl& session, Completion<Result<NexusClaim, ClaimError>> done) override;
  // The record is deleted some time later, unless the nexus comes back: a host that reconnects finds its generation go on.
  void release(const NexusId& id, Generation generation) override;

  // A session is to leave for good (session drop): its record becomes {member 0, not_at self} before it ends.
  void release_for_move(const NexusId& id, Generation generation, Completion<> done);

  // As far as is known here (watched; a hint): who holds it. For RedirectPolicy, rule (c).
  std::optional<NexusRecord> known(const NexusName& name) const;
  std::vector<NexusRecord> all() const;  // of the group, in order

  static NexusId id_of(const NexusName& name);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

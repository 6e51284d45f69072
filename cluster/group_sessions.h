// GroupSessions: the SessionRegistry of a group. Which member holds a nexus is a record in the metadata, changed by
// compare-and-swap only; group-wide reinstatement and the fence are here (ARCHITECTURE.md, ghost writes, rules (a) to
// (c)).
//
// Records are /s/<image>/<portal group>/<initiator>/<isid>; /s/<image> is the image's gate, which counts them
// (nexus_record.h). A generation is epoch << 32 | local: the epoch comes from the record, `local` counts re-logins at
// the member that holds it, without metadata. A restarted member never reuses a generation: it raises the epoch of
// every nexus that it takes up again.
//
// claim(), by what is found:
//   held here in this incarnation    end the old session here; metadata are not asked
//   no record                        create it. Nobody can have anything in flight: no fence
//   released for a move              compare-and-swap to us; its tasks were finished before: no fence
//   held by another member           compare-and-swap to us, then ask the holder (ControlKind::end_nexus) to end its
//                                    session and to confirm within kConfirmWithin; failing that, fence as below
//   ours, from before a restart      compare-and-swap to us, then fence every owner of the image within kFenceWithin;
//                                    who is out of reach learns the fence first when its link returns
//
// A claim that needs metadata waits kMetadataWithin for them, then ends with `unavailable`; its compare-and-swap is
// pursued all the same until its outcome is known, so that a record which it did write is found again. Claims of one
// nexus are served one after the other, so the newest wins. A holder ends its session, too, when it sees a newer
// record.
//
// release(): the record stays for kLinger, so that a host whose connection broke gets back in without metadata, even
// when they are out of reach just then. A volume that is to be deleted does not wait for that: release_idle() removes
// at once what no session uses. While such a removal is under way its nexus can not be claimed without metadata:
// whether the record still stands is not known.
//
// The caller guarantees: a session given to claim() outlives the claim, and is released only when nothing of it can
// touch data any more.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "cluster/image_use.h"
#include "cluster/members.h"
#include "cluster/meta_store.h"
#include "cluster/nexus_record.h"
#include "routing/page_store.h"
#include "routing/peer_channel.h"
#include "target/base/log.h"
#include "target/ports/session_registry.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

inline constexpr Duration kMetadataWithin = 5s;  // these three together stay below the time limit of a login (15 s)
inline constexpr Duration kConfirmWithin = 3s;
inline constexpr Duration kFenceWithin = 3s;
inline constexpr Duration kTellWithin = 1s;  // of a move, to the other members
inline constexpr Duration kLinger = 60s;
// After a restart: own records of earlier incarnations go when no host has come back by then.
inline constexpr Duration kAbandoned = 120s;

// Refuses older generations at every owner; completes when every owner in reach has confirmed (Router::fence is one).
using FenceOwners = std::function<void(const routing::Fence& fence, Duration within, Completion<> done)>;

class GroupSessions final : public SessionRegistry {
 public:
  // `peers` may be null: a single server. Everything that is passed in outlives this.
  GroupSessions(Runtime& runtime, MetaStore& meta, const Members& members, routing::PeerChannel* peers,
                FenceOwners fence, Log log);
  ~GroupSessions() override;

  void load(
      Completion<> done);  // after Members::join: the first complete listing of the records; tries until it has it

  void claim(const NexusName& name, SessionControl& session, Completion<Result<NexusClaim, ClaimError>> done) override;
  void release(const NexusId& id, Generation generation, NexusMemory memory) override;

  // A session is to leave for good (session drop, move); its tasks are finished. Its record becomes {member 0, not_at
  // self, place_at}, so that its next login is placed there, or at least elsewhere; and the members in reach know it
  // when this completes: within kMetadataWithin + kTellWithin. False: the record stays, as far as is known (without
  // metadata, or because the host has already come back), and the host finds its place here.
  void release_for_move(const NexusId& id, Generation generation, MemberId place_at, NexusMemory memory,
                        Completion<bool> done);

  // A login of that nexus is about to be answered with the address of member `to`, which is told so.
  void tell_redirected(const NexusName& name, MemberId to);
  // A login of that nexus was placed at member `at`: every member in reach is told, sooner than any hint of the
  // metadata.
  void tell_placed(const NexusName& name, MemberId at);
  // What the others placed.
  void on_placed_elsewhere(std::function<void(const NexusName& name, MemberId at)> listener);
  // Was the login that ended at `since`, here, sent to this member by another one?
  bool came_by_redirect(const NexusName& name, Time since) const;

  // Asks every holder of a record of the image, this member included, to remove the records that no session uses.
  void release_idle(ImageId image, Completion<ImageUse> done);

  // As far as is known here (watched; a hint): who holds it. For RedirectPolicy, rule (c).
  std::optional<NexusRecord> known(const NexusName& name) const;
  // The newest of that host's sessions to that volume, if it was moved away and was not taken up again, and no other
  // session of that host has come since. Some hosts come back with another ISID (libiscsi): to them it is theirs all
  // the same.
  std::optional<NexusRecord> moved_away(const NexusName& host) const;
  // Members that serve other sessions of that host to that volume, or keep a place for one. A session that has ended
  // counts as long as its record stays.
  std::set<MemberId> serving_others(const NexusName& nexus) const;
  // Told of each move of another member's session that this member hears of: the record that its next login finds.
  void on_move_elsewhere(std::function<void(const NexusRecord& moved)> listener);
  std::vector<NexusRecord> all() const;  // of the group, in order of their names

  static NexusId id_of(const NexusName& name);  // first half of SHA-256 over the name of the record

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

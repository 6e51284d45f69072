// UnitStates: the UnitState of every unit in a group. One member keeps them all (KeeperElection says which); the others
// ask it for changes and go by the views that it sends.
//
// A change: to the keeper, which applies it and sends the new view to every member in reach; it is answered when all of
// those have adopted it: raised their unit attentions, made their owners of pages refuse what older views allowed, and
// ended the tasks that it ends, so that nothing of them can touch data. A member whose link breaks meanwhile is not
// waited for. It goes on by the view that it has, which owners in reach of the keeper refuse by then; when its link
// returns the keeper's views come first.
//
// A change is asked for again, under the same id, when its outcome is lost or its keeper is replaced; where no keeper
// is found within kKeeperWithin it ends with `unavailable`, though it may have been applied.
//
// A successor knows nothing of what was: reservations are gone, and every nexus on every member is told 29/00. A member
// that starts serves nobody before it has pulled the keeper's views (start()).
//
// A member that formats or sanitizes a unit may be gone before it is done. The keeper looks for that, and says then
// what has become of the medium.
//
// A single server keeps its own units, without metadata.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "cluster/members.h"
#include "cluster/meta_store.h"
#include "routing/peer_channel.h"
#include "target/base/log.h"
#include "target/ports/unit_state.h"
#include "target/runtime/runtime.h"
#include "target/unit/unit_machine.h"

namespace shoal::cluster {

inline constexpr Duration kKeeperWithin = 2s;  // to find a keeper that answers
inline constexpr Duration kKeeperRetry = 100ms;
// What a change may take, which ends tasks: longer than an owner of pages is waited for.
inline constexpr Duration kAdoptWithin = 15s;
inline constexpr Duration kChangeWithin = 20s;
inline constexpr Duration kPullWithin = 5s;
inline constexpr Duration kWorkReview = 1s;    // while a unit is formatted or sanitized: is its member still there?
inline constexpr Duration kViewsWithin = 10s;  // to know the keeper's views after a start; then people are told

// What this member does when it goes by a new view of that generation, in the order of the list. Completes when nothing
// of the tasks that end can touch data.
using OnAdopted = std::function<void(ImageId image, std::uint64_t generation,
                                     const std::vector<unit::Consequences>& consequences, Completion<> done)>;

class UnitStates {
 public:
  // `peers` may be null: a single server. All of it outlives this.
  UnitStates(Runtime& runtime, MetaStore& meta, const Members& members, routing::PeerChannel* peers,
             OnAdopted on_adopted, Log log);
  ~UnitStates();
  UnitStates(const UnitStates&) = delete;

  // After Members::join. Completes when this member knows the keeper's views, or is the keeper. Nothing that is guessed
  // would do instead, so it does not give up; `overdue` is told every kViewsWithin who keeps it waiting (0: no keeper
  // is known), so that nobody wonders why this member serves no host.
  void start(Completion<> known, std::function<void(MemberId keeper)> overdue);
  // The state of that image's unit, the same object each time; it may outlive this.
  std::shared_ptr<UnitState> open(ImageId image);
  // Those that were opened and those whose views have come: before their volume is known here, or after it was deleted.
  std::vector<ImageId> images() const;
  void forget(ImageId image);  // it was deleted

  void on_members();  // the list of members, or who is announced as alive, has changed
  void on_link_up(MemberId member);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

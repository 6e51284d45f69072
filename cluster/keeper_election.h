// KeeperElection: follows the record of the keeper (keeper_record.h), and takes its place when nobody is there: no
// record; one of a member that has restarted since; one of a member that is neither announced as alive (/c/live, a hint
// that lasts some seconds after its end) nor linked to this one. Of the members that are linked to each other the
// lowest tries first, so that they seldom meet; who wins is decided by the compare-and-swap.
//
// A keeper that is cut off from the others while they replace it does not hear of that at once. Until then it answers
// the members on its side, and both sides may grant what the other one denies; but whatever its views allowed is
// refused by every owner of pages that has heard of the new term.
#pragma once

#include <functional>
#include <memory>

#include "cluster/keeper_record.h"
#include "cluster/members.h"
#include "cluster/meta_store.h"
#include "routing/peer_channel.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

inline constexpr Duration kElectionTurn = 200ms;  // for each member in reach that comes first
inline constexpr Duration kElectionDoubt = 1s;    // linked, but not announced: looked at again

class KeeperElection {
 public:
  // After Members::join. All of it outlives this.
  KeeperElection(Runtime& runtime, MetaStore& meta, const Members& members, const routing::PeerChannel& peers, Log log);
  ~KeeperElection();
  KeeperElection(const KeeperElection&) = delete;

  // Told of every term that is seen, each newer than the one before.
  void start(std::function<void(const KeeperRecord&)> on_keeper);
  void review();   // members or links have changed
  void refresh();  // somebody knows a newer term

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

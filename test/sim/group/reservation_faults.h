// ReservationFaults: random reservation operations of a few hosts at all members, compared with the model that is also
// used through libiscsi (test/model), while members and paths fail: the keeper of the unit's state or another one is
// killed, stands still or is cut off; sessions are lost.
//
// While a member other than the keeper is away the others must go on as if nothing were: what is granted and refused
// stays right, and who was away hears afterwards what he has missed. Where the keeper is replaced nothing may be left,
// and everybody is to be told of it. What happens to a change just when its keeper dies is not judged, but all must see
// the same afterwards.
#pragma once

#include <cstdint>

#include "cluster/keeper_record.h"
#include "test/model/journal.h"
#include "test/model/reservation_run.h"
#include "test/sim/group/sim_sessions.h"

namespace shoal::sim {

class ReservationFaults {
 public:
  ReservationFaults(SimGroup& group, model::Journal& journal);  // throws model::Broken

  void run();  // throws model::Difference, model::Broken
  std::uint64_t count() const { return count_; }

 private:
  using Fault = void (ReservationFaults::*)();

  void one_fault();
  void lose_sessions();
  void kill_keeper();
  void kill_keeper_in_a_change();
  void pause_keeper();
  void cut_keeper_off();
  void kill_other();
  void pause_other();
  void cut_other_off();

  void without(std::size_t member);  // the others go on
  void recover();                    // every member is back
  cluster::KeeperRecord record() const;
  std::size_t keeper() const;
  std::size_t other();
  void cut_off(std::size_t member, bool from_metadata);
  Duration between(Duration least, Duration most);

  SimGroup& group_;
  World& world_;
  SeededRandom random_;
  model::Journal& journal_;
  SimSessions sessions_;
  model::ReservationRun run_;
  std::uint32_t known_term_;
  std::uint64_t count_ = 0;
};

}  // namespace shoal::sim

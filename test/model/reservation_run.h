// Random reservation operations of a few initiators, each logged in somewhere, against the model.
#pragma once

#include <map>
#include <set>
#include <string>

#include "test/model/journal.h"
#include "test/model/random.h"
#include "test/model/reservation_commands.h"
#include "test/model/sessions.h"

namespace model {

class ReservationRun {
 public:
  // Initiator 1 logs in at the first place, 2 at the second, and so on, around. Everything here throws Difference and
  // Broken.
  ReservationRun(Sessions& sessions, int initiators, std::uint64_t seed, Journal& journal);

  void run(std::uint64_t operations);  // and leaves nothing behind
  void go_on(std::uint64_t operations);
  std::string summary() const;

  // ---- what becomes of the target meanwhile

  // Some blocks are out of reach: what may use them can end with NOT READY.
  void miss_blocks(bool missing) { blocks_missing_ = missing; }
  void leave_idle(Who who) { idle_.insert(who); }  // nothing is asked by that one, and it is told later what it misses
  void come_back(Who who) { idle_.erase(who); }
  // Its session was lost, and nothing of it was under way: it logs in again, anywhere.
  void lose_session(Who who);
  // All that was reserved or registered is forgotten, and everybody is told of a power on.
  void lose_everything();
  void miss_changes(Who who);  // its session goes on, at a member that was out of reach
  void release_units();        // what RESERVE holds
  // What is reserved and registered now is not known, but all must see the same.
  void find_agreement();
  void change_unjudged();  // whatever becomes of it

 private:
  void one_operation();
  void leave_clean();
  void change_reservations(Who who);
  void use_unit(Who who);
  void reserve_or_release(Who who);
  void look(Who who);
  void move(Who who);
  void reset(Who who);

  ReserveOut any_reserve_out(Who who);
  Who any_initiator();
  std::uint32_t find_generation();
  void log_in(Who who, std::uint64_t place);
  void adopt(const std::vector<FullStatus>& found, std::uint32_t generation);
  void drain(Who who);
  Answer ask(Who who, const Command& command, const std::string& what);
  void expect(const Answer& answer, Verdict verdict);
  void expect_access(Who who, const Command& command, const std::string& what, Access access);
  void expect_equal(bool equal, const std::string& what, const Bytes& data);
  void compare_keys(const Bytes& data);
  void compare_held(const Bytes& data);
  void compare_full_status(const Bytes& data);

  Sessions& sessions_;
  int initiators_;
  Random random_;
  Journal& journal_;
  bool blocks_missing_ = false;
  std::set<Who> idle_;
  ReservationModel model_;
  std::map<std::string, std::uint64_t> counts_;  // of answers and attentions
};

}  // namespace model

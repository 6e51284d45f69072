// What reservations must be: a few initiators and one logical unit, written straight from SPC-4 5.13 and SPC-2 5.5.1
// and sharing nothing with the target. Every call says which answer is right and which unit attentions are due.
//
// Left out, because the unit tests of the target have it: SPEC_I_PT, ALL_TG_PT, APTPL, malformed parameter lists.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <utility>
#include <vector>

namespace model {

using Who = int;  // number of an initiator
using Key = std::uint64_t;

enum class Action : std::uint8_t {
  register_key,
  reserve,
  release,
  clear,
  preempt,
  preempt_and_abort,
  register_and_ignore,
  register_and_move
};

constexpr int kTypes[] = {1, 3, 5, 6, 7, 8};

struct ReserveOut {
  Action action = Action::register_key;
  int type = 1;
  Key key = 0, action_key = 0;
  Who destination = 0;      // REGISTER AND MOVE
  bool unregister = false;  // the same
};

constexpr bool is_of_all_registrants(int type) { return type >= 7; }

enum class Access : std::uint8_t { read, write, harmless };

enum class Verdict : std::uint8_t { good, conflict, invalid_cdb, invalid_list, invalid_release };

struct Reservation {
  int type = 1;
  Who holder = 0;  // all-registrants types: nobody in particular
  bool operator==(const Reservation&) const = default;
};

class ReservationModel {
 public:
  // `generation`: PRGENERATION as it is found.
  ReservationModel(int initiators, std::uint32_t generation, std::map<Who, Key> keys = {},
                   std::optional<Reservation> held = {})
      : initiators_(initiators), generation_(generation), keys_(std::move(keys)), held_(held) {}

  Verdict persistent_reserve_out(Who from, const ReserveOut& out);
  Verdict reserve(Who from);  // RESERVE(6)
  Verdict release(Who from);  // RELEASE(6)
  void reset();               // LOGICAL UNIT RESET
  void lose_nexus(Who who);   // its session ended
  void lose_everything();     // POWER ON; nothing was kept
  Verdict access(Who from, Access access) const;
  Verdict persistent_reserve_in() const;

  std::uint32_t generation() const { return generation_; }
  const std::map<Who, Key>& keys() const { return keys_; }
  const std::optional<Reservation>& held() const { return held_; }
  bool holds(Who who) const;
  std::optional<Key> key_of(Who who) const;
  bool reserved_for_other(Who who) const { return reserved_by_ && *reserved_by_ != who; }

  // Unit attentions that wait. After a reset what waited before may be reported or be forgotten (SAM-5 5.14.4).
  bool must_report(Who who) const;
  bool report(Who who, std::uint16_t code);  // false: it is not right to report this one now
  void forget(Who who) { attentions_.erase(who); }
  // It was out of reach: instead of all that waits it may be told of a power on.
  void may_hear_of_power_on(Who who);

 private:
  struct Attentions {
    std::set<std::uint16_t> due, possible;
    std::set<std::uint16_t> missed;  // due as well, or a power on instead of them all
    bool or_power_on = false;
  };

  Verdict register_key(Who from, const ReserveOut& out);
  Verdict reserve_persistently(Who from, const ReserveOut& out);
  Verdict release_persistently(Who from, const ReserveOut& out);
  Verdict clear(Who from);
  Verdict preempt(Who from, const ReserveOut& out);
  Verdict register_and_move(Who from, const ReserveOut& out);
  void preempt_reservation(Who from, const ReserveOut& out);
  void unregister(Who who);
  void end_reservation(Who except);
  void tell(Who who, std::uint16_t code) { attentions_[who].due.insert(code); }
  void tell_all_of_a_reset(std::uint16_t code);
  void tell_registered(std::uint16_t code, Who except);

  int initiators_;
  std::uint32_t generation_;
  std::map<Who, Key> keys_;
  std::optional<Reservation> held_;
  std::optional<Who> reserved_by_;  // SPC-2
  std::map<Who, Attentions> attentions_;
};

}  // namespace model

// Random reservation operations of a few initiators, each logged in somewhere, against the model.
#pragma once

#include <map>
#include <string>
#include <vector>

#include "test/model/journal.h"
#include "test/model/random.h"
#include "test/model/reservation_commands.h"

namespace model {

class ReservationRun {
 public:
  // Initiator 1 logs in at the first URL, 2 at the second, and so on, around.
  ReservationRun(std::vector<std::string> urls, int initiators, std::uint64_t seed, Journal& journal);

  void run(std::uint64_t operations);  // throws Difference, Broken
  std::string summary() const;

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
  std::uint32_t find_generation();
  void log_in(Who who);
  void drain(Who who);
  Answer ask(Who who, const Command& command, const std::string& what);
  void expect(const Answer& answer, Verdict verdict);
  void expect_equal(bool equal, const std::string& what, const Bytes& data);
  void compare_keys(const Bytes& data);
  void compare_held(const Bytes& data);
  void compare_full_status(const Bytes& data);

  std::vector<std::string> urls_;
  int initiators_;
  Random random_;
  Journal& journal_;
  std::map<Who, Initiator> sessions_;
  ReservationModel model_;
  std::map<std::string, std::uint64_t> counts_;  // of answers and attentions
};

}  // namespace model

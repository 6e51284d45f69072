// Sessions: where the initiators of a reservation run are logged in, and what is asked of the unit through them. One
// command at a time.
#pragma once

#include <cstdint>
#include <string>

#include "test/model/command.h"
#include "test/model/reservation_model.h"

namespace model {

class Sessions {
 public:
  virtual ~Sessions() = default;
  // At any of the places that lead to the unit, chosen by that number; yields its name. Each throws Broken where it
  // is not answered.
  virtual std::string log_in(Who who, std::uint64_t place) = 0;
  virtual void log_out(Who who) = 0;
  virtual Answer execute(Who who, const Command& command) = 0;
  virtual void reset_unit(Who who) = 0;  // LOGICAL UNIT RESET
};

}  // namespace model

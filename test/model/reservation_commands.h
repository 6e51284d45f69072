// The commands of reservations, and what PERSISTENT RESERVE IN answers, decoded (SPC-4 6.15, 6.16, 7.6.4.6).
#pragma once

#include <string>
#include <vector>

#include "test/model/command.h"
#include "test/model/reservation_model.h"

namespace model {

Command persistent_reserve_out(const ReserveOut& out);
Command persistent_reserve_in(int service_action);  // 0 READ KEYS, 1 READ RESERVATION, 3 READ FULL STATUS
Command reserve_unit();
Command release_unit();
Command test_unit_ready();
Command request_sense();

struct FullStatus {
  std::string transport_id;  // name and ISID
  Key key = 0;
  bool holder = false;
  int type = 0;  // of a holder
  auto operator<=>(const FullStatus&) const = default;
};

std::uint32_t generation_of(const Bytes& data);
std::vector<Key> keys_of(const Bytes& data);                // READ KEYS, sorted
std::optional<std::pair<Key, int>> held_of(const Bytes&);   // READ RESERVATION: key and type
std::vector<FullStatus> full_status_of(const Bytes& data);  // sorted

std::string transport_id(Who who);

}  // namespace model

// Admission: which strangers may stay: connections that have not logged in, and discovery sessions. Nobody is known
// before login, and anybody may discover, so places and memory are shared out by address. Pure; nothing here closes
// anything.
//
// When a limit is exceeded, who must go is found so:
// - the address: the one whose own limit is exceeded, else the one that has most;
// - for places, the kind of its connections that is more numerous: those that have not sent a whole request, or
//   those that have; of that kind the one that was accepted, or sent its last request, longest ago;
// - for memory, its connection that holds most.
// So whoever opens connections by the thousand loses them again one by one, whether they are silent or begin a login,
// and a host of the same address that goes on with its login is passed over: it is among the latest of its kind.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <set>

#include "target/server/source_address.h"

namespace shoal::server {

struct AdmissionLimits {
  std::size_t half_open = 1024;             // strangers
  std::size_t half_open_per_address = 256;  // of them
  std::size_t login_bytes = 32u << 20;      // received from them and not yet dealt with, or for them and not taken
  std::size_t login_bytes_per_address = 8u << 20;
};

class Admission {
 public:
  using Number = std::uint64_t;  // of a connection

  explicit Admission(const AdmissionLimits& limits) : limits_(limits) {}

  void add(Number connection, const SourceAddress& address);
  // It has sent so many whole requests, and that many bytes of it wait. Unknown connections are none of ours.
  void heard(Number connection, unsigned requests, std::size_t bytes);
  void remove(Number connection);  // it logged in to a normal session, or has gone

  // Who has to go, and to be removed, for the limits to hold; ask again until it is nobody.
  std::optional<Number> excess() const;
  // Who goes for a place that is needed although no limit is exceeded.
  std::optional<Number> first_to_go() const;
  std::size_t size() const { return connections_.size(); }

 private:
  struct Connection {
    SourceAddress address;
    unsigned requests = 0;
    std::size_t bytes = 0;
    std::uint64_t progress = 0;  // when it was accepted or sent its last request, in the order of all such
  };
  using ByProgress = std::map<std::uint64_t, Number>;
  struct Address {
    ByProgress silent, speaking;
    std::size_t bytes = 0;
    std::size_t count() const { return silent.size() + speaking.size(); }
  };

  ByProgress& kind_of(const Connection& connection);
  static ByProgress::value_type victim_of(const Address& address);
  const Address& most_numerous() const;
  Number heaviest_of(const SourceAddress& address) const;
  void note_bytes(Connection& connection, std::size_t bytes);

  const AdmissionLimits limits_;
  std::map<Number, Connection> connections_;
  std::map<SourceAddress, Address> addresses_;
  std::size_t bytes_ = 0;
  std::uint64_t latest_ = 0;
};

}  // namespace shoal::server

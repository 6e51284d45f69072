// LoadMeter: the load monitor's measuring half: what this member carries, told by those who carry it, and once a period
// a LoadReport of it.
//
// A session is metered while somebody holds its SessionMeter: the session itself, and requests that outlive it. There
// are as many as there are sessions (limits.sessions). The LoadMeter outlives all calls of the meters that it gave.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>

#include "cluster/load/session_meter.h"
#include "cluster/load/store_meter.h"

namespace shoal::load {

// What is not told event by event but read once a period: counters since the process began, and levels.
struct Readings {
  std::uint64_t host_bytes_in = 0, host_bytes_out = 0;
  std::uint64_t peer_bytes_in = 0, peer_bytes_out = 0;
  std::uint64_t served_requests = 0, served_bytes = 0;  // parts of pages, for other members
  Duration cpu_time{0};                                 // of this process
  double processors = 1;                                // that it may use: 0.5 is half of one
  std::uint64_t memory_bytes = 0;                       // level
  std::uint64_t memory_limit_bytes = 0;                 // that it may use; 0: not known
  double host_bytes_per_second_limit = 0;               // by configuration, in and out together; 0: none
};

// The names of hosts by number, each once, for as long as one of its sessions is metered.
class InitiatorNames {
 public:
  InitiatorNumber add(const std::string& name);                    // for one more session
  std::optional<InitiatorNumber> remove(const std::string& name);  // for one less; the number, when it was the last
  std::string name_of(InitiatorNumber number) const;               // empty: nobody

 private:
  struct Known {
    InitiatorNumber number;
    std::size_t sessions = 0;
  };
  std::map<std::string, Known> known_;
  std::map<InitiatorNumber, std::string> names_;
  InitiatorNumber last_ = 0;
};

class LoadMeter {
 public:
  LoadMeter(MemberId self, Time now) : self_(self), rolled_(now) {}
  LoadMeter(const LoadMeter&) = delete;

  // Names are never used twice.
  std::shared_ptr<SessionMeter> open(SessionName session, ImageId image, const std::string& initiator_name);
  StoreMeter& store() { return store_; }

  // Closes the period. incarnation, weight, draining and may_not_move are for others to say.
  LoadReport report(Time now, const Readings& readings);
  // Of every session, as the last period left it; a report lists only the busiest.
  std::map<std::uint64_t, SessionLoad> sessions() const;

 private:
  // Of a counter that is read: what the first reading has is of before.
  struct CumulativeRate {
    std::optional<std::uint64_t> seen;
    DecayingRate rate;
    void read(std::uint64_t total) {
      if (seen && total > *seen) rate.add(total - *seen);
      seen = total;
    }
  };

  void roll(Time now, const Readings& readings);
  void roll_sessions(const DecayStep& step, Time now);
  void roll_pages(const DecayStep& step);
  void read(const Readings& readings);
  bool forget_if_gone(const SessionMeter& session, long holders);
  ServerLoad server_load(const Readings& readings) const;
  void list_sessions(LoadReport& report) const;
  void list_pages(LoadReport& report) const;
  void list_volumes(LoadReport& report) const;

  const MemberId self_;
  std::uint64_t sequence_ = 0;
  Time rolled_;
  std::map<SessionName, std::shared_ptr<SessionMeter>> sessions_;
  std::map<ImageId, VolumeMeter> volumes_;
  InitiatorNames initiators_;
  HotPages pages_;
  double page_scale_ = 0;  // units of the sketch to units per second
  StoreMeter store_;
  TrafficRate local_, forwarded_;
  MeanWait latency_;
  CumulativeRate hosts_in_, hosts_out_, peers_in_, peers_out_, served_requests_, served_bytes_, cpu_ns_;
};

}  // namespace shoal::load

// What is said about load: values only. How each is measured is in load_meter.h; what is made of them in measure.h;
// what is done about them in placement.h and session_balancer.h. ARCHITECTURE.md, "Load", has the formulas.
//
// Rates are per second, averaged with a half-life of kLoadHalfLife; fractions are 0..1. A request is a SCSI command of
// a host that reads, writes or gives back blocks.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "cluster/load/session_name.h"
#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::load {

inline constexpr Duration kLoadPeriod = 1s;    // of measuring, and of telling the other members
inline constexpr Duration kLoadHalfLife = 5s;  // of every rate
inline constexpr Duration kSilentAfter =
    3500ms;  // a member of whom nothing newer is known is neither source nor destination

// One request costs a member about what this many bytes cost it (measured: CPU time a request and a byte).
inline constexpr double kBytesPerUnit = 32.0 * 1024;

struct Rate {
  double requests = 0;
  double bytes = 0;
  // Request units per second: what all loads are counted in.
  double units() const { return requests + bytes / kBytesPerUnit; }
  bool operator==(const Rate&) const = default;
};

enum class Pattern : std::uint8_t { idle, sequential_read, sequential_write, random_read, random_write, mixed };

struct NetworkRate {  // bytes
  double in = 0, out = 0;
  bool operator==(const NetworkRate&) const = default;
};

struct StoreLoad {
  double requests = 0, bytes = 0;
  double latency_s = 0;    // mean of the requests that ended
  double queue_depth = 0;  // mean
  double busy = 0;         // fraction of time in which it had anything to do
  bool operator==(const StoreLoad&) const = default;
};

// What a store holds and has room for; total 0: it does not know.
struct StoreRoom {
  StoreId store;
  std::uint64_t total_bytes = 0, used_bytes = 0, free_bytes = 0;
  std::uint64_t growth_bytes = 0;  // of the free ones: those that its file system would have to give
  std::uint64_t file_system = 0, file_system_free_bytes = 0;  // 0: not known
  bool operator==(const StoreRoom&) const = default;
};

struct ServerLoad {
  double cpu = 0;      // fraction of the processor time that this process may use
  double memory = 0;   // fraction of the memory that it may use
  double network = 0;  // of the host traffic that its links carry; 0 until a member knows what they do
  std::uint32_t sessions = 0;
  bool operator==(const ServerLoad&) const = default;
};

struct SessionLoad {
  SessionName session;
  ImageId image;
  std::string initiator_name;
  Rate rate;
  double latency_s = 0;  // mean, from the arrival of a request to its answer
  std::map<MemberId, double>
      owners;  // fraction of its units whose pages that member owns; sums to 1 when rate is not 0

  std::string
      may_not_move;  // why it is not to be moved now (came to the member portal, has just moved, ...); empty: it may
  bool operator==(const SessionLoad&) const = default;
};

struct PageHeat {
  ImageId image;
  PageIndex page;
  double units = 0;
  double error = 0;  // the true figure lies in [units - error, units]
  std::string hottest_initiator;
  bool operator==(const PageHeat&) const = default;
};

struct VolumeLoad {
  ImageId image;
  Pattern pattern = Pattern::idle;
  Rate reads, writes;
  bool operator==(const VolumeLoad&) const = default;
};

// What one member says of itself, once a period. At most kMaxReportedSessions, busiest first, and kMaxReportedPages.
struct LoadReport {
  MemberId member;
  std::uint64_t incarnation = 0;
  std::uint64_t sequence = 0;  // of this incarnation, from 1
  double weight = 1;           // set by the operator, kLightest..kHeaviest: 2 is to carry twice what 1 carries
  bool draining = false;
  NetworkRate hosts, peers;
  Rate local, forwarded;  // what its request handler placed here, and at other members
  Rate served;            // what it did for other members
  double latency_s = 0;   // mean of host requests
  StoreLoad store;
  ServerLoad server;
  std::vector<SessionLoad> sessions;
  std::vector<PageHeat> pages;
  double unlisted_page_units = 0;  // no page that is not among `pages` has more
  std::vector<VolumeLoad> volumes;
  std::vector<StoreRoom> rooms;  // of its stores
  bool operator==(const LoadReport&) const = default;
};
inline constexpr double kLightest = 0.001, kHeaviest = 1000;  // weights
inline constexpr std::size_t kMaxReportedSessions = 64;
inline constexpr std::size_t kMaxReportedOwners = 128;  // of one session
inline constexpr std::size_t kMaxReportedPages = 64;
inline constexpr std::size_t kMaxReportedVolumes = 256;
inline constexpr std::size_t kMaxReportedStores = 16;

}  // namespace shoal::load

// RecentPlacements: where logins were sent that no report shows yet. A burst of logins is over before the next
// report comes, so what was placed counts from the moment that it was. Each session by which a newer report has more
// than the one before is taken for the oldest login that was sent there. What kReportsShow reports do not show has come
// and gone, or never will; nor will what has not come within kLoginLasts.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <set>
#include <string>

#include "cluster/load/measure.h"
#include "target/base/ids.h"
#include "target/base/time.h"

namespace shoal::load {

inline constexpr Duration kLoginLasts = 15s;      // as the time limit of a login
inline constexpr std::uint64_t kReportsShow = 3;  // the first may have been made before the login
inline constexpr std::size_t kMaxRecentPlacements = 4096;

// The nexus that logs in, within its portal group.
struct LoginName {
  std::string initiator_name;
  std::uint64_t isid = 0;
  ImageId volume;
  bool operator==(const LoginName&) const = default;
};

class RecentPlacements {
 public:
  void note(Time now, const LoginName& login, MemberId member);
  void forget(const LoginName& login);
  void observe(Time now, const GroupLoad& load);
  std::uint32_t expected_at(MemberId member) const;
  // Where other sessions of that host to that volume were sent.
  std::set<MemberId> siblings(const LoginName& login) const;

 private:
  struct Placement {
    Time at;
    LoginName login;
    MemberId member;
    bool expected = true;       // no report shows it
    std::uint64_t reports = 0;  // of its member, since
  };
  struct Seen {
    std::uint64_t incarnation = 0, sequence = 0;
    std::uint32_t sessions = 0;
  };
  void take_for_arrived(MemberId member, std::uint32_t sessions);
  void count_reports(MemberId member, std::uint64_t reports);

  std::deque<Placement> placements_;  // oldest first
  std::map<MemberId, Seen> seen_;     // of members that the last picture had
};

}  // namespace shoal::load

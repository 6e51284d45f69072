// RedirectedLogins: who was sent to this member by another one. A host at a member portal may have been redirected
// there, or have been set up to come there: the first may be moved on, the second would only come back. Hosts choose
// their ISIDs before they have proven anything, so there is a bound: of those that are not in use the oldest go. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <map>

#include "target/base/time.h"
#include "target/ports/session_registry.h"

namespace shoal::cluster {

class RedirectedLogins {
 public:
  using InUse = std::function<bool(const NexusName&)>;
  static constexpr Duration kLoginWithin = 60s;          // of being redirected; longer than any login takes
  static constexpr std::size_t kRemembered = 1024;       // beyond that those go that are late and not in use
  static constexpr std::size_t kMostRemembered = 65536;  // more only where more are in use

  void learn(const NexusName& name, Time now, const InUse& in_use);
  // Did the login that ended at `since` come by a redirect? What is told a little late counts, too.
  bool covers(const NexusName& name, Time since) const;
  std::size_t size() const { return told_.size(); }

 private:
  void clean(Time now, const InUse& in_use);
  void forget_oldest(std::size_t count, const InUse& in_use);

  std::map<NexusName, Time> told_;
  std::size_t clean_at_ = kRemembered;
};

}  // namespace shoal::cluster

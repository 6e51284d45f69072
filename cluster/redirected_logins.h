// RedirectedLogins: who was sent to this member by another one. A host at a member portal may have been redirected
// there, or have been set up to come there: the first may be moved on, the second would only come back. Pure.
#pragma once

#include <cstddef>
#include <functional>
#include <map>

#include "target/base/time.h"
#include "target/ports/session_registry.h"

namespace shoal::cluster {

class RedirectedLogins {
 public:
  static constexpr Duration kLoginWithin = 60s;     // of being redirected; longer than any login takes
  static constexpr std::size_t kRemembered = 1024;  // beyond that those go that are late and not in use

  void learn(const NexusName& name, Time now, const std::function<bool(const NexusName&)>& in_use);
  // Did the login that ended at `since` come by a redirect? What is told a little late counts, too.
  bool covers(const NexusName& name, Time since) const;
  std::size_t size() const { return told_.size(); }

 private:
  std::map<NexusName, Time> told_;
  std::size_t clean_at_ = kRemembered;
};

}  // namespace shoal::cluster

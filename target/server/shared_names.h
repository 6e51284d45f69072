// SharedNames: finds two hosts that log in with the same InitiatorName and ISID, as after a disk image was cloned. To
// iSCSI each login is the same host that comes back, which ends the session of the other (RFC 7143 6.3.5), for ever.
//
// What tells them from a host that comes back is that logins from different addresses end each other's living session
// in turn. From kTakeovers such within kWindow on, the session that is there stays and logins from elsewhere are
// refused for now (0302), until none has come for kWindow: one host works undisturbed, the other says that it cannot
// log in. A host whose session has ended, or that comes from the address of its session, is never refused. Pure; time
// is an argument.
#pragma once

#include <cstddef>
#include <map>
#include <string>

#include "target/base/time.h"
#include "target/ports/session_registry.h"

namespace shoal::server {

class SharedNames {
 public:
  static constexpr unsigned kTakeovers = 4;
  static constexpr Duration kWindow = 60s;
  static constexpr std::size_t kMaxNames = 1024;  // remembered

  struct Verdict {
    bool refuse = false;
    bool warn = false;  // once a window
  };
  // A login from `peer` would end the session that lives from `holder`, both without ports.
  Verdict on_takeover(const NexusName& name, const std::string& holder, const std::string& peer, Time now);
  std::size_t size() const { return names_.size(); }

 private:
  struct Name {
    unsigned takeovers = 0;
    Time latest{};
    Time warned{};
  };
  Name& name_of(const NexusName& name, Time now);

  std::map<NexusName, Name> names_;
};

}  // namespace shoal::server

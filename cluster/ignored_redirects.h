// IgnoredRedirects: finds hosts that are redirected again and again and do not arrive: they can not reach the other
// member, or do not follow. Such a host is served where it asks rather than never. Pure.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <map>
#include <string>
#include <utility>

#include "target/base/time.h"
#include "target/ports/session_registry.h"

namespace shoal::cluster {

class IgnoredRedirects {
 public:
  static constexpr std::size_t kMostRedirects = 3;
  static constexpr Duration kWindow = 30s;
  static constexpr std::size_t kMaxHosts = 4096;  // remembered

  // A login of that nexus from that address is to be redirected. False: it was so kMostRedirects times within kWindow,
  // and the nexus, at `epoch`, was taken up nowhere meanwhile.
  bool may_redirect(const NexusName& name, const std::string& peer, std::uint32_t epoch, Time now);
  std::uint64_t ignored() const { return ignored_; }
  std::size_t size() const { return hosts_.size(); }

 private:
  struct Redirects {
    std::uint32_t epoch = 0;
    std::size_t count = 0;                        // up to kMostRedirects
    std::array<Time, kMostRedirects> times = {};  // the oldest first
  };
  void make_room(Time now);

  std::map<std::pair<NexusName, std::string>, Redirects> hosts_;
  std::uint64_t ignored_ = 0;
};

}  // namespace shoal::cluster

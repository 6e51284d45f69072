// PeerChannel: small control requests between members (ending a nexus elsewhere, later load and moves), over the same
// authenticated links that carry page requests. Page requests themselves go through the router, not through here.
#pragma once

#include <cstdint>
#include <string>

#include "target/base/completion.h"
#include "target/base/endpoint.h"
#include "target/base/ids.h"
#include "target/base/result.h"
#include "target/base/time.h"

namespace shoal::routing {

enum class PeerError {
  unreachable,  // no link to that member, or it broke: outcome unknown
  timed_out,    // outcome unknown
  refused,      // the peer does not serve this kind
};

// Kinds of control request; the body is the owner's own format (JSON for the registry's).
enum class ControlKind : std::uint16_t {
  end_nexus = 1,
  list_sessions = 2,
  drop_session = 3,
  unit_state = 4,
  load = 5,
  session_move = 6,
  drain = 7,
  decisions = 8,
  load_trace = 9,
  allocation = 10,
  store = 11,
  highest_image = 16,
};
inline constexpr std::size_t kMaxControlBytes = 1024 * 1024;

// A member as the links need it. Which stores it serves is the directory's to say.
struct PeerAddress {
  MemberId id;
  Endpoint peer;  // its page-protocol listener
  bool operator==(const PeerAddress&) const = default;
};

class PeerChannel {
 public:
  using Handler = UniqueFunction<void(MemberId from, std::string body, Completion<std::string> reply)>;
  virtual ~PeerChannel() = default;
  virtual void request(MemberId to, ControlKind kind, std::string body, Duration timeout,
                       Completion<Result<std::string, PeerError>> done) = 0;
  virtual void serve(ControlKind kind, Handler handler) = 0;
  virtual bool connected(MemberId member) const = 0;
};

}  // namespace shoal::routing

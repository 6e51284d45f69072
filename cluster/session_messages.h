// What members say to each other about sessions (ControlKind::end_nexus). JSON; one request, one answer.
//
//   {"end": "/s/000000000000000c/1/iqn.x/00023d000000", "epoch": 7}
//                             end your session of this nexus: I have it at epoch 7
//   {"answer": "ended", "memory": "{...}"}
//                             nothing of it can touch data any more; what its host has not been told
//   {"answer": "unknown"}     this incarnation of mine never had it, or can not vouch for it: fence
//   {"answer": "newer"}       the record is beyond that epoch: you have lost it
//   {"moved": "/s/...", "record": "{...}", "revision": 13}
//                             that record stands in the metadata: its next login is to be placed anew; answer "ended"
//   {"redirected": "/s/..."}  a login of that nexus was sent to you; answer "ended"
//   {"placed": "/s/...", "at": 2}
//                             a login of that nexus was placed at member 2; answer "ended"
//   {"release_idle": 12}      remove your records of image 12 that no session uses
//   {"live": 2}               sessions that remain
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

#include "cluster/nexus_record.h"
#include "target/base/ids.h"
#include "target/ports/session_registry.h"

namespace shoal::cluster {

struct EndRequest {
  NexusName name;
  std::uint32_t epoch = 0;
  bool operator==(const EndRequest&) const = default;
};
struct ReleaseIdleRequest {
  ImageId image;
  bool operator==(const ReleaseIdleRequest&) const = default;
};
struct MovedRequest {
  NexusRecord record;
  std::uint64_t revision = 0;
  bool operator==(const MovedRequest&) const = default;
};
struct RedirectedRequest {
  NexusName name;
  bool operator==(const RedirectedRequest&) const = default;
};
struct PlacedRequest {
  NexusName name;
  MemberId at;
  bool operator==(const PlacedRequest&) const = default;
};
using SessionRequest = std::variant<EndRequest, ReleaseIdleRequest, MovedRequest, RedirectedRequest, PlacedRequest>;
enum class EndAnswer { ended, unknown, newer };
struct EndReply {
  EndAnswer answer = EndAnswer::unknown;
  std::optional<NexusMemory> memory{};  // with `ended`: of the session, or the last one
  bool operator==(const EndReply&) const = default;
};

std::string encode(const SessionRequest& request);
std::optional<SessionRequest> decode_session_request(std::string_view text);
std::string encode(const EndReply& reply);
EndReply decode_end_reply(std::string_view text);  // what can not be read is `unknown`
std::string encode_live(std::size_t live);
std::optional<std::size_t> decode_live(std::string_view text);

}  // namespace shoal::cluster

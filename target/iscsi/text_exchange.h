// TextExchange: text requests in full feature phase (RFC 7143 6.2, 11.10, 11.11): SendTargets, a changed
// MaxRecvDataSegmentLength, and refusing the rest politely. One negotiation at a time; a request with the reserved Target
// Transfer Tag begins a new one and forgets the old (11.10.4). A pure machine.
//
// The caller fills in the numbering, and treats TextReject as a Reject PDU with that reason.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "target/iscsi/discovery.h"
#include "target/iscsi/login.h"
#include "target/iscsi/pdu.h"
#include "target/iscsi/text.h"

namespace shoal::iscsi {

inline constexpr std::size_t kMaxRequestTextBytes = 64 * 1024;  // of one text request, over its PDUs

struct TextReply {
  TextResponse pdu;
  Slice text;
};
struct TextReject {
  RejectReason reason = RejectReason::protocol_error;
  const char* why = "";
};
struct TargetsWanted {
  std::string name;  // empty: all that this initiator may see
};
using TextStep = std::variant<TextReply, TextReject, TargetsWanted>;

class TextExchange {
 public:
  // `parameters` is the session's; max_send_data_segment_bytes changes when the initiator declares it anew.
  explicit TextExchange(SessionParameters& parameters) : parameters_(parameters) {}

  TextStep on_request(const TextRequest& request, std::string_view text);
  TextStep on_targets(const std::vector<TargetRecord>& targets);  // to the latest TargetsWanted
  bool asking() const { return state_ == State::asking; }

 private:
  enum class State { idle, receiving, asking, answering };

  TextStep begin(const TextRequest& request, std::string_view text);
  TextStep go_on(const TextRequest& request, std::string_view text);
  TextStep more_wanted();
  TextStep on_text();
  std::variant<TextKeys, TextReject> answer(const TextKeys& keys, std::optional<std::string>& targets);
  TextStep page();
  TextStep reject(RejectReason reason, const char* why);
  TextResponse response() const;

  SessionParameters& parameters_;
  State state_ = State::idle;
  TextRequest request_;
  TargetTransferTag transfer_{0};
  TextAssembly assembly_{kMaxRequestTextBytes};
  TextKeys answers_;
  TextPages pages_;
};

}  // namespace shoal::iscsi

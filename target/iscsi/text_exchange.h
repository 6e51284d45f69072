// TextExchange: text requests in full feature phase (RFC 7143 6.2, 11.10, 11.11): SendTargets, a changed
// MaxRecvDataSegmentLength, and refusing the rest politely. One negotiation at a time; a request with the reserved Target
// Transfer Tag begins a new one and forgets the old (11.10.4). A pure machine.
//
// The caller fills in the numbering, and treats TextReject as a Reject PDU with that reason.
#pragma once

#include <cstdint>
#include <optional>
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
  std::size_t held_bytes() const { return assembly_.size() + pages_.held_bytes(); }

 private:
  enum class State { idle, receiving, asking, answering };

  void begin(const TextRequest& request);
  bool continues(const TextRequest& request) const;
  TextStep on_keys(const TextKeys& keys);
  std::optional<TargetsWanted> answer(const TextKeys& keys);
  std::optional<TargetsWanted> answer_send_targets(const std::string& value);
  void answer_max_recv(const std::string& value);
  TextStep page();
  TextStep empty_reply();
  TextStep reject(RejectReason reason, const char* why);
  TextResponse response(bool final) const;

  SessionParameters& parameters_;
  State state_ = State::idle;
  TextRequest request_;             // the latest
  TargetTransferTag transfer_{0};   // of the negotiation in progress
  TextAssembly assembly_{kMaxRequestTextBytes};
  TextKeys answers_;
  TextPages pages_;
};

}  // namespace shoal::iscsi

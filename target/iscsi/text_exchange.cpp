#include "target/iscsi/text_exchange.h"

#include <utility>

#include "target/base/check.h"
#include "target/base/iscsi_name.h"
#include "target/iscsi/keys.h"

namespace shoal::iscsi {

TextStep TextExchange::on_request(const TextRequest& request, std::string_view text) {
  // 11.10: one text request at a time. The one that is being answered stays.
  if (state_ == State::asking) return TextReject{RejectReason::protocol_error, "text request before the answer to the last"};
  if (request.final && request.continued) return reject(RejectReason::protocol_error, "F with C");
  if (request.transfer == kNoTransfer) {
    begin(request);
  } else if (!continues(request)) {
    return reject(RejectReason::protocol_error, "Target Transfer Tag of no negotiation");
  }
  request_ = request;
  if (state_ == State::answering && !pages_.done()) {
    if (!text.empty()) return reject(RejectReason::protocol_error, "text while an answer is continued");
    return page();
  }
  if (!assembly_.add(text)) return reject(RejectReason::protocol_error, to_string(TextError::too_long));
  state_ = State::receiving;
  if (request.continued) return empty_reply();

  const auto parsed = parse_text(assembly_.take());
  if (const auto* error = std::get_if<TextError>(&parsed)) return reject(RejectReason::protocol_error, to_string(*error));
  return on_keys(std::get<TextKeys>(parsed));
}

void TextExchange::begin(const TextRequest& request) {
  state_ = State::receiving;
  request_ = request;
  transfer_ = {(transfer_.value + 1) & 0x7fffffff};  // never the reserved tag
  assembly_.take();
  answers_ = {};
  pages_ = {};
}

bool TextExchange::continues(const TextRequest& request) const {
  return state_ != State::idle && request.transfer == transfer_ && request.task == request_.task &&
         request.lun == request_.lun;
}

TextStep TextExchange::on_keys(const TextKeys& keys) {
  answers_ = {};
  if (auto wanted = answer(keys)) {
    state_ = State::asking;
    return std::move(*wanted);
  }
  pages_ = TextPages(to_text(answers_));
  return page();
}

TextStep TextExchange::on_targets(const std::vector<TargetRecord>& targets) {
  CHECK(state_ == State::asking, static_cast<int>(state_));
  pages_ = TextPages(to_text(answers_) + targets_text(targets));
  return page();
}

std::optional<TargetsWanted> TextExchange::answer(const TextKeys& keys) {
  std::optional<TargetsWanted> wanted;
  for (const auto& [key, value] : keys) {
    const KeyRow* row = find_key(key);
    if (is_reserved_answer(value)) continue;
    if (!row) {
      answers_.add(key, kNotUnderstood);
    } else if (row->id == KeyId::send_targets) {
      wanted = answer_send_targets(value);
    } else if (row->id == KeyId::max_recv_data_segment_length) {
      answer_max_recv(value);
    } else {
      answers_.add(key, kReject);  // agreed once, at login
    }
  }
  return wanted;
}

// Appendix C: All in discovery sessions only; in a normal session what concerns its own target.
std::optional<TargetsWanted> TextExchange::answer_send_targets(const std::string& value) {
  const std::string name = normalised_name(value);
  if (parameters_.discovery) {
    if (value == "All") return TargetsWanted{};
    if (!name.empty()) return TargetsWanted{name};
  } else if (name.empty() || name == parameters_.target_name) {
    return TargetsWanted{parameters_.target_name};
  }
  answers_.add(key_row(KeyId::send_targets).name, kReject);
  return std::nullopt;
}

void TextExchange::answer_max_recv(const std::string& value) {
  const KeyRow& row = key_row(KeyId::max_recv_data_segment_length);
  if (const auto bytes = negotiate_number(row, value, row.high)) {
    parameters_.max_send_data_segment_bytes = *bytes;
  } else {
    answers_.add(row.name, kReject);
  }
}

TextStep TextExchange::page() {
  state_ = State::answering;
  Slice text = pages_.next(parameters_.max_send_data_segment_bytes);
  const bool final = pages_.done() && request_.final;
  TextResponse pdu = response(final);
  pdu.continued = !pages_.done();
  if (final) state_ = State::idle;
  return TextReply{pdu, std::move(text)};
}

TextStep TextExchange::empty_reply() { return TextReply{response(false), {}}; }

TextStep TextExchange::reject(RejectReason reason, const char* why) {
  begin({});
  state_ = State::idle;
  return TextReject{reason, why};
}

TextResponse TextExchange::response(bool final) const {
  return {.final = final,
          .lun = request_.lun,
          .task = request_.task,
          .transfer = final ? kNoTransfer : transfer_};
}

}  // namespace shoal::iscsi

#include "target/iscsi/login.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/base/iscsi_name.h"
#include "target/iscsi/framer.h"

namespace shoal::iscsi {
namespace {

constexpr std::uint8_t kVersion = 0;  // of RFC 7143

static_assert(kKeys.size() <= 64, "one bit a key in LoginNegotiator::said_");
constexpr std::uint64_t bit_of(KeyId id) { return std::uint64_t{1} << static_cast<unsigned>(id); }

std::string_view name_of(KeyId id) { return key_row(id).name; }
const std::string* find(const TextKeys& keys, KeyId id) {
  const std::string* value = keys.find(name_of(id));
  return value && !is_reserved_answer(*value) ? value : nullptr;
}

bool is_name(std::string_view name) {
  return !name.empty() && name.size() <= kMaxNameBytes && name.find_first_of(" ,/\\\"'=") == std::string_view::npos;
}

bool is_negotiated(const KeyRow& row) { return row.rule != KeyRule::declared; }

// Not of this table, nor the authentication's: whoever says it is told so (6.2).
void answer_unknown(const TextKeys& keys, Stage stage, TextKeys& answers) {
  for (const auto& [key, value] : keys) {
    if (find_key(key) || is_reserved_answer(value)) continue;
    if (stage == Stage::security && Authenticator::owns(key)) continue;
    answers.add(key, kNotUnderstood);
  }
}

}  // namespace

LoginNegotiator::LoginNegotiator(LoginConfig config) : config_(std::move(config)) {
  CHECK(config_.target_alias.size() <= TextLimits{}.value_bytes, config_.target_alias.size());
  CHECK(config_.max_recv_data_segment_bytes >= 512 && config_.max_recv_data_segment_bytes <= kMaxLength);
}

LoginStep LoginNegotiator::on_request(const LoginRequest& request, std::string_view text) {
  CHECK(state_ == State::first_request || state_ == State::negotiating, static_cast<int>(state_));
  if (++requests_ > kMaxLoginRequests) return refuse(LoginStatus::initiator_error, "too many login requests");
  if (const auto refusal = check_header(request)) return refuse(*refusal);
  if (requests_ == 1) {
    first_ = request;
    stage_ = request.current;
  } else if (const auto refusal = check_follows(request)) {
    return refuse(*refusal);
  }
  latest_ = request;
  text_bytes_ += text.size();
  if (text_bytes_ > kMaxLoginTextBytes || !assembly_.add(text))
    return refuse(LoginStatus::initiator_error, to_string(TextError::too_long));
  if (request.continued) return Reply{.current = stage_};  // 11.12.2: an empty answer asks for the rest

  const auto parsed = parse_text(assembly_.take());
  if (const auto* error = std::get_if<TextError>(&parsed))
    return refuse(LoginStatus::initiator_error, to_string(*error));
  return on_keys(std::get<TextKeys>(parsed));
}

// 11.12.1 to 11.12.4
std::optional<Refuse> LoginNegotiator::check_header(const LoginRequest& request) const {
  if (request.version_min > kVersion) return Refuse{LoginStatus::unsupported_version, "version"};
  if (request.current != Stage::security && request.current != Stage::operational)
    return Refuse{LoginStatus::initiator_error, "CSG"};
  if (!request.transit) return std::nullopt;
  if (request.continued) return Refuse{LoginStatus::initiator_error, "T with C"};
  if (request.next <= request.current || request.next == Stage::reserved)
    return Refuse{LoginStatus::initiator_error, "NSG"};
  return std::nullopt;
}

std::optional<Refuse> LoginNegotiator::check_follows(const LoginRequest& request) const {
  if (request.current != stage_) return Refuse{LoginStatus::initiator_error, "CSG is not the stage agreed"};
  if (request.isid != first_.isid || request.tsih != first_.tsih || request.cid != first_.cid)
    return Refuse{LoginStatus::initiator_error, "ISID, TSIH or CID changed"};
  if (request.task != first_.task) return Refuse{LoginStatus::initiator_error, "Initiator Task Tag changed"};
  return std::nullopt;
}

LoginStep LoginNegotiator::on_keys(const TextKeys& keys) {
  if (const auto refusal = check_places(keys)) return refuse(*refusal);
  if (state_ == State::negotiating) return negotiate(keys);
  if (const auto refusal = read_identity(keys)) return refuse(*refusal);
  pending_ = keys;
  state_ = State::placing;
  return ask(LoginQuestion::Kind::place);
}

// Each key once in a login (6.2), and where the table lets it be said; a declaration that is repeated as it was changes
// nothing and is let pass.
std::optional<Refuse> LoginNegotiator::check_places(const TextKeys& keys) {
  for (const auto& [key, value] : keys) {
    const KeyRow* row = find_key(key);
    if (!row || is_reserved_answer(value) || says_again(*row, value)) continue;
    if (const auto refusal = check_place(*row)) return refusal;
    if (said_ & bit_of(row->id)) return Refuse{LoginStatus::initiator_error, key + " twice"};
    said_ |= bit_of(row->id);
  }
  return std::nullopt;
}

// libiscsi with a CHAP user repeats who it is in the operational stage where the target has chosen None.
bool LoginNegotiator::says_again(const KeyRow& row, const std::string& value) const {
  if (!(said_ & bit_of(row.id))) return false;
  switch (row.id) {
    case KeyId::initiator_name: return normalised_name(value) == agreed_.initiator_name;
    case KeyId::initiator_alias: return value == agreed_.initiator_alias;
    case KeyId::target_name: return normalised_name(value) == agreed_.target_name;
    case KeyId::session_type: return value == (agreed_.discovery ? "Discovery" : "Normal");
    default: return false;
  }
}

std::optional<Refuse> LoginNegotiator::check_place(const KeyRow& row) const {
  const auto allowed = [&] {
    switch (row.place) {
      case KeyPlace::nowhere: return false;
      case KeyPlace::security: return stage_ == Stage::security;
      case KeyPlace::first: return state_ == State::first_request;
      case KeyPlace::login: return true;
      case KeyPlace::operational: return stage_ == Stage::operational;
      case KeyPlace::operational_or_full_feature: return stage_ == Stage::operational;
      case KeyPlace::full_feature: return false;
    }
    return false;
  };
  if (allowed()) return std::nullopt;
  return Refuse{LoginStatus::initiator_error, std::string(row.name) + " out of place"};
}

std::optional<Refuse> LoginNegotiator::read_identity(const TextKeys& keys) {
  if (const std::string* type = find(keys, KeyId::session_type)) {
    if (*type != "Normal" && *type != "Discovery")
      return Refuse{LoginStatus::session_type_not_supported, "SessionType"};
    agreed_.discovery = *type == "Discovery";
  }
  const std::string* initiator = find(keys, KeyId::initiator_name);
  if (!initiator) return Refuse{LoginStatus::missing_parameter, "no InitiatorName"};
  if (!is_name(*initiator)) return Refuse{LoginStatus::initiator_error, "InitiatorName"};
  agreed_.initiator_name = normalised_name(*initiator);
  agreed_.isid = first_.isid;
  agreed_.cid = first_.cid;
  if (agreed_.discovery) return std::nullopt;

  const std::string* target = find(keys, KeyId::target_name);
  if (!target) return Refuse{LoginStatus::missing_parameter, "no TargetName"};
  if (!is_name(*target)) return Refuse{LoginStatus::not_found, "TargetName"};
  agreed_.target_name = normalised_name(*target);
  return std::nullopt;
}

LoginStep LoginNegotiator::ask(LoginQuestion::Kind kind) {
  return Ask{{.kind = kind,
              .discovery = agreed_.discovery,
              .initiator_name = agreed_.initiator_name,
              .target_name = agreed_.target_name,
              .isid = first_.isid,
              .tsih = first_.tsih,
              .cid = first_.cid}};
}

LoginStep LoginNegotiator::on_answer(const LoginAnswer& answer) {
  CHECK(state_ == State::placing || state_ == State::claiming, static_cast<int>(state_));
  if (const auto* refused = std::get_if<Refused>(&answer)) return refuse(refused->status, "by policy");
  return state_ == State::placing ? on_placed(answer) : on_claimed(answer);
}

LoginStep LoginNegotiator::on_placed(const LoginAnswer& answer) {
  if (const auto* elsewhere = std::get_if<Redirected>(&answer)) return redirect(*elsewhere);
  const auto* serve = std::get_if<Serve>(&answer);
  CHECK(serve, answer.index());
  // With one connection a session and no state kept there is no session that this login could join.
  if (first_.tsih != 0) return refuse(LoginStatus::session_does_not_exist, "TSIH");
  agreed_.portal_group_tag = serve->portal_group_tag;
  if (serve->chap) authenticator_.demand(*serve->chap);
  then_ = serve->then;
  state_ = State::negotiating;
  return negotiate(std::exchange(pending_, {}));
}

LoginStep LoginNegotiator::redirect(const Redirected& elsewhere) {
  CHECK(!agreed_.discovery);  // a discovery session is never redirected
  state_ = State::done;
  return Redirect{elsewhere.address,
                  elsewhere.permanently ? LoginStatus::moved_permanently : LoginStatus::moved_temporarily};
}

LoginStep LoginNegotiator::on_claimed(const LoginAnswer& answer) {
  const auto* claimed = std::get_if<Claimed>(&answer);
  CHECK(claimed && claimed->tsih != 0, answer.index());
  return finish(claimed->tsih);
}

LoginStep LoginNegotiator::negotiate(const TextKeys& keys) {
  TextKeys answers;
  declare_first(answers);
  if (const std::string* alias = find(keys, KeyId::initiator_alias)) agreed_.initiator_alias = *alias;
  if (stage_ == Stage::security) {
    if (const auto refusal = authenticator_.on_keys(keys, answers)) return refuse(refusal->status, refusal->why);
  } else {
    if (!authenticator_.satisfied())
      return refuse(LoginStatus::authentication_failure, "CHAP is required, the security stage was skipped");
    if (then_) return redirect(*then_);
    if (const auto refusal = operational_keys(keys, answers)) return refuse(*refusal);
    declare_operational(answers);
  }
  answer_unknown(keys, stage_, answers);
  return reply(std::move(answers));
}

// 13.9: the tag is in the first response of a normal session.
void LoginNegotiator::declare_first(TextKeys& answers) {
  if (std::exchange(declared_first_, true) || agreed_.discovery) return;
  answers.add(name_of(KeyId::target_portal_group_tag), std::to_string(agreed_.portal_group_tag));
  if (!config_.target_alias.empty()) answers.add(name_of(KeyId::target_alias), config_.target_alias);
}

void LoginNegotiator::declare_operational(TextKeys& answers) {
  if (std::exchange(declared_operational_, true)) return;
  agreed_.max_recv_data_segment_bytes = config_.max_recv_data_segment_bytes;
  answers.add(name_of(KeyId::max_recv_data_segment_length), std::to_string(agreed_.max_recv_data_segment_bytes));
}

std::optional<Refuse> LoginNegotiator::operational_keys(const TextKeys& keys, TextKeys& answers) {
  for (const KeyRow& row : kKeys) {
    const std::string* offered = find(keys, row.id);
    if (!offered) continue;
    if (is_negotiated(row)) {
      answers.add(row.name, answer_to(row, *offered));
    } else if (auto refusal = declared_key(row, *offered)) {
      return refusal;
    }
  }
  return std::nullopt;
}

std::optional<Refuse> LoginNegotiator::declared_key(const KeyRow& row, const std::string& value) {
  if (row.id != KeyId::max_recv_data_segment_length) return std::nullopt;
  const auto bytes = negotiate_number(row, value, row.high);
  if (!bytes) return Refuse{LoginStatus::initiator_error, std::string(row.name)};
  agreed_.max_send_data_segment_bytes = *bytes;
  return std::nullopt;
}

std::string LoginNegotiator::answer_to(const KeyRow& row, const std::string& offered) {
  if (agreed_.discovery && !row.relevant_in_discovery) return std::string(kIrrelevant);
  switch (row.rule) {
    case KeyRule::list: return answer_to_list(row, offered);
    case KeyRule::minimum:
    case KeyRule::maximum: return answer_to_number(row, offered);
    case KeyRule::and_rule:
    case KeyRule::or_rule: return answer_to_boolean(row, offered);
    case KeyRule::always_no: return "No";
    case KeyRule::always_reject:
    case KeyRule::declared: break;
  }
  return std::string(kReject);
}

std::string LoginNegotiator::answer_to_list(const KeyRow& row, const std::string& offered) {
  const bool digest = row.id != KeyId::task_reporting;
  for (const std::string_view element : split_list(offered)) {
    const bool known = digest ? element == "None" || element == "CRC32C" : element == "RFC3720";
    if (!known) continue;
    if (digest) agree(row.id, element == "CRC32C");
    return std::string(element);
  }
  return std::string(kReject);
}

std::string LoginNegotiator::answer_to_number(const KeyRow& row, const std::string& offered) {
  const auto value = negotiate_number(row, offered, own_number(row.id));
  if (!value) return std::string(kReject);
  agree(row.id, *value);
  return std::to_string(*value);
}

std::string LoginNegotiator::answer_to_boolean(const KeyRow& row, const std::string& offered) {
  const auto value = negotiate_boolean(row, offered, own_boolean(row.id));
  if (!value) return std::string(kReject);
  agree(row.id, *value);
  return *value ? "Yes" : "No";
}

std::uint32_t LoginNegotiator::own_number(KeyId id) const {
  switch (id) {
    case KeyId::max_connections: return 1;
    case KeyId::max_burst_length: return config_.max_burst_bytes;
    case KeyId::first_burst_length: return std::min(config_.first_burst_bytes, agreed_.max_burst_bytes);  // 13.14
    case KeyId::default_time2wait: return config_.default_time2wait;
    case KeyId::default_time2retain: return config_.default_time2retain;
    case KeyId::max_outstanding_r2t: return config_.max_outstanding_r2t;
    case KeyId::error_recovery_level: return 0;
    case KeyId::protocol_level: return 1;
    default: CHECK(false, name_of(id));
  }
  return 0;
}

bool LoginNegotiator::own_boolean(KeyId id) const {
  switch (id) {
    case KeyId::initial_r2t: return config_.initial_r2t;
    case KeyId::immediate_data: return config_.immediate_data;
    case KeyId::data_pdu_in_order:
    case KeyId::data_sequence_in_order: return true;
    default: CHECK(false, name_of(id));
  }
  return false;
}

void LoginNegotiator::agree(KeyId id, std::uint32_t value) {
  switch (id) {
    case KeyId::header_digest: agreed_.header_digest = value != 0; break;
    case KeyId::data_digest: agreed_.data_digest = value != 0; break;
    case KeyId::initial_r2t: agreed_.initial_r2t = value != 0; break;
    case KeyId::immediate_data: agreed_.immediate_data = value != 0; break;
    case KeyId::max_burst_length: agreed_.max_burst_bytes = value; break;
    case KeyId::first_burst_length: agreed_.first_burst_bytes = value; break;
    case KeyId::default_time2wait: agreed_.default_time2wait = static_cast<std::uint16_t>(value); break;
    case KeyId::default_time2retain: agreed_.default_time2retain = static_cast<std::uint16_t>(value); break;
    case KeyId::max_outstanding_r2t: agreed_.max_outstanding_r2t = static_cast<std::uint16_t>(value); break;
    case KeyId::protocol_level: agreed_.protocol_level = static_cast<std::uint8_t>(value); break;
    default: break;  // one value is possible only
  }
}

LoginStep LoginNegotiator::reply(TextKeys answers) {
  Reply reply{.current = stage_, .keys = std::move(answers)};
  if (!latest_.transit || (stage_ == Stage::security && !authenticator_.satisfied())) return reply;
  reply.transit = true;
  reply.next = latest_.next;
  if (reply.next != Stage::full_feature) {
    stage_ = reply.next;
    return reply;
  }
  if (then_) return redirect(*then_);
  final_ = std::move(reply);
  if (agreed_.discovery) return finish(kDiscoveryTsih);
  state_ = State::claiming;
  return ask(LoginQuestion::Kind::claim);
}

LoginStep LoginNegotiator::finish(std::uint16_t tsih) {
  state_ = State::done;
  agreed_.tsih = tsih;
  // A MaxBurstLength below the other's default bounds it too (13.14).
  agreed_.first_burst_bytes = std::min(agreed_.first_burst_bytes, agreed_.max_burst_bytes);
  return Finish{std::move(final_), agreed_};
}

LoginStep LoginNegotiator::refuse(LoginStatus status, std::string why) {
  state_ = State::done;
  return Refuse{status, std::move(why)};
}

namespace {

LoginResponse response_header(const LoginRequest& request, const Numbering& numbering) {
  return {.current = request.current,
          .version_max = kVersion,
          .version_active = kVersion,
          .isid = request.isid,
          .tsih = request.tsih,
          .task = request.task,
          .numbering = numbering};
}

void put(LoginResponseText& to, const Reply& reply) {
  to.pdu.current = reply.current;
  to.pdu.next = reply.next;
  to.pdu.transit = reply.transit;
  to.text = to_text(reply.keys);
}
void put(LoginResponseText& to, const Redirect& redirect) {
  to.pdu.status = redirect.status;
  to.text = to_text({{std::string(name_of(KeyId::target_address)), redirect.address}});
}
void put(LoginResponseText& to, const Refuse& refuse) { to.pdu.status = refuse.status; }
void put(LoginResponseText& to, const Finish& finish) {
  put(to, finish.last);
  to.pdu.tsih = finish.agreed.tsih;  // 11.13.3: in the final response only
}
void put(LoginResponseText&, const Ask&) { CHECK(false); }

}  // namespace

LoginResponseText response_to(const LoginRequest& request, const LoginStep& step, const Numbering& numbering) {
  LoginResponseText response{response_header(request, numbering), {}};
  std::visit([&](const auto& one) { put(response, one); }, step);
  CHECK(response.text.size() <= kDefaultDataSegmentBytes, response.text.size());
  return response;
}

LoginResponse refusal_of(const LoginRequest& request, LoginStatus status, const Numbering& numbering) {
  LoginResponse response = response_header(request, numbering);
  response.status = status;
  return response;
}

}  // namespace shoal::iscsi

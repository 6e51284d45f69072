#include "test/unit/iscsi/transcript_player.h"

#include <fmt/format.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>

#include "target/iscsi/pdu_dump.h"

namespace shoal::test {

using namespace shoal::iscsi;

namespace {

[[noreturn]] void not_understood(const std::string& what) { throw std::runtime_error("transcript: " + what); }

TextKeys keys_of(const std::vector<std::string>& pairs) {
  TextKeys keys;
  for (const std::string& pair : pairs) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) not_understood(pair);
    keys.add(pair.substr(0, equals), pair.substr(equals + 1));
  }
  return keys;
}

const char* name_of(DataFault fault) {
  switch (fault) {
    case DataFault::none: break;
    case DataFault::unexpected_unsolicited: return "unexpected_unsolicited";
    case DataFault::wrong_amount: return "wrong_amount";
    case DataFault::damaged: return "damaged";
    case DataFault::not_supported: return "not_supported";
    case DataFault::too_long: return "too_long";
    case DataFault::no_aca: return "no_aca";
    case DataFault::no_room: return "no_room";
  }
  return "none";
}

std::string tag_list(const std::vector<TaskId>& tasks, const std::map<std::uint32_t, TaskId>& tags) {
  std::string list;
  for (const TaskId task : tasks) {
    const auto found = std::find_if(tags.begin(), tags.end(), [&](const auto& one) { return one.second == task; });
    list += fmt::format("{}{:#x}", list.empty() ? "" : ",", found == tags.end() ? 0 : found->first);
  }
  return list;
}

// Challenges are the octets 00 to 1f, with identifier 7.
Serve serve(const Words& words) {
  Serve serve;
  if (const auto user = words.find("user")) {
    serve.chap = ChapDemand{{{*user, Secret(words.find("secret").value_or(""))}, std::nullopt}, 7, {}};
    for (std::size_t i = 0; i < kChapChallengeBytes; ++i) serve.chap->challenge[i] = static_cast<std::byte>(i);
  }
  if (const auto user = words.find("target_user")) {
    serve.chap->credentials.target = ChapAccount{*user, Secret(words.find("target_secret").value_or(""))};
  }
  if (const auto address = words.find("then")) serve.then = Redirected{*address};
  return serve;
}

}  // namespace

Words::Words(const std::string& line) {
  std::istringstream in(line);
  in >> name_;
  for (std::string word; in >> word;) {
    const std::size_t equals = word.find('=');
    if (equals == std::string::npos) {
      flags_.push_back(word);
    } else {
      fields_.emplace_back(word.substr(0, equals), word.substr(equals + 1));
    }
  }
}

bool Words::flag(const std::string& word) const { return std::count(flags_.begin(), flags_.end(), word) != 0; }

std::optional<std::string> Words::find(const std::string& field) const {
  for (const auto& [name, value] : fields_) {
    if (name == field) return value;
  }
  return std::nullopt;
}

std::vector<std::string> Words::all(const std::string& field) const {
  std::vector<std::string> values;
  for (const auto& [name, value] : fields_) {
    if (name == field) values.push_back(value);
  }
  return values;
}

std::uint64_t Words::number(const std::string& field, std::uint64_t otherwise) const {
  const auto value = find(field);
  return value ? std::stoull(*value, nullptr, 0) : otherwise;
}

std::uint64_t Words::hex(const std::string& field) const {
  const auto value = find(field);
  return value ? std::stoull(*value, nullptr, 16) : 0;
}

TranscriptPlayer::TranscriptPlayer() : connection_(LoginConfig{}, {.ping_interval = 5s, .ping_timeout = 5s}, now_) {}

std::vector<std::string> TranscriptPlayer::play(const std::string& line) {
  if (line.starts_with("login")) {
    login(line.substr(5));
    return {};
  }
  if (line.starts_with("> ")) {
    send(Words(line.substr(2)));
  } else if (line.starts_with("@ ")) {
    act(Words(line.substr(2)));
  } else if (line.starts_with("+ ")) {
    pass(line.substr(2));
  } else {
    not_understood(line);
  }
  return results();
}

void TranscriptPlayer::login(const std::string& line) {
  const Words words("login" + line);
  TextKeys keys =
      words.flag("discovery") ? without(discovery_keys(), "AuthMethod") : without(security_keys(), "AuthMethod");
  for (const auto& [key, value] : words.fields()) keys.add(key, value);
  connection_.receive(wire(operational_request(), keys), now_);
  connection_.answer_login(Serve{}, now_);
  connection_.answer_claim(Claimed{1}, now_);
  digests_ = {words.find("HeaderDigest") == "CRC32C", words.find("DataDigest") == "CRC32C"};
  results();
  reader_.set_digests(digests_);
  if (!connection_.logged_in()) not_understood("no login with" + line);
}

template <class Pdu>
void TranscriptPlayer::number(Pdu& pdu, const Words& words) {
  pdu.exp_stat_sn = StatSn{static_cast<std::uint32_t>(words.number("exp_stat_sn", exp_stat_sn_.value))};
  if constexpr (requires { pdu.task; }) {
    if (words.find("task")) pdu.task = InitiatorTaskTag{static_cast<std::uint32_t>(words.number("task"))};
  }
  if constexpr (requires { pdu.lun; }) pdu.lun = Lun{words.number("lun")};
  if constexpr (requires { pdu.transfer; }) {
    pdu.transfer = TargetTransferTag{static_cast<std::uint32_t>(words.number("transfer", kNoTransfer.value))};
  }
  if constexpr (requires { pdu.immediate; }) pdu.immediate = words.flag("immediate");
  if constexpr (requires { pdu.final; }) pdu.final = words.flag("final");
  if constexpr (requires { pdu.cmd_sn; }) {
    pdu.cmd_sn = CmdSn{static_cast<std::uint32_t>(words.number("cmd_sn", cmd_sn_.value))};
    bool counts = !words.find("cmd_sn");
    if constexpr (requires { pdu.immediate; }) counts = counts && !pdu.immediate;
    if (counts && !std::is_same_v<Pdu, LoginRequest>) ++cmd_sn_;
  }
}

template <class Pdu>
void TranscriptPlayer::send_pdu(Pdu pdu, const Words& words) {
  number(pdu, words);
  const std::string data = words.find("text") ? to_text(keys_of(words.all("text"))) : pattern(words.number("data"), 0);
  const Slice bytes = wire(pdu, data, digests_);
  if (!words.flag("damaged")) return connection_.receive(bytes, now_);
  std::string text(as_text(bytes.bytes()));
  text[kBhsSize + (digests_.header ? 4 : 0)] ^= 1;  // the first byte of data
  connection_.receive(Slice::copy_of(text), now_);
}

void TranscriptPlayer::send(const Words& words) {
  const std::string& name = words.name();
  const auto u32 = [&](const char* field) { return static_cast<std::uint32_t>(words.number(field)); };
  if (name == "scsi_command") {
    ScsiCommand pdu{
        .read = words.flag("read"), .write = words.flag("write"), .expected_data_transfer_length = u32("expected")};
    pdu.attribute = static_cast<TaskAttribute>(words.number("attribute", 1));
    pdu.cdb[0] = static_cast<std::byte>(words.hex("cdb"));
    send_pdu(pdu, words);
  } else if (name == "data_out") {
    send_pdu(DataOut{.data_sn = {u32("data_sn")}, .buffer_offset = u32("offset")}, words);
  } else if (name == "nop_out") {
    send_pdu(NopOut{}, words);
  } else if (name == "text_request") {
    send_pdu(TextRequest{.continued = words.flag("continued")}, words);
  } else if (name == "logout_request") {
    send_pdu(LogoutRequest{.reason = static_cast<LogoutRequestReason>(u32("reason")),
                           .cid = static_cast<std::uint16_t>(u32("cid"))},
             words);
  } else if (name == "snack_request") {
    send_pdu(SnackRequest{}, words);
  } else if (name == "task_management_request") {
    TaskManagementRequest pdu{.function = static_cast<TaskFunction>(u32("function"))};
    pdu.referenced_task = InitiatorTaskTag{static_cast<std::uint32_t>(words.number("referenced", kNoTask.value))};
    pdu.ref_cmd_sn = CmdSn{u32("ref_cmd_sn")};
    send_pdu(pdu, words);
  } else if (name == "login_request") {
    LoginRequest pdu = login_request(static_cast<Stage>(u32("stage")), static_cast<Stage>(u32("next")));
    pdu.tsih = static_cast<std::uint16_t>(u32("tsih"));
    send_pdu(pdu, words);
  } else {
    not_understood(name);
  }
}

TaskId TranscriptPlayer::task_of(const Words& words) const {
  const auto found = tasks_.find(static_cast<std::uint32_t>(words.number("task")));
  if (found == tasks_.end()) not_understood("a task that was not told");
  return found->second;
}

void TranscriptPlayer::act(const Words& words) {
  const std::string& call = words.name();
  if (call == "complete") {
    Outcome outcome;
    outcome.status = static_cast<std::uint8_t>(words.hex("status"));
    if (words.number("sense")) outcome.sense = Slice::copy_of(pattern(words.number("sense")));
    if (words.number("data")) outcome.data = {Slice::copy_of(pattern(words.number("data")))};
    outcome.transfer_bytes = words.number("transfer", words.number("data"));
    connection_.complete(task_of(words), outcome, now_);
  } else if (call == "complete_management") {
    if (!management_) not_understood("no management request");
    connection_.complete_management(*management_, static_cast<TaskResponse>(words.number("response")), now_);
  } else if (call == "serve") {
    connection_.answer_login(serve(words), now_);
  } else if (call == "redirect") {
    connection_.answer_login(Redirected{words.find("address").value_or("")}, now_);
  } else if (call == "refuse") {
    connection_.answer_login(Refused{static_cast<LoginStatus>(words.hex("status"))}, now_);
  } else if (call == "claimed") {
    connection_.answer_claim(Claimed{static_cast<std::uint16_t>(words.number("tsih"))}, now_);
  } else if (call == "unclaimed") {
    connection_.answer_claim(Refused{static_cast<LoginStatus>(words.hex("status"))}, now_);
  } else if (call == "targets") {
    std::vector<TargetRecord> targets;
    for (const std::string& name : words.all("name")) targets.push_back({name, words.all("address")});
    connection_.answer_targets(targets, now_);
  } else if (call == "finish_logout") {
    connection_.finish_logout(now_);
  } else if (call == "begin_drop") {
    connection_.begin_drop(now_);
  } else if (call == "send_drop_event") {
    connection_.send_drop_event(now_);
  } else if (call == "send_drop_and_logout_events") {
    connection_.send_drop_and_logout_events(std::chrono::seconds(words.number("seconds")), now_);
  } else if (call == "request_logout") {
    connection_.request_logout(std::chrono::seconds(words.number("seconds")), now_);
  } else if (call == "peer_closed") {
    connection_.peer_closed(now_);
  } else {
    not_understood(call);
  }
}

void TranscriptPlayer::pass(const std::string& duration) {
  if (!duration.ends_with('s')) not_understood(duration);
  const Time end = now_ + std::chrono::milliseconds(static_cast<int>(std::stod(duration) * 1000));
  for (auto next = connection_.deadline(); next && *next <= end; next = connection_.deadline()) {
    now_ = std::max(now_, *next);
    connection_.on_deadline(now_);
    if (connection_.deadline() == next) not_understood("a deadline that does not move");
  }
  now_ = end;
}

std::vector<std::string> TranscriptPlayer::results() {
  std::vector<std::string> lines;
  reader_.receive(connection_.transmit());
  for (const Answer& answer : reader_.all()) {
    std::string line = "< " + dump(answer.pdu, static_cast<std::uint32_t>(answer.data.size()));
    if (answer.as<TextResponse>() || answer.as<LoginResponse>()) {
      std::istringstream pairs(answer.data);
      for (std::string pair; std::getline(pairs, pair, '\0');) line += " text=" + pair;
    }
    lines.push_back(std::move(line));
    std::visit(
        [&](const auto& pdu) {
          const Numbering& numbers = pdu.numbering;
          if (precedes_or_equals(exp_stat_sn_, numbers.stat_sn)) exp_stat_sn_ = numbers.stat_sn;
        },
        answer.pdu);
    const bool counts = !answer.as<R2t>() && !(answer.as<DataIn>() && !answer.as<DataIn>()->has_status) &&
                        !(answer.as<NopIn>() && answer.as<NopIn>()->task == kNoTask);
    if (counts) ++exp_stat_sn_;
  }
  if (reader_.broken()) lines.push_back("< (not a PDU)");
  while (const auto event = connection_.next_event()) lines.push_back("! " + tell(*event));
  if (connection_.closing() != told_closing_) {
    told_closing_ = connection_.closing();
    lines.push_back(told_closing_ == Closing::by_peer      ? "= by_peer"
                    : told_closing_ == Closing::half_close ? "= half_close"
                                                           : "= close");
  }
  return lines;
}

std::string TranscriptPlayer::tell(const Event& event) {
  if (const auto* asked = std::get_if<LoginAsked>(&event)) {
    return fmt::format("login_asked initiator={} target={}", asked->question.initiator_name,
                       asked->question.target_name);
  }
  if (const auto* asked = std::get_if<NexusClaimAsked>(&event)) {
    return fmt::format("nexus_claim_asked target={} isid={:012x}", asked->question.target_name, asked->question.isid);
  }
  if (std::holds_alternative<LoggedIn>(event)) return "logged_in";
  if (const auto* ready = std::get_if<CommandReady>(&event)) {
    const Command& command = ready->command;
    tasks_[command.tag.value] = command.task;
    return fmt::format("command task={:#x} cdb={:02x} expected={} data={}", command.tag.value,
                       std::to_integer<unsigned>(command.cdb[0]), command.expected_bytes, total_size(command.data));
  }
  if (const auto* failed = std::get_if<CommandFailed>(&event)) {
    tasks_[failed->command.tag.value] = failed->command.task;
    return fmt::format("command_failed task={:#x} fault={}", failed->command.tag.value, name_of(failed->fault));
  }
  if (const auto* asked = std::get_if<ManagementAsked>(&event)) {
    management_ = asked->id;
    return fmt::format("management_asked function={} tasks={}", static_cast<int>(asked->function),
                       tag_list(asked->tasks, tasks_));
  }
  if (const auto* asked = std::get_if<LogoutAsked>(&event)) {
    return fmt::format("logout_asked reason={}", static_cast<int>(asked->reason));
  }
  if (const auto* asked = std::get_if<TargetsAsked>(&event)) return "targets_asked name=" + asked->name;
  if (std::holds_alternative<Quiet>(event)) return "quiet";
  return fmt::format("ended reason={}", to_string(std::get<Ended>(event).reason));
}

std::string replay(const std::string& text) {
  TranscriptPlayer player;
  std::string played;
  std::istringstream in(text);
  for (std::string line; std::getline(in, line);) {
    const char first = line.empty() ? '#' : line[0];
    if (first == '<' || first == '!' || first == '=') continue;
    played += line + "\n";
    if (first == '#') continue;
    for (const std::string& result : player.play(line)) played += result + "\n";
  }
  return played;
}

}  // namespace shoal::test

#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/shoalctl/views.h"

namespace shoal {

using nlohmann::json;

namespace {

std::string percent(double fraction) { return fmt::format("{:.0f} %", fraction * 100); }

std::string member_of(std::uint32_t id) { return id == 0 ? "-" : fmt::format("{}", id); }

std::string volume_of(const json& answer, const json& decision) {
  const std::string image = fmt::format("{}", decision.value("image", std::uint64_t{0}));
  return image == "0" ? "-" : answer.value("volumes", json::object()).value(image, "image " + image);
}

std::string kind_of(const json& decision) {
  return decision.value("kind", "") + (decision.value("observed", false) ? " (observed)" : "");
}

// Empty: not known.
std::string share_in(const json& picture, std::uint32_t id) {
  if (!picture.is_object()) return {};
  for (const json& member : picture.at("members")) {
    if (member.value("member", 0u) == id) return percent(member.value("share", 0.0));
  }
  return {};
}

// The share of the member that decided, then and a minute later.
std::string effect_of(const json& decision) {
  const auto id = decision.value("member", 0u);
  if (!decision.contains("effect")) return "-";
  const std::string before = share_in(decision.at("inputs"), id),
                    after = share_in(decision.at("effect").at("load"), id);
  return before.empty() || after.empty() ? "-" : fmt::format("share {} -> {}", before, after);
}

std::string outcome_of(const json& decision) {
  const json outcome = decision.value("outcome", json::object());
  if (outcome.contains("pause_s")) return fmt::format("pause {:.2f} s", outcome.at("pause_s").get<double>());
  return outcome.value("text", "-");
}

// What stands behind the word of a formula, and which end of its score is better.
std::string formula_text(const std::string& formula) {
  if (formula == "least-loaded") {
    return "least-loaded: (client load + (sessions + placed) x units of a mean session / weight) / 2, in an idle group "
           "(sessions + placed) / weight; lowest first";
  }
  if (formula == "weighted") return "weighted: (sessions + placed) / weight; lowest first";
  if (formula == "affinity") return "affinity: 1 - fraction of the host's pages that the member owns; lowest first";
  if (formula == "round-robin") return "round-robin: the next in the circle";
  if (formula == "pin") return "pin: an operator has said so";
  return formula + "; highest first";
}

std::string inputs_table(const json& picture) {
  std::vector<std::vector<std::string>> rows;
  for (const json& member : picture.at("members")) {
    const bool heard = member.value("heard", false);
    rows.push_back({fmt::format("  {}", member.value("member", 0u)), fmt::format("{:.0f}", member.value("work", 0.0)),
                    fmt::format("{:.0f}", member.value("forwarded", 0.0)),
                    fmt::format("{:.0f}", member.value("client_load", 0.0)), percent(member.value("share", 0.0)),
                    percent(member.value("fair", 0.0)), percent(member.value("pressure", 0.0)),
                    fmt::format("{}", member.value("sessions", 0u)),
                    !heard                            ? "silent"
                    : member.value("draining", false) ? "draining"
                                                      : "ok"});
  }
  return table({"  MEMBER", "UNITS/S", "FORWARDED", "CLIENT LOAD", "SHARE", "FAIR", "PRESSURE", "SESSIONS", "STATE"},
               rows);
}

std::string alternatives_table(const json& alternatives) {
  std::vector<std::vector<std::string>> rows;
  for (const json& each : alternatives) {
    rows.push_back({fmt::format("  {}", each.value("member", 0u)), each.value("session", "-"),
                    fmt::format("{:.4g}", each.value("score", 0.0)), each.value("note", "")});
  }
  return table({"  TO MEMBER", "SESSION", "SCORE", "NOT BECAUSE"}, rows);
}

std::string headline(const json& decision) {
  const std::uint32_t choice = decision.value("choice", 0u);
  return fmt::format("{:.0f} s ago, member {}, decision {}: {}{}{}: {}\n", decision.value("age_s", 0.0),
                     decision.value("member", 0u), decision.value("number", std::uint64_t{0}), kind_of(decision),
                     decision.contains("session") ? " of session " + decision.at("session").get<std::string>() : "",
                     choice == 0 ? "" : fmt::format(" to member {}", choice), decision.value("reason", ""));
}

std::string in_full(const json& decision) {
  std::string out = headline(decision);
  if (const json& inputs = decision.at("inputs"); inputs.is_object()) out += "  inputs\n" + inputs_table(inputs);
  if (const std::string formula = decision.value("formula", ""); !formula.empty()) {
    out += "  formula  " + formula_text(formula) + "\n" + alternatives_table(decision.at("alternatives"));
  }
  if (decision.value("cost_s", 0.0) > 0) {
    out += fmt::format("  cost     a pause of {:.2f} s was expected\n", decision.at("cost_s").get<double>());
  }
  if (decision.contains("outcome")) out += "  outcome  " + decision.at("outcome").value("text", "") + "\n";
  if (decision.contains("effect")) {
    const json& effect = decision.at("effect");
    out += fmt::format("  effect   after {:.0f} s\n", effect.value("after_s", 0.0)) + inputs_table(effect.at("load"));
  }
  return out;
}

std::string missing_note(const json& answer) {
  std::string note;
  for (const json& member : answer.value("missing", json::array())) {
    note += fmt::format("member {} did not answer: its decisions are not in this list\n", member.get<std::uint32_t>());
  }
  return note;
}

std::string where_it_is(const json& session) {
  const std::string id = session.value("id", "");
  if (session.contains("member")) {
    return fmt::format("session {} of volume {} is at member {}; its host {} came by the {}\n", id,
                       session.value("volume", ""), session.value("member", 0u), session.value("initiator", ""),
                       session.value("came", ""));
  }
  if (!session.value("member_silent", false)) return fmt::format("session {} is here no more\n", id);
  return fmt::format("whether session {} is still there is not known: its member does not answer\n", id);
}

}  // namespace

std::string view_decisions(const json& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const json& each : answer.at("decisions")) {
    rows.push_back({fmt::format("{:.0f} s", each.value("age_s", 0.0)), fmt::format("{}", each.value("member", 0u)),
                    kind_of(each), each.value("session", "-"), each.value("initiator", "-"), volume_of(answer, each),
                    member_of(each.value("choice", 0u)), effect_of(each), outcome_of(each), each.value("reason", "")});
  }
  return table({"AGO", "BY MEMBER", "DECISION", "SESSION", "INITIATOR", "VOLUME", "TO", "EFFECT", "OUTCOME", "REASON"},
               rows) +
         missing_note(answer);
}

std::string view_why(const json& answer) {
  std::string out = where_it_is(answer.at("session"));
  for (const json& decision : answer.at("decisions")) out += "\n" + in_full(decision);
  if (answer.at("decisions").empty()) out += "no decision about it is known\n";
  return out + missing_note(answer);
}

std::string view_recording(const json& recording) {
  const auto seconds = recording.value("seconds", std::uint64_t{0});
  const bool whole = seconds == recording.value("asked_seconds", std::uint64_t{0});
  return fmt::format("{} s in {}, {} bytes{}\n", seconds, recording.value("file", ""),
                     recording.value("bytes", std::uint64_t{0}),
                     whole ? "" : "; then the file would have become too long");
}

std::string view_replay(const json& replay) {
  std::string out = fmt::format(
      "{} s, policy {}, balance {}\n"
      "logins        {}, of these {} would be placed elsewhere\n"
      "moves         {}\n"
      "unevenness    {} at first; at last {} as recorded, {} with these decisions\n",
      replay.value("seconds", 0u), replay.value("policy", ""), replay.value("balance", ""), replay.value("logins", 0u),
      replay.value("placed_elsewhere", 0u), replay.value("moves", 0u), percent(replay.value("uneven_at_first", 0.0)),
      percent(replay.value("uneven_at_last", 0.0)), percent(replay.value("uneven_replayed", 0.0)));
  for (const auto& [reason, count] : replay.at("decisions").items())
    out += fmt::format("{:>13} {}\n", count.dump(), reason);
  return out;
}

}  // namespace shoal

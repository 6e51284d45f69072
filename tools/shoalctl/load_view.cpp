#include <fmt/format.h>

#include <nlohmann/json.hpp>

#include "tools/shoalctl/views.h"

namespace shoal {

using nlohmann::json;

namespace {

constexpr std::size_t kPagesShown = 10;

std::string percent(const json& object, const char* key) {
  const auto found = object.find(key);
  return found == object.end() ? "-" : fmt::format("{:.0f} %", found->get<double>() * 100);
}

std::string units(const json& object, const char* key) { return fmt::format("{:.0f}", object.value(key, 0.0)); }

std::string state_of(const json& member) {
  if (!member.value("heard", false)) return "silent";
  if (member.value("draining", false)) return "draining";
  return member.at("measures").value("disproportionate", false) ? "DISPROPORTIONATE" : "ok";
}

std::vector<std::string> member_row(const json& member) {
  const std::string id = fmt::format("{}", member.value("member", 0u));
  if (!member.contains("inputs")) return {id, "-", "-", "-", "-", "-", "-", "-", "-", "-", state_of(member)};
  const json& inputs = member.at("inputs");
  const json& measures = member.at("measures");
  return {id,
          units(measures, "work"),
          fmt::format("{:.1f} ms", inputs.value("latency_s", 0.0) * 1000),
          units(measures, "client_load"),
          percent(measures, "share"),
          percent(measures, "fair"),
          percent(inputs.at("server"), "cpu"),
          percent(inputs.at("store"), "busy"),
          fmt::format("{}", inputs.at("server").value("sessions", 0u)),
          fmt::format("{:.1f} s", member.value("age_s", 0.0)),
          state_of(member)};
}

std::string volume_name(const json& load, const json& of) {
  const std::string image = fmt::format("{}", of.value("image", std::uint64_t{0}));
  return load.value("volumes", json::object()).value(image, "image " + image);
}

std::vector<std::vector<std::string>> volume_rows(const json& load) {
  std::vector<std::vector<std::string>> rows;
  for (const json& member : load.at("members")) {
    for (const json& volume : member.value("volumes", json::array())) {
      rows.push_back({volume_name(load, volume), fmt::format("{}", member.value("member", 0u)),
                      volume.value("pattern", ""), units(volume.at("reads"), "units"),
                      units(volume.at("writes"), "units")});
    }
  }
  return rows;
}

std::vector<std::vector<std::string>> page_rows(const json& load) {
  std::vector<std::vector<std::string>> rows;
  for (const json& page : load.at("hot_pages").at("pages")) {
    if (rows.size() == kPagesShown) break;
    rows.push_back({volume_name(load, page), fmt::format("{}", page.value("page", std::uint64_t{0})),
                    units(page, "units"), units(page, "error"), page.value("hottest_initiator", "")});
  }
  return rows;
}

std::string pinned_volume(const json& pin) {
  if (!pin.contains("image")) return "every volume";
  return pin.value("volume", fmt::format("image {}", pin.at("image").get<std::uint64_t>()));
}

}  // namespace

std::string view_load(const json& load) {
  std::vector<std::vector<std::string>> members;
  for (const json& member : load.at("members")) members.push_back(member_row(member));
  std::string out = fmt::format("group: {} units/s, system load {}\n\n", units(load.at("group"), "work"),
                                percent(load.at("group"), "system_load"));
  out += table({"MEMBER", "UNITS/S", "LATENCY", "CLIENT LOAD", "SHARE", "FAIR", "CPU", "STORE BUSY", "SESSIONS",
                "REPORTED", "STATE"},
               members);
  if (const auto rows = volume_rows(load); !rows.empty()) {
    out += "\n" + table({"VOLUME", "AT MEMBER", "PATTERN", "READ UNITS/S", "WRITE UNITS/S"}, rows);
  }
  if (const auto rows = page_rows(load); !rows.empty()) {
    out += "\n" + table({"VOLUME", "PAGE", "UNITS/S", "AT MOST TOO HIGH BY", "HOTTEST INITIATOR"}, rows);
  }
  return out;
}

std::string view_load_rules(const json& rules) {
  const bool of_group = rules.at("policy_of") == "group";
  std::string out =
      fmt::format("policy   {}{}\nbalance  {}\n", rules.at("policy").get<std::string>(),
                  of_group ? "" : " (of this member's configuration)", rules.at("balance").get<std::string>());
  std::vector<std::vector<std::string>> weights, pins;
  for (const json& each : rules.at("weights")) {
    weights.push_back(
        {fmt::format("{}", each.at("member").get<unsigned>()), fmt::format("{}", each.at("weight").get<double>())});
  }
  for (const json& each : rules.at("pins")) {
    pins.push_back({each.at("initiator").get<std::string>(), pinned_volume(each),
                    fmt::format("{}", each.at("member").get<unsigned>())});
  }
  if (!weights.empty()) out += "\n" + table({"MEMBER", "WEIGHT"}, weights);
  if (!pins.empty()) out += "\n" + table({"PINNED INITIATOR", "VOLUME", "TO MEMBER"}, pins);
  return out;
}

}  // namespace shoal

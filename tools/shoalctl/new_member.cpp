#include "tools/shoalctl/new_member.h"

#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include "target/base/endpoint.h"
#include "tools/node/config.h"

namespace shoal {

using nlohmann::json;

namespace {

const char* const kOwnAddresses[] = {"member_portal", "peer"};

std::string at_address(const std::string& address, const json& endpoint) {
  const auto old = Endpoint::parse(endpoint.get<std::string>());
  return old ? Endpoint{address, old->port}.to_string() : endpoint.get<std::string>();
}

std::string host_of(const json& endpoint) {
  const auto parsed = endpoint.is_string() ? Endpoint::parse(endpoint.get<std::string>()) : std::nullopt;
  return parsed ? parsed->host : "";
}

// A control port of the loopback network is one at every member.
bool has_control_at_own_address(const json& config) {
  if (!config.contains("control")) return false;
  const std::string control = host_of(config["control"]);
  const auto is_there = [&](const char* key) { return config.contains(key) && host_of(config[key]) == control; };
  return std::ranges::any_of(kOwnAddresses, is_there) || host_of(config.at("group_portals").at(0)) == control;
}

std::optional<std::string> numeric(const std::string& address) {
  const bool v6 = address.find(':') != std::string::npos;
  const auto parsed = Endpoint::parse(v6 ? fmt::format("[{}]:1", address) : address + ":1");
  return parsed ? std::optional(parsed->host) : std::nullopt;
}

}  // namespace

std::string why_no_new_member(const json& like, const json& members, std::uint32_t id, const std::string& address) {
  if (id < 1 || id > kMaxMemberId) return fmt::format("a member's number is 1 to {}, not {}", kMaxMemberId, id);
  const auto host = numeric(address);
  if (!host) return fmt::format("\"{}\" is not a numeric address, as 10.0.0.4 or fd00::4", address);
  if (*host == "0.0.0.0" || *host == "::") return fmt::format("{} is no address that hosts can be sent to", *host);
  if (!like.contains("peer")) {
    return "that member is a single server, with its metadata in SQLite; only a group with etcd takes members";
  }
  for (const json& member : members) {
    if (member.at("id") == id) return fmt::format("there is a member {} already", id);
    const auto portal = Endpoint::parse(member.value("member_portal", ""));
    if (portal && portal->host == *host)
      return fmt::format("{} is the address of member {}", *host, member["id"].dump());
  }
  return {};
}

json new_member_config(const json& like, std::uint32_t id, const std::string& address) {
  const std::string host = numeric(address).value_or(address);
  json config = like;
  config["member"] = id;
  for (const char* key : kOwnAddresses) {
    if (config.contains(key)) config[key] = at_address(host, config[key]);
  }
  if (has_control_at_own_address(like)) config["control"] = at_address(host, like["control"]);
  config["group_portals"] = json::array({at_address(host, like.at("group_portals").at(0))});
  return config;
}

std::string new_member_steps(const json& config, const std::string& file) {
  return fmt::format(
      "written: {0}. On the new machine: put it there, and the group's key as {1}{2}; then start it with: shoald "
      "--config "
      "{0}. It joins by itself; `shoalctl member list` shows it.\n",
      file, config.value("group_key_file", "group_key_file"),
      config.contains("control_token_file") ? ", the token as " + config["control_token_file"].get<std::string>() : "");
}

}  // namespace shoal

#include "tools/node/ephemeral.h"

#include <nlohmann/json.hpp>

#include "routing/placement_words.h"

namespace shoal {

using nlohmann::json;

namespace {

std::string iqn_of(const NodeConfig& config, const std::string& volume) { return config.iqn_prefix + ":" + volume; }

std::string url_of(const Endpoint& portal, const std::string& iqn) {
  return "iscsi://" + portal.to_string() + "/" + iqn + "/0";
}

}  // namespace

Result<EphemeralVolume, std::string> parse_ephemeral_volume(std::string_view text) {
  using Parsed = Result<EphemeralVolume, std::string>;
  const std::size_t colon = text.find(':');
  const auto size = colon == std::string_view::npos ? std::nullopt : parse_size(text.substr(colon + 1));
  if (!size || *size == 0 || colon == 0) {
    return Parsed(boost::system::in_place_error,
                  fmt::format("--volume \"{}\": expected NAME:SIZE, as scratch:1GiB", text));
  }
  return EphemeralVolume{std::string(text.substr(0, colon)), *size};
}

NodeConfig ephemeral_config(const Endpoint& listen, const std::string& store) {
  NodeConfig config;
  config.group = "ephemeral";
  config.group_portals = {listen};
  config.sqlite = ":memory:";
  config.store = store;
  config.logins.allocate = false;
  config.log_level = LogLevel::warn;
  return config;
}

std::string volume_request(const EphemeralVolume& volume, routing::DurabilityPolicy durability,
                           const std::optional<cluster::ChapSettings>& chap) {
  json body = {{"name", volume.name}, {"size_bytes", volume.size_bytes}, {"durability", to_string(durability)}};
  if (!chap) return body.dump();
  body["chap"] = {{"user", chap->initiator.user}, {"secret_file", chap->initiator.secret_file}};
  if (chap->target) {
    body["chap"]["mutual_user"] = chap->target->user;
    body["chap"]["mutual_secret_file"] = chap->target->secret_file;
  }
  return body.dump();
}

std::string ready_line(const NodeConfig& config, const Endpoint& portal, const std::vector<EphemeralVolume>& volumes,
                       std::int64_t pid) {
  json list = json::array();
  for (const EphemeralVolume& volume : volumes) {
    const std::string iqn = iqn_of(config, volume.name);
    list.push_back(
        {{"name", volume.name}, {"iqn", iqn}, {"url", url_of(portal, iqn)}, {"size_bytes", volume.size_bytes}});
  }
  json line = {{"portal", portal.to_string()}, {"pid", pid}, {"volumes", list}};
  if (!list.empty()) line["iqn"] = list[0]["iqn"], line["url"] = list[0]["url"];
  return line.dump();
}

}  // namespace shoal

#include "tools/node/volume_requests.h"

#include <fmt/format.h>

#include "target/base/log.h"
#include "tools/node/request_json.h"

namespace shoal {

using nlohmann::json;

namespace {

cluster::ChapSettings chap_in(const json& body) {
  if (!body.is_object()) throw BadRequest{"\"chap\": expected a JSON object"};
  expect_keys(body, {"user", "secret_file", "mutual_user", "mutual_secret_file"});
  cluster::ChapSettings settings{{text_in(body, "user"), text_in(body, "secret_file")}, std::nullopt};
  if (body.contains("mutual_user") || body.contains("mutual_secret_file")) {
    settings.target = cluster::ChapUser{text_in(body, "mutual_user"), text_in(body, "mutual_secret_file")};
  }
  if (const auto wrong = cluster::check_chap(settings)) throw BadRequest{*wrong};
  return settings;
}

std::optional<cluster::VolumeError> bad_request(const std::optional<std::string>& wrong) {
  return wrong ? std::optional(cluster::VolumeError{400, *wrong}) : std::nullopt;
}

cluster::Volumes::ChangeAccess change_for(std::string_view order, const json& body) {
  using cluster::VolumeAccess;
  if (order == "chap") {
    return [chap = chap_in(body)](VolumeAccess& access) {
      access.chap = chap;
      return std::optional<cluster::VolumeError>();
    };
  }
  expect_keys(body, {"initiator"});
  const std::string name = text_in(body, "initiator");
  if (order == "allow") return [name](VolumeAccess& access) { return bad_request(cluster::allow(access, name)); };
  if (order == "deny") return [name](VolumeAccess& access) { return bad_request(cluster::deny(access, name)); };
  return [name](VolumeAccess& access) {
    if (cluster::forget(access, name)) return std::optional<cluster::VolumeError>();
    return std::optional(cluster::VolumeError{404, "neither list of the volume has " + shoal::quoted(name)});
  };
}

void take_key(cluster::VolumeRequest& request, const json& body, const std::string& key) {
  static const std::map<std::string, routing::PlacementRule> kRules = {
      {"striped", routing::PlacementRule::striped}, {"contiguous", routing::PlacementRule::contiguous}};
  using routing::DurabilityPolicy;
  static const std::map<std::string, DurabilityPolicy> kPolicies = {{"sync", DurabilityPolicy::sync},
                                                                    {"writeback", DurabilityPolicy::writeback},
                                                                    {"memory", DurabilityPolicy::memory}};
  if (key == "name") {
    request.name = text_in(body, "name");
  } else if (key == "size_bytes") {
    request.size_bytes = number_in(body, "size_bytes", "bytes");
  } else if (key == "page_bytes") {
    const std::uint64_t bytes = number_in(body, "page_bytes", "bytes");
    if (bytes > routing::kMaxPageBytes) {
      throw BadRequest{fmt::format("\"page_bytes\": at most {}", routing::kMaxPageBytes)};
    }
    request.page_bytes = static_cast<std::uint32_t>(bytes);
  } else if (key == "placement") {
    request.rule = choice_in(body, "placement", kRules);
  } else if (key == "durability") {
    request.durability = choice_in(body, "durability", kPolicies);
  } else if (key == "chap") {
    request.chap = chap_in(body.at(key));
  } else {
    throw BadRequest{"unknown key \"" + key + "\"; known: name, size_bytes, page_bytes, placement, durability, chap"};
  }
}

}  // namespace

Result<cluster::VolumeRequest, cluster::VolumeError> parse_volume_request(const std::string& text) {
  cluster::VolumeRequest request;
  try {
    const json body = object_in(text);
    for (const auto& [key, value] : body.items()) take_key(request, body, key);
  } catch (const BadRequest& bad) {
    return cluster::VolumeError{bad.status, bad.text};
  }
  if (request.name.empty()) return cluster::VolumeError{400, "\"name\" is missing"};
  if (request.size_bytes == 0) return cluster::VolumeError{400, "\"size_bytes\" is missing or 0"};
  return request;
}

bool is_access_order(std::string_view order) {
  return order == "allow" || order == "deny" || order == "forget" || order == "chap";
}

Result<cluster::Volumes::ChangeAccess, cluster::VolumeError> parse_access_order(std::string_view order,
                                                                                const std::string& text) {
  try {
    return change_for(order, object_in(text));
  } catch (const BadRequest& bad) {
    return cluster::VolumeError{bad.status, bad.text};
  }
}

cluster::Volumes::ChangeAccess without_chap() {
  return [](cluster::VolumeAccess& access) {
    access.chap.reset();
    return std::optional<cluster::VolumeError>();
  };
}

}  // namespace shoal

#include "tools/shoalctl/image_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "target/base/ids.h"
#include "target/base/iscsi_name.h"

namespace shoal {

using nlohmann::json;

namespace {

std::string user_of(const json& session) {
  return fmt::format("{} (session {} at member {})", session.value("initiator", ""), session.value("id", ""),
                     session.value("member", 0u));
}

std::string unavailable_pages(const json& volume) {
  const auto pages = volume.value("unavailable_pages", std::uint64_t{0});
  return pages == 0 ? "" : fmt::format("{} of its pages are not available: {}", pages, volume.value("reason", ""));
}

}  // namespace

VolumeFacts volume_facts(const json& volume, const json& sessions) {
  VolumeFacts facts{volume.at("name"), volume.at("iqn"), volume.at("size_bytes"), unavailable_pages(volume), {}, {}};
  facts.access.allow = volume.value("allow", std::vector<std::string>());
  facts.access.deny = volume.value("deny", std::vector<std::string>());
  if (const auto chap = volume.find("chap"); chap != volume.end() && chap->is_object()) {
    facts.access.chap = cluster::ChapSettings{{chap->value("user", ""), chap->value("secret_file", "")}, std::nullopt};
  }
  for (const json& session : sessions) {
    if (session.value("volume", "") == facts.name) facts.users.push_back(user_of(session));
  }
  return facts;
}

std::string why_no_login(const VolumeFacts& volume, const std::string& initiator, const std::string& user) {
  if (!may_log_in(volume.access, normalised_name(initiator))) {
    return fmt::format(
        "the lists of volume {0} keep out {1}: `shoalctl volume allow {0} {1}` lets it in; or give with "
        "--initiator the name of one that they let in",
        volume.name, initiator);
  }
  if (volume.access.chap && user.empty()) {
    return fmt::format("volume {} asks for CHAP: give --user and --secret-file", volume.name);
  }
  return {};
}

std::string why_no_import(const VolumeFacts& volume, const ImageFile& image, const std::string& file, bool force) {
  if (!volume.unavailable.empty()) return fmt::format("volume {}: {}", volume.name, volume.unavailable);
  if (image.bytes > volume.bytes) {
    return fmt::format(
        "{} holds a disk of {} bytes, and volume {} has {}: give a larger volume, or let --create make "
        "one under another name",
        file, image.bytes, volume.name, volume.bytes);
  }
  if (!volume.users.empty() && !force) {
    return fmt::format("volume {} is in use by {}: log it out first, or --force overwrites the disk under it",
                       volume.name, fmt::join(volume.users, ", "));
  }
  return {};
}

std::string why_no_export(const VolumeFacts& volume) {
  return volume.unavailable.empty() ? "" : fmt::format("volume {}: {}", volume.name, volume.unavailable);
}

std::string export_warning(const VolumeFacts& volume) {
  if (volume.users.empty()) return {};
  return fmt::format("volume {} is in use by {}: what they write meanwhile may be in the image in part", volume.name,
                     fmt::join(volume.users, ", "));
}

std::uint64_t volume_bytes_for(std::uint64_t image_bytes) {
  constexpr std::uint64_t kBlock = kPhysicalBlockBytes;
  return image_bytes / kBlock * kBlock + (image_bytes % kBlock == 0 ? 0 : kBlock);
}

std::optional<Endpoint> portal_for(const json& members, const Endpoint& control, bool known_here_only) {
  const auto asked = std::ranges::find_if(members, [](const json& m) { return m.value("state", "") == "self"; });
  if (asked == members.end()) return std::nullopt;
  const bool own = known_here_only && asked->at("member_portal").is_string();
  const json& at = own ? asked->at("member_portal") : asked->at("group_portals").at(0);
  auto portal = Endpoint::parse(at.get<std::string>());
  if (portal && portal->is_any()) portal->host = control.host;
  return portal;
}

}  // namespace shoal

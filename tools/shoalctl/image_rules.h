// When an image may go into a volume or come out of one, and where shoalctl logs in for it. Pure: what members answered
// in, refusals for people out.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <string>
#include <vector>

#include "cluster/volume_access.h"
#include "target/base/endpoint.h"
#include "tools/shoalctl/image_file.h"

namespace shoal {

inline constexpr const char* kImageInitiator = "iqn.2026-11.io.shoal:shoalctl";

struct VolumeFacts {
  std::string name, iqn;
  std::uint64_t bytes = 0;
  std::string unavailable;  // why pages are not to be had; empty: all are
  cluster::VolumeAccess access;
  std::vector<std::string> users;  // the sessions that it has, for people
};

// Answers of GET /volumes/NAME and GET /sessions.
VolumeFacts volume_facts(const nlohmann::json& volume, const nlohmann::json& sessions);

// Each: empty where nothing stands against it.
std::string why_no_login(const VolumeFacts& volume, const std::string& initiator, const std::string& user);
std::string why_no_import(const VolumeFacts& volume, const ImageFile& image, const std::string& file, bool force);
std::string why_no_export(const VolumeFacts& volume);
// An image of a volume in use is of no one moment.
std::string export_warning(const VolumeFacts& volume);

// The volume's size for an image of that many bytes.
std::uint64_t volume_bytes_for(std::uint64_t image_bytes);

// `members`: answer of GET /members at `control`. A group portal of the member that was asked; its own portal where
// other members may not know the volume yet. nullopt: it tells none.
std::optional<Endpoint> portal_for(const nlohmann::json& members, const Endpoint& control, bool known_here_only);

}  // namespace shoal

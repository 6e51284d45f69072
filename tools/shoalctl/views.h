// What shoalctl shows a person, made from the JSON that the control port answers. Pure text; no terminal is asked
// anything.
#pragma once

#include <cstdint>
#include <nlohmann/json_fwd.hpp>
#include <string>
#include <vector>

namespace shoal {

// Columns as wide as their widest cell, two spaces between them.
std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows);

std::string age_text(std::uint64_t seconds);  // "3 h 12 min"

std::string view_status(const nlohmann::json& status);
std::string view_load(const nlohmann::json& load);
std::string view_decisions(const nlohmann::json& decisions);
std::string view_why(const nlohmann::json& why);
std::string view_recording(const nlohmann::json& recording);
std::string view_replay(const nlohmann::json& replay);
std::string view_load_rules(const nlohmann::json& rules);
std::string view_members(const nlohmann::json& members);
std::string view_volumes(const nlohmann::json& volumes);
std::string view_volume(const nlohmann::json& volume);
std::string view_map(const nlohmann::json& map, bool colour);
std::string view_sessions(const nlohmann::json& sessions);

}  // namespace shoal

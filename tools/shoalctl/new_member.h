// The configuration of a new member, made from that of one that runs: the same group, metadata, limits and ports, at an
// address of its own. Secrets are in files that it names, and have to be brought there by hand.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>

namespace shoal {

// Why there can be no such member; empty: there can. `like`: answer of GET /config. `members`: of GET /members.
std::string why_no_new_member(const nlohmann::json& like, const nlohmann::json& members, std::uint32_t id,
                              const std::string& address);
nlohmann::json new_member_config(const nlohmann::json& like, std::uint32_t id, const std::string& address);
// What is still to be done, for people.
std::string new_member_steps(const nlohmann::json& config, const std::string& file);

}  // namespace shoal

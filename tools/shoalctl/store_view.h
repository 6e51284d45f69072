// What shoalctl shows of a page store. Pure text.
#pragma once

#include <nlohmann/json_fwd.hpp>
#include <string>

namespace shoal {

std::string view_store(const nlohmann::json& store);
std::string view_scrub(const nlohmann::json& store);  // only that of it

}  // namespace shoal

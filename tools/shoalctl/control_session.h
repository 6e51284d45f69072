// ControlSession: what every command of shoalctl does: asks a member and shows what it answers.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace shoal {

struct Options {
  std::string control = "127.0.0.1:3263";
  std::string token_file;
  bool as_json = false;
};

// One request; anything but a 2xx throws std::runtime_error with the member's own words.
nlohmann::json call(const Options& options, const std::string& method, const std::string& path,
                    const nlohmann::json& body = nullptr);
// For people, or as JSON.
void show(const Options& options, const nlohmann::json& answer,
          const std::function<std::string(const nlohmann::json&)>& view);
// A word that becomes one segment of a path.
std::string segment(const std::string& word);

}  // namespace shoal

// What the bodies of the control port's requests have in common. Each throws BadRequest with one line for people;
// whoever parses a body turns it into a refusal.
#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace shoal {

struct BadRequest {
  std::string text;
  int status = 400;
};

nlohmann::json object_in(const std::string& body);
void expect_keys(const nlohmann::json& body, const std::vector<std::string>& known);
std::string text_in(const nlohmann::json& body, const char* key);
bool truth_in(const nlohmann::json& body, const char* key);
std::uint64_t number_in(const nlohmann::json& body, const char* key, const char* of);  // `of`: "bytes"

template <class T>
T choice_in(const nlohmann::json& body, const char* key, const std::map<std::string, T>& choices) {
  const auto value = body.find(key);
  const bool is_text = value != body.end() && value->is_string();
  const auto found = is_text ? choices.find(value->template get<std::string>()) : choices.end();
  if (found != choices.end()) return found->second;
  std::string names;
  for (const auto& [name, unused] : choices) names += (names.empty() ? "" : " or ") + name;
  throw BadRequest{fmt::format("\"{}\": expected {}", key, names)};
}

}  // namespace shoal

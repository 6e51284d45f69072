#include "tools/node/request_json.h"

#include <algorithm>

namespace shoal {

using nlohmann::json;

json object_in(const std::string& body) {
  json object = json::parse(body, nullptr, false);
  if (!object.is_object()) throw BadRequest{"the body is not a JSON object"};
  return object;
}

void expect_keys(const json& body, const std::vector<std::string>& known) {
  for (const auto& [key, value] : body.items()) {
    if (std::find(known.begin(), known.end(), key) != known.end()) continue;
    throw BadRequest{fmt::format("unknown key \"{}\"; known: {}", key, fmt::join(known, ", "))};
  }
}

std::string text_in(const json& body, const char* key) {
  const auto value = body.find(key);
  if (value == body.end() || !value->is_string()) throw BadRequest{fmt::format("\"{}\": expected a string", key)};
  return value->get<std::string>();
}

bool truth_in(const json& body, const char* key) {
  const auto value = body.find(key);
  if (value == body.end() || !value->is_boolean()) throw BadRequest{fmt::format("\"{}\": expected true or false", key)};
  return value->get<bool>();
}

std::uint64_t number_in(const json& body, const char* key, const char* of) {
  const auto value = body.find(key);
  if (value != body.end() && value->is_number_unsigned()) return value->get<std::uint64_t>();
  throw BadRequest{fmt::format("\"{}\": expected a whole number{}{}", key, *of ? " of " : "", of)};
}

}  // namespace shoal

#include "tools/shoalctl/control_session.h"

#include <fmt/format.h>

#include <fstream>
#include <iostream>
#include <stdexcept>

#include "tools/shoalctl/control_client.h"

namespace shoal {

using nlohmann::json;

namespace {

constexpr int kHttpOk = 200;

std::string not_shoald(const Options& options, int status) {
  return fmt::format(
      "{} answers (HTTP {}) what shoalctl does not understand; is it the control port of a shoald of "
      "version " SHOAL_VERSION "?",
      options.control, status);
}

}  // namespace

json call(const Options& options, const std::string& method, const std::string& path, const json& body) {
  const auto endpoint = Endpoint::parse(options.control);
  if (!endpoint)
    throw std::runtime_error("--control " + options.control + " is not ADDRESS:PORT with a numeric address");
  std::string token;
  if (!options.token_file.empty() && !std::getline(std::ifstream(options.token_file), token)) {
    throw std::runtime_error("cannot read a token from " + options.token_file);
  }
  const auto answer = call_control(*endpoint, token, method, path, body.is_null() ? "" : body.dump());
  if (!answer) throw std::runtime_error(answer.error());
  const json result = json::parse(answer->body, nullptr, false);
  const bool good = answer->status / 100 == 2;
  const auto error = result.is_object() ? result.find("error") : result.end();
  if (!good && error != result.end() && error->is_string()) throw std::runtime_error(error->get<std::string>());
  if (!good || result.is_discarded()) throw std::runtime_error(not_shoald(options, answer->status));
  return result;
}

void show(const Options& options, const json& answer, const std::function<std::string(const json&)>& view) {
  try {
    std::cout << (options.as_json ? answer.dump() + "\n" : view(answer)) << std::flush;
  } catch (const json::exception&) {
    throw std::runtime_error(not_shoald(options, kHttpOk));
  }
}

std::string segment(const std::string& word) {
  static const std::string kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789.-_";
  if (word.empty() || word.find_first_not_of(kPlain) != std::string::npos) {
    throw std::runtime_error("\"" + word + "\" is not a name");
  }
  return word;
}

}  // namespace shoal

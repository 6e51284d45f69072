#include "test/crash/stores.h"

#include <functional>
#include <map>
#include <stdexcept>

#include "test/crash/log_store.h"

namespace shoal::crash {
namespace {

using Maker = std::function<StoreDriver(const std::string& left_out)>;

template <class Rule>
Rule find_rule(const std::map<std::string, Rule>& rules, const std::string& name) {
  const auto found = rules.find(name);
  if (found == rules.end()) throw std::invalid_argument("the store has no rule " + name);
  return found->second;
}

StoreDriver make_log_store(const std::string& left_out) {
  static const std::map<std::string, LogRule> rules{{"", LogRule::none},
                                                    {"durable-writes", LogRule::durable_writes},
                                                    {"late-answers", LogRule::late_answers},
                                                    {"checksums", LogRule::checksums},
                                                    {"one-at-a-time", LogRule::one_at_a_time},
                                                    {"logged-promises", LogRule::logged_promises},
                                                    {"logged-voids", LogRule::logged_voids},
                                                    {"read-errors", LogRule::read_errors}};
  return log_store(find_rule(rules, left_out));
}

const std::map<std::string, Maker>& makers() {
  static const std::map<std::string, Maker> all{{"log", make_log_store}};
  return all;
}

}  // namespace

std::vector<std::string> store_names() {
  std::vector<std::string> names;
  for (const auto& [name, maker] : makers()) names.push_back(name);
  return names;
}

StoreDriver make_store(const std::string& name, const std::string& left_out) {
  const auto found = makers().find(name);
  if (found == makers().end()) throw std::invalid_argument("no store " + name);
  return found->second(left_out);
}

}  // namespace shoal::crash

#include "tools/node/decision_query.h"

#include <algorithm>
#include <iterator>
#include <tuple>
#include <utility>
#include <vector>

#include "cluster/load/group_json.h"
#include "target/base/parse_number.h"

namespace shoal {

using nlohmann::json;

namespace {

std::vector<const load::DecisionRecord*> matching(const DecisionQuery& query, const load::DecisionLog& log) {
  if (query.subject) return log.of_session(query.subject->session, query.subject->initiator_name, query.subject->image);
  std::vector<const load::DecisionRecord*> all;
  for (const load::DecisionRecord& record : log.all()) all.push_back(&record);
  return all;
}

// Another version of a member may answer anything.
bool can_be_ordered(const json& decision) {
  const auto is_number = [&](const char* key) { return decision.contains(key) && decision.at(key).is_number(); };
  return decision.is_object() && is_number("age_s") && is_number("member") && is_number("number");
}

}  // namespace

Result<DecisionQuery, std::string> parse_decision_query(std::string_view text) {
  DecisionQuery query;
  if (text.empty()) return query;
  constexpr std::string_view kLast = "last=";
  if (!text.starts_with(kLast)) return std::string("only last=N may be asked for");
  text.remove_prefix(kLast.size());
  query.last = parse_number<std::size_t>(text).value_or(0);
  if (query.last > 0 && query.last <= load::kMaxDecisions) return query;
  return fmt::format("last={} is not a number from 1 to {}", text, load::kMaxDecisions);
}

std::string encode(const DecisionQuery& query) {
  json body{{"last", query.last}};
  if (query.subject) {
    body["session"] = to_string(query.subject->session);
    body["initiator"] = query.subject->initiator_name;
    body["image"] = query.subject->image.value;
  }
  return body.dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<DecisionQuery> decode_decision_query(std::string_view text) try {
  const json body = json::parse(text);
  DecisionQuery query;
  query.last = std::min(body.at("last").get<std::size_t>(), load::kMaxDecisions);
  if (!body.contains("session")) return query;
  const auto session = load::parse_session_name(body.at("session").get<std::string>());
  if (!session) return std::nullopt;
  query.subject = {*session, body.at("initiator").get<std::string>(), ImageId{body.at("image").get<std::uint64_t>()}};
  return query;
} catch (const json::exception&) {
  return std::nullopt;
}

json answer(const DecisionQuery& query, const load::DecisionLog& log, Time now) {
  const auto records = matching(query, log);
  std::vector<json> newest_first;
  std::size_t bytes = 0;
  for (auto record = records.rbegin(); record != records.rend() && newest_first.size() < query.last; ++record) {
    json decision = load::decision_json(**record, now);
    bytes += decision.dump(-1, ' ', false, json::error_handler_t::replace).size();
    if (bytes > kMaxDecisionBytes) break;
    newest_first.push_back(std::move(decision));
  }
  json list = json::array();
  std::move(newest_first.rbegin(), newest_first.rend(), std::back_inserter(list));
  return list;
}

json newest(json decisions, std::size_t last) {
  const auto order = [](const json& decision) {
    return std::tuple(-decision.at("age_s").get<double>(), decision.at("member").get<std::uint32_t>(),
                      decision.at("number").get<std::uint64_t>());
  };
  std::erase_if(decisions.get_ref<json::array_t&>(), [](const json& each) { return !can_be_ordered(each); });
  std::stable_sort(decisions.begin(), decisions.end(),
                   [&](const json& a, const json& b) { return order(a) < order(b); });
  if (decisions.size() > last) {
    decisions.erase(decisions.begin(), decisions.end() - static_cast<std::ptrdiff_t>(last));
  }
  return decisions;
}

}  // namespace shoal

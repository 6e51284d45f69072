#include "cluster/etcd/gateway.h"

#include <nlohmann/json.hpp>

#include "cluster/etcd/base64.h"
#include "target/base/parse_number.h"

namespace shoal::cluster::gateway {
namespace {

using nlohmann::json;

const json kNothing;

json parse(std::string_view text) { return json::parse(text, nullptr, false); }

const json& member(const json& object, const char* name) {
  if (!object.is_object()) return kNothing;
  const auto found = object.find(name);
  return found == object.end() ? kNothing : *found;
}

// Left out: 0.
std::optional<std::uint64_t> number(const json& object, const char* name) {
  const json& value = member(object, name);
  if (value.is_null()) return 0;
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_string()) return std::nullopt;
  return parse_number<std::uint64_t>(value.get_ref<const std::string&>());
}

bool flag(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_boolean() && value.get<bool>();
}

std::string text(const json& object, const char* name) {
  const json& value = member(object, name);
  return value.is_string() ? value.get<std::string>() : "";
}

std::optional<std::string> bytes(const json& object, const char* name) { return from_base64(text(object, name)); }

std::optional<std::uint64_t> store_revision(const json& answer) {
  const json& header = member(answer, "header");
  if (!header.is_object()) return std::nullopt;
  return number(header, "revision");
}

std::string dump(const json& object) { return object.dump(); }

std::string key_of(std::string_view prefix, std::string_view key) { return to_base64(std::string(prefix) += key); }

json comparison(std::string_view prefix, const Expect& expect) {
  // A key that does not exist compares as revision 0.
  return {{"key", key_of(prefix, expect.key)},
          {"target", "MOD"},
          {"result", "EQUAL"},
          {"mod_revision", std::to_string(expect.revision)}};
}

json request_op(std::string_view prefix, const Write& write) {
  const std::string key = key_of(prefix, write.key);
  if (!write.value) return {{"request_delete_range", {{"key", key}}}};
  return {{"request_put", {{"key", key}, {"value", to_base64(*write.value)}}}};
}

struct KeyValue {
  std::string key, value;
  std::uint64_t revision = 0;
};

std::optional<KeyValue> parse_key_value(std::string_view prefix, const json& kv) {
  const auto key = bytes(kv, "key");
  const auto value = bytes(kv, "value");
  const auto revision = number(kv, "mod_revision");
  if (!key || !value || !revision || !key->starts_with(prefix)) return std::nullopt;
  return KeyValue{key->substr(prefix.size()), *value, *revision};
}

std::optional<Change> parse_event(std::string_view prefix, const json& event) {
  auto kv = parse_key_value(prefix, member(event, "kv"));
  if (!kv) return std::nullopt;
  Change change{std::move(kv->key), std::nullopt, kv->revision};
  if (text(event, "type") != "DELETE") change.value = std::move(kv->value);  // PUT is zero and left out
  return change;
}

WatchLine parse_events(std::string_view prefix, const json& events) {
  WatchChanges changes;
  for (const json& event : events) {
    auto change = parse_event(prefix, event);
    if (!change) return WatchEnded{"an event that is not understood"};
    changes.push_back(std::move(*change));
  }
  return changes;
}

}  // namespace

std::string txn_request(std::string_view prefix, const std::vector<Expect>& expect, const std::vector<Write>& writes) {
  json request = {{"compare", json::array()}, {"success", json::array()}};
  for (const Expect& each : expect) request["compare"].push_back(comparison(prefix, each));
  for (const Write& each : writes) request["success"].push_back(request_op(prefix, each));
  return dump(request);
}

std::optional<CasResult> parse_txn(std::string_view body) {
  const json answer = parse(body);
  const auto revision = store_revision(answer);
  if (!revision) return std::nullopt;
  if (!flag(answer, "succeeded")) return CasResult{CasOutcome::conflict, 0};
  return CasResult{CasOutcome::done, *revision};
}

std::string range_request(std::string_view prefix, std::string_view below, std::string_view after, std::size_t limit) {
  const std::string first = after.empty() ? std::string(below) : std::string(after) + '\0';
  const std::string all = std::string(prefix) += below;
  return dump({{"key", key_of(prefix, first)},
               {"range_end", to_base64(end_of_prefix(all))},
               {"limit", std::to_string(limit)},
               {"serializable", false}});
}

std::optional<Listing> parse_range(std::string_view prefix, std::string_view body) {
  const json answer = parse(body);
  const auto revision = store_revision(answer);
  if (!revision) return std::nullopt;
  Listing listing{.ok = true, .more = flag(answer, "more"), .revision = *revision};
  const json& kvs = member(answer, "kvs");
  if (!kvs.is_null() && !kvs.is_array()) return std::nullopt;
  for (const json& each : kvs) {
    auto kv = parse_key_value(prefix, each);
    if (!kv) return std::nullopt;
    listing.entries.push_back({std::move(kv->key), std::move(kv->value), kv->revision});
  }
  return listing;
}

std::string grant_request(std::uint64_t ttl_s) { return dump({{"TTL", std::to_string(ttl_s)}}); }

std::optional<std::uint64_t> parse_grant(std::string_view body) {
  const auto lease = number(parse(body), "ID");
  return lease && *lease != 0 ? lease : std::nullopt;
}

std::string put_request(std::string_view key, std::string_view value, std::uint64_t lease) {
  return dump({{"key", to_base64(key)}, {"value", to_base64(value)}, {"lease", std::to_string(lease)}});
}

std::string lease_request(std::uint64_t lease) { return dump({{"ID", std::to_string(lease)}}); }

std::optional<LeaseState> parse_keep_alive(std::string_view body) {
  const json answer = parse(body);
  const json& result = member(answer, "result");
  const auto ttl = number(result, "TTL");
  if (!result.is_object() || !ttl) return std::nullopt;
  return *ttl > 0 ? LeaseState::alive : LeaseState::gone;
}

std::string watch_request(std::string_view prefix, std::string_view below) {
  const std::string all = std::string(prefix) += below;
  return dump({{"create_request", {{"key", to_base64(all)}, {"range_end", to_base64(end_of_prefix(all))}}}});
}

WatchLine parse_watch_line(std::string_view prefix, std::string_view line) {
  const json answer = parse(line);
  const json& result = member(answer, "result");
  if (!result.is_object()) return WatchEnded{parse_error(line)};
  if (flag(result, "canceled")) return WatchEnded{"cancelled: " + text(result, "cancel_reason")};
  if (!member(result, "compact_revision").is_null()) return WatchEnded{"compacted"};
  if (flag(result, "created")) return WatchCreated{};
  return parse_events(prefix, member(result, "events"));
}

std::string parse_version(std::string_view body) { return text(parse(body), "etcdserver"); }

std::string parse_error(std::string_view body) {
  const json answer = parse(body);
  const json& error = member(answer, "error");
  if (error.is_string()) return error.get<std::string>();
  const std::string message = text(error, "message");
  return message.empty() ? "an answer that is not understood" : message;
}

std::string end_of_prefix(std::string_view prefix) {
  std::string end(prefix);
  while (!end.empty() && end.back() == '\xff') end.pop_back();
  if (end.empty()) return std::string(1, '\0');
  ++end.back();
  return end;
}

}  // namespace shoal::cluster::gateway

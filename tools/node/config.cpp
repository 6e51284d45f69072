#include "tools/node/config.h"

#include <charconv>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "target/scsi/limits.h"
#include "tools/node/memory_budget.h"

namespace shoal {
namespace {

using nlohmann::json;

constexpr std::uint64_t kMinLoginBytes = 64 << 10;  // the text of one login
constexpr std::uint64_t kMinWriteBytes = 1 << 20;
constexpr std::uint64_t kMaxLimitBytes = std::uint64_t{1} << 32;
constexpr std::uint64_t kMinMemoryStoreBytes = 1 << 20, kMaxMemoryStoreBytes = std::uint64_t{1} << 50;
constexpr std::uint64_t kMinStoreBytes = 64 << 20, kMaxStoreBytes = std::uint64_t{1} << 50;
constexpr std::uint64_t kMinJournalBytes = 1 << 20, kMinStoreCacheBytes = 1 << 20;
constexpr std::uint64_t kMinScrubBytesPerSecond = 64 << 10;

// Thrown inside this file only; parse_config turns it into its one line.
struct ConfigError {
  std::string text;
};

[[noreturn]] void fail(const std::string& key, const std::string& expected) {
  throw ConfigError{"key \"" + key + "\": expected " + expected};
}

std::string text_of(const std::string& key, const json& value) {
  if (!value.is_string()) fail(key, "a string");
  return value.get<std::string>();
}

bool truth_of(const std::string& key, const json& value) {
  if (!value.is_boolean()) fail(key, "true or false");
  return value.get<bool>();
}

std::uint64_t number_of(const std::string& key, const json& value, std::uint64_t low, std::uint64_t high) {
  const std::string range = fmt::format("a whole number from {} to {}", low, high);
  if (!value.is_number_unsigned()) fail(key, range);
  const auto number = value.get<std::uint64_t>();
  if (number < low || number > high) fail(key, range + fmt::format(", not {}", number));
  return number;
}

Endpoint endpoint_of(const std::string& key, const json& value) {
  const auto endpoint = Endpoint::parse(text_of(key, value));
  if (!endpoint) fail(key, "ADDRESS:PORT with a numeric address, as 127.0.0.1:3260 or [::1]:3260, not " + value.dump());
  return *endpoint;
}

std::vector<Endpoint> endpoints_of(const std::string& key, const json& value) {
  if (!value.is_array() || value.empty()) fail(key, "a list of at least one ADDRESS:PORT");
  std::vector<Endpoint> endpoints;
  for (const json& one : value) endpoints.push_back(endpoint_of(key, one));
  return endpoints;
}

template <class T>
T choice_of(const std::string& key, const json& value, const std::map<std::string, T>& choices) {
  const auto found = choices.find(text_of(key, value));
  if (found != choices.end()) return found->second;
  std::string names;
  for (const auto& [name, unused] : choices) names += (names.empty() ? "" : ", ") + name;
  fail(key, "one of " + names + ", not " + value.dump());
}

std::string path_of(const std::string& key, const json& value, const std::string& folder) {
  const std::string path = text_of(key, value);
  if (path.empty()) fail(key, "a path");
  return (std::filesystem::path(folder) / path).string();
}

std::string absolute_path_of(const std::string& key, const json& value, const std::string& folder) {
  return std::filesystem::absolute(path_of(key, value, folder)).lexically_normal().string();
}

std::string secret_of(const std::string& key, const json& value, const std::string& folder) {
  const std::string path = path_of(key, value, folder);
  std::ifstream file(path, std::ios::binary);
  std::stringstream bytes;
  if (!file || !(bytes << file.rdbuf())) fail(key, "a readable, not empty file; cannot read " + path);
  std::string secret = bytes.str();
  while (!secret.empty() && (secret.back() == '\n' || secret.back() == '\r')) secret.pop_back();
  return secret;
}

Duration seconds_of(const std::string& key, const json& value, std::uint64_t low, std::uint64_t high) {
  return std::chrono::seconds(number_of(key, value, low, high));
}

using Setter = std::function<void(const std::string& key, const json& value)>;
using Setters = std::map<std::string, Setter>;

void apply(const Setters& setters, const json& object, const std::string& prefix) {
  if (!object.is_object())
    throw ConfigError{(prefix.empty() ? "the file" : "key \"" + prefix + "\"") + ": expected a JSON object"};
  for (const auto& [name, value] : object.items()) {
    const std::string key = prefix.empty() ? name : prefix + "." + name;
    const auto setter = setters.find(name);
    if (setter == setters.end()) {
      std::string known;
      for (const auto& [other, unused] : setters) known += (known.empty() ? "" : ", ") + other;
      throw ConfigError{"unknown key \"" + key + "\"; known keys here: " + known};
    }
    setter->second(key, value);
  }
}

void apply_limits(NodeLimits& limits, const std::string& prefix, const json& object) {
  const auto count = [](std::size_t& limit) {
    return [&limit](auto& k, auto& v) { limit = number_of(k, v, 1, 1'000'000); };
  };
  const auto bytes = [](std::size_t& limit, std::uint64_t low) {
    return [&limit, low](auto& k, auto& v) { limit = number_of(k, v, low, kMaxLimitBytes); };
  };
  apply(
      {{"connections", count(limits.connections)},
       {"sessions", count(limits.sessions)},
       {"half_open", count(limits.half_open)},
       {"half_open_per_address", count(limits.half_open_per_address)},
       {"login_bytes", bytes(limits.login_bytes, kMinLoginBytes)},
       {"login_bytes_per_address", bytes(limits.login_bytes_per_address, kMinLoginBytes)},
       {"failed_logins_per_minute", count(limits.failed_logins_per_minute)},
       {"commands_per_session", [&](auto& k, auto& v) { limits.commands_per_session = number_of(k, v, 1, 4096); }},
       {"write_bytes_per_session", bytes(limits.write_bytes_per_session, kMinWriteBytes)},
       {"held_read_bytes", bytes(limits.held_read_bytes, scsi::kMinHeldReadBytesOfAll)},
       {"held_write_bytes", bytes(limits.held_write_bytes, kLeastHeldWriteBytes)},
       {"memory_store_bytes",
        [&](auto& k, auto& v) {
          limits.memory_store_bytes = number_of(k, v, kMinMemoryStoreBytes, kMaxMemoryStoreBytes);
        }},
       {"store_bytes", [&](auto& k, auto& v) { limits.store_bytes = number_of(k, v, kMinStoreBytes, kMaxStoreBytes); }},
       {"store_journal_bytes",
        [&](auto& k, auto& v) { limits.store_journal_bytes = number_of(k, v, kMinJournalBytes, kMaxLimitBytes); }},
       {"scrub_bytes_per_second",
        [&](auto& k, auto& v) {
          limits.scrub_bytes_per_second = number_of(k, v, kMinScrubBytesPerSecond, kMaxLimitBytes);
        }},
       {"store_cache_bytes",
        [&](auto& k, auto& v) { limits.store_cache_bytes = number_of(k, v, kMinStoreCacheBytes, kMaxStoreBytes); }}},
      object, prefix);
}

void apply_metadata(NodeConfig& config, const std::string& prefix, const json& object, const std::string& folder) {
  apply({{"etcd", [&](auto& k, auto& v) { config.etcd = endpoints_of(k, v); }},
         {"sqlite", [&](auto& k, auto& v) { config.sqlite = path_of(k, v, folder); }}},
        object, prefix);
  if (config.etcd.empty() == config.sqlite.empty()) fail(prefix, "exactly one of \"etcd\" and \"sqlite\"");
}

std::optional<cluster::ChapSettings> chap_of(const std::string& prefix, const json& object, const std::string& folder) {
  cluster::ChapUser initiator, target;
  apply({{"user", [&](auto& k, auto& v) { initiator.user = text_of(k, v); }},
         {"secret_file", [&](auto& k, auto& v) { initiator.secret_file = absolute_path_of(k, v, folder); }},
         {"mutual_user", [&](auto& k, auto& v) { target.user = text_of(k, v); }},
         {"mutual_secret_file", [&](auto& k, auto& v) { target.secret_file = absolute_path_of(k, v, folder); }}},
        object, prefix);
  cluster::ChapSettings settings{initiator, std::nullopt};
  if (target != cluster::ChapUser{}) settings.target = target;
  if (const auto wrong = cluster::check_chap(settings)) throw ConfigError{"key \"" + prefix + "\": " + *wrong};
  return settings;
}

Setters setters_for(NodeConfig& c, const std::string& folder) {
  using load::PlacementPolicy;
  static const std::map<std::string, std::optional<PlacementPolicy>> kPolicies = {
      {"none", std::nullopt},
      {"least-loaded", PlacementPolicy::least_loaded},
      {"round-robin", PlacementPolicy::round_robin},
      {"weighted", PlacementPolicy::weighted},
      {"affinity", PlacementPolicy::affinity}};
  static const std::map<std::string, LoginRefusal> kDenials = {{"not-found", LoginRefusal::not_found},
                                                               {"not-authorised", LoginRefusal::not_authorised}};
  static const std::map<std::string, LogLevel> kLevels = {{"trace", LogLevel::trace}, {"debug", LogLevel::debug},
                                                          {"info", LogLevel::info},   {"warn", LogLevel::warn},
                                                          {"error", LogLevel::error}, {"off", LogLevel::off}};
  return {
      {"member",
       [&](auto& k, auto& v) { c.member.value = static_cast<std::uint32_t>(number_of(k, v, 1, kMaxMemberId)); }},
      {"group", [&](auto& k, auto& v) { c.group = text_of(k, v); }},
      {"group_portals", [&](auto& k, auto& v) { c.group_portals = endpoints_of(k, v); }},
      {"member_portal", [&](auto& k, auto& v) { c.member_portal = endpoint_of(k, v); }},
      {"peer", [&](auto& k, auto& v) { c.peer = endpoint_of(k, v); }},
      {"control", [&](auto& k, auto& v) { c.control = endpoint_of(k, v); }},
      {"control_token_file", [&, folder](auto& k, auto& v) { c.control_token = secret_of(k, v, folder); }},
      {"group_key_file", [&, folder](auto& k, auto& v) { c.group_key = secret_of(k, v, folder); }},
      {"store", [&, folder](auto& k, auto& v) { c.store = path_of(k, v, folder); }},
      {"metadata", [&, folder](auto& k, auto& v) { apply_metadata(c, k, v, folder); }},
      {"iqn_prefix", [&](auto& k, auto& v) { c.iqn_prefix = text_of(k, v); }},
      {"redirect",
       [&](auto& k, auto& v) {
         const auto policy = choice_of(k, v, kPolicies);
         c.logins.allocate = policy.has_value();
         if (policy) c.policy = *policy;
       }},
      {"redirect_after_chap", [&](auto& k, auto& v) { c.logins.redirect_after_chap = truth_of(k, v); }},
      {"denied_login", [&](auto& k, auto& v) { c.logins.not_allowed = choice_of(k, v, kDenials); }},
      {"discovery_chap", [&, folder](auto& k, auto& v) { c.logins.discovery_chap = chap_of(k, v, folder); }},
      {"space_threshold_percent",
       [&](auto& k, auto& v) { c.space_threshold_percent = static_cast<unsigned>(number_of(k, v, 1, 99)); }},
      {"scrub_interval_days",
       [&](auto& k, auto& v) { c.scrub_interval = std::chrono::hours(24 * number_of(k, v, 0, 3650)); }},
      {"log_level", [&](auto& k, auto& v) { c.log_level = choice_of(k, v, kLevels); }},
      {"page_hold_s", [&](auto& k, auto& v) { c.page_hold = seconds_of(k, v, 0, 7); }},
      {"login_timeout_s", [&](auto& k, auto& v) { c.login_timeout = seconds_of(k, v, 1, 15); }},
      {"ping_interval_s", [&](auto& k, auto& v) { c.ping_interval = seconds_of(k, v, 1, 3600); }},
      {"limits", [&](auto& k, auto& v) { apply_limits(c.limits, k, v); }},
  };
}

// Of a key that is there twice the parser would take the last, in silence.
json parse_without_repeats(std::string_view text) {
  std::vector<std::set<std::string>> open;  // keys of each object that is not closed yet
  const auto look = [&open](int, json::parse_event_t event, json& parsed) {
    if (event == json::parse_event_t::object_start) open.emplace_back();
    if (event == json::parse_event_t::object_end) open.pop_back();
    if (event == json::parse_event_t::key && !open.back().insert(parsed.get<std::string>()).second) {
      throw ConfigError{"key \"" + parsed.get<std::string>() + "\" is given twice in one object"};
    }
    return true;
  };
  return json::parse(text, look, false, true);
}

bool is_loopback(const Endpoint& endpoint) { return endpoint.host.starts_with("127.") || endpoint.host == "::1"; }

bool is_iqn_prefix(std::string_view text) {
  return text.starts_with("iqn.") && text.size() >= 8 && text.size() <= 128 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-:") == std::string_view::npos;
}

bool is_group_name(std::string_view text) {
  return !text.empty() && text.size() <= 64 &&
         text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789.-") == std::string_view::npos;
}

// An address that others are told.
void check_told(const std::string& key, const Endpoint& endpoint, const std::string& why) {
  if (!endpoint.is_any() && endpoint.port != 0) return;
  fail(key, "one address of this machine and a port, as 10.0.0.1:3261, not " + endpoint.to_string() + ", since " + why);
}

void check_whole(const NodeConfig& config) {
  if (config.group_portals.empty())
    throw ConfigError{"key \"group_portals\" is missing: give the addresses that hosts log in to"};
  if (config.etcd.empty() && config.sqlite.empty()) {
    throw ConfigError{
        R"(key "metadata" is missing: give {"sqlite": "FILE"} for one server or {"etcd": ["ADDRESS:PORT"]} for a group)"};
  }
  if (!is_group_name(config.group)) fail("group", "1 to 64 characters of a-z, 0-9, '.' and '-'");
  if (!is_iqn_prefix(config.iqn_prefix)) fail("iqn_prefix", "a name such as iqn.2026-11.io.shoal in lower case");
  if (config.etcd.empty() && config.peer) fail("peer", "metadata in etcd: a group of several servers needs it");
  if (!config.etcd.empty() && !config.peer)
    throw ConfigError{"key \"peer\" is missing: members of a group need an address for each other"};
  if (config.peer && !config.member_portal) throw ConfigError{"key \"member_portal\" is missing: redirects name it"};
  if (config.member_portal) check_told("member_portal", *config.member_portal, "hosts are sent there");
  if (config.peer) check_told("peer", *config.peer, "the other members connect to it");
  if (config.peer && config.group_key.size() < kMinGroupKeyBytes) {
    fail("group_key_file", fmt::format("a file with at least {} bytes that all members share", kMinGroupKeyBytes));
  }
  if (config.control && !is_loopback(*config.control) && config.control_token.empty()) {
    fail("control_token_file", "a file with a token, since \"control\" is not a loopback address");
  }
}

}  // namespace

Result<NodeConfig, std::string> parse_config(std::string_view text, const std::string& folder) {
  try {
    const json object = parse_without_repeats(text);
    if (object.is_discarded()) return std::string("not valid JSON");
    NodeConfig config;
    apply(setters_for(config, folder), object, "");
    check_whole(config);
    config.file = object.dump();
    return config;
  } catch (const ConfigError& error) {
    return error.text;
  }
}

Result<NodeConfig, std::string> load_config(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  std::stringstream text;
  if (!file || file.peek() == std::ifstream::traits_type::eof()) {
    return file.eof() ? path + ": the file is empty" : "cannot read " + path;
  }
  text << file.rdbuf();
  auto config = parse_config(text.str(), std::filesystem::path(path).parent_path().string());
  if (!config) return path + ": " + config.error();
  return config;
}

std::optional<std::uint64_t> parse_size(std::string_view text) {
  std::uint64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{}) return std::nullopt;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  if (unit.starts_with(' ')) unit.remove_prefix(1);
  static const std::map<std::string_view, int> kShift = {{"", 0},     {"B", 0},  {"K", 10},   {"KiB", 10}, {"M", 20},
                                                         {"MiB", 20}, {"G", 30}, {"GiB", 30}, {"T", 40},   {"TiB", 40}};
  const auto shift = kShift.find(unit);
  if (shift == kShift.end() || number > (~std::uint64_t{0} >> shift->second)) return std::nullopt;
  return number << shift->second;
}

std::string format_size(std::uint64_t bytes) {
  static constexpr const char* kUnits[] = {"B", "KiB", "MiB", "GiB", "TiB"};
  double value = static_cast<double>(bytes);
  std::size_t unit = 0;
  while (value >= 1024 && unit + 1 < std::size(kUnits)) value /= 1024, ++unit;
  return value == static_cast<double>(static_cast<std::uint64_t>(value))
             ? fmt::format("{} {}", static_cast<std::uint64_t>(value), kUnits[unit])
             : fmt::format("{:.1f} {}", value, kUnits[unit]);
}

}  // namespace shoal

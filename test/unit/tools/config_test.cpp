#include "tools/node/config.h"

#include <catch2/catch.hpp>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <tuple>

using namespace shoal;

namespace {
const std::string kSingle = R"({"group_portals":["127.0.0.1:3260"],"metadata":{"sqlite":"x.db"}})";

std::string error_of(const std::string& text) {
  const auto config = parse_config(text, ".");
  return config ? "" : config.error();
}
}  // namespace

TEST_CASE("the smallest configuration is one portal and a metadata file") {
  const auto config = parse_config(kSingle, ".");
  REQUIRE(config.has_value());
  CHECK(config->group_portals.front() == Endpoint{"127.0.0.1", 3260});
  CHECK(config->page_hold == std::chrono::seconds(7));
}

TEST_CASE("a wrong configuration names the key and what would be right") {
  using Catch::Contains;
  CHECK_THAT(error_of("{"), Contains("JSON"));
  CHECK_THAT(error_of("[]"), Contains("object"));
  CHECK_THAT(error_of("{}"), Contains("group_portals"));
  CHECK_THAT(error_of(R"({"group_portal":["127.0.0.1:1"]})"),
             Contains("unknown key \"group_portal\"") && Contains("group_portals"));
  CHECK_THAT(error_of(R"({"limits":{"half":1}})"), Contains("limits.half"));
  CHECK_THAT(error_of(R"({"limits":{"memory_store_bytes":4096}})"),
             Contains("limits.memory_store_bytes") && Contains("1048576"));
  CHECK_THAT(error_of(R"({"group_portals":["localhost:1"]})"), Contains("numeric"));
  CHECK_THAT(error_of(R"({"group_portals":["127.0.0.1:1"]})"), Contains("metadata"));
  CHECK_THAT(error_of(R"({"member":0})"), Contains("member") && Contains("1023"));
  CHECK_THAT(error_of(R"({"member":"1"})"), Contains("whole number"));
  CHECK_THAT(error_of(R"({"redirect":"sometimes"})"), Contains("none, round-robin"));
  CHECK_THAT(error_of(R"({"metadata":{"sqlite":"a","etcd":["127.0.0.1:1"]}})"), Contains("exactly one"));
  CHECK_THAT(error_of(R"({"group_key_file":"/nonexistent/key"})"), Contains("/nonexistent/key"));
  CHECK_THAT(error_of(R"({"group_portals":["127.0.0.1:1"],"metadata":{"etcd":["127.0.0.1:1"]}})"), Contains("peer"));
  CHECK_THAT(error_of(R"({"group_portals":["127.0.0.1:1"],"metadata":{"sqlite":"a"},"control":"10.0.0.1:1"})"),
             Contains("control_token_file"));
}

TEST_CASE("the memory store has the bound that is given, and else none that the configuration knows") {
  const auto config = parse_config(
      R"({"group_portals":["127.0.0.1:1"],"metadata":{"sqlite":"a"},"limits":{"memory_store_bytes":1073741824}})", ".");
  REQUIRE(config.has_value());
  CHECK(config->limits.memory_store_bytes == std::uint64_t{1} << 30);
  CHECK_FALSE(parse_config(kSingle, ".")->limits.memory_store_bytes.has_value());
}

TEST_CASE("a store's space is a matter to tell hosts of from 80 percent on, or from what is given") {
  CHECK(parse_config(kSingle, ".")->space_threshold_percent == 80);
  const auto config =
      parse_config(R"({"group_portals":["127.0.0.1:1"],"metadata":{"sqlite":"a"},"space_threshold_percent":99})", ".");
  REQUIRE(config.has_value());
  CHECK(config->space_threshold_percent == 99);
  CHECK_THAT(error_of(R"({"space_threshold_percent":100})"),
             Catch::Contains("space_threshold_percent") && Catch::Contains("99"));
}

TEST_CASE("each limit of the front end has its key, and its bounds are named") {
  const auto config = parse_config(
      R"({"group_portals":["127.0.0.1:1"],"metadata":{"sqlite":"a"},"limits":{"connections":1,"sessions":2,"half_open":3,
          "half_open_per_address":4,"login_bytes":65536,"login_bytes_per_address":65537,"failed_logins_per_minute":5,
          "commands_per_session":6,"write_bytes_per_session":1048576,"held_read_bytes":100663296,
          "held_write_bytes":67108865}})",
      ".");
  REQUIRE(config.has_value());
  const NodeLimits& limits = config->limits;
  CHECK(std::tie(limits.connections, limits.sessions, limits.half_open, limits.half_open_per_address) ==
        std::tuple(1, 2, 3, 4));
  CHECK(std::tie(limits.login_bytes, limits.login_bytes_per_address, limits.failed_logins_per_minute) ==
        std::tuple(65536, 65537, 5));
  CHECK(std::tie(limits.commands_per_session, limits.write_bytes_per_session, limits.held_read_bytes) ==
        std::tuple(6, 1 << 20, 96 << 20));
  CHECK(limits.held_write_bytes == (64 << 20) + 1);
  using Catch::Contains;
  for (const char* key :
       {"login_bytes", "login_bytes_per_address", "write_bytes_per_session", "held_read_bytes", "held_write_bytes"}) {
    CHECK_THAT(error_of(fmt::format(R"({{"limits":{{"{}":1}}}})", key)), Contains(key) && Contains("4294967296"));
  }
  CHECK_THAT(error_of(R"({"limits":{"sessions":0}})"), Contains("limits.sessions") && Contains("1000000"));
}

TEST_CASE("a key file is read without its line end and must be long enough") {
  const auto folder = std::filesystem::temp_directory_path() / ("shoal-config-" + std::to_string(::getpid()));
  std::filesystem::create_directories(folder);
  std::ofstream(folder / "short") << "abc\n";
  std::ofstream(folder / "key") << "0123456789abcdef\n";
  const auto with = [&](const std::string& key) {
    return parse_config(R"({"group_portals":["127.0.0.1:1"],"member_portal":"127.0.0.1:2","peer":"127.0.0.1:3",
                            "metadata":{"etcd":["127.0.0.1:4"]},"group_key_file":")" +
                            key + "\"}",
                        folder.string());
  };
  CHECK_FALSE(with("short").has_value());
  REQUIRE(with("key").has_value());
  CHECK(with("key")->group_key == "0123456789abcdef");
  std::filesystem::remove_all(folder);
}

TEST_CASE("a file that is not there and one that is empty are told apart") {
  const auto path = std::filesystem::temp_directory_path() / ("shoal-empty-" + std::to_string(::getpid()));
  CHECK(load_config(path.string()).error() == "cannot read " + path.string());
  std::ofstream(path) << "";
  CHECK(load_config(path.string()).error() == path.string() + ": the file is empty");
  std::filesystem::remove(path);
  CHECK(load_config("/tmp").error() == "cannot read /tmp");
}

TEST_CASE("an address that others are told is one that they can connect to") {
  using Catch::Contains;
  const auto error_with = [](const std::string& keys) {
    const auto config =
        parse_config(R"({"group_portals":["0.0.0.0:1"],"metadata":{"etcd":["127.0.0.1:4"]},)" + keys + "}", ".");
    return config ? "" : config.error();
  };
  for (const char* portal : {"0.0.0.0:3261", "[::]:3261", "[0::0]:3261", "127.0.0.1:0"}) {
    INFO(portal);
    const std::string text = std::string("\"") + portal + "\"";
    CHECK_THAT(error_with(R"("peer":"127.0.0.1:3","member_portal":)" + text),
               Contains("\"member_portal\"") && Contains("as 10.0.0.1:3261"));
    CHECK_THAT(error_with(R"("member_portal":"127.0.0.1:3","peer":)" + text), Contains("\"peer\""));
  }
}

TEST_CASE("what is asked of logins: redirects after CHAP, what a denied host is told, CHAP of discovery") {
  const auto with = [](const std::string& keys) {
    return parse_config(R"({"group_portals":["127.0.0.1:1"],"metadata":{"sqlite":"a"},)" + keys + "}", "/etc/shoal");
  };
  const auto plain = parse_config(kSingle, ".");
  CHECK_FALSE(plain->logins.redirect_after_chap);
  CHECK(plain->logins.allocate);
  CHECK(plain->policy == load::PlacementPolicy::least_loaded);
  CHECK(with(R"("redirect":"round-robin")")->policy == load::PlacementPolicy::round_robin);
  CHECK(with(R"("redirect":"affinity")")->logins.allocate);
  CHECK_FALSE(with(R"("redirect":"none")")->logins.allocate);
  CHECK(plain->logins.not_allowed == LoginRefusal::not_found);
  CHECK_FALSE(plain->logins.discovery_chap);
  const auto config = with(R"("redirect_after_chap":true,"denied_login":"not-authorised",
                              "discovery_chap":{"user":"looker","secret_file":"looker.secret"})");
  REQUIRE(config.has_value());
  CHECK(config->logins.redirect_after_chap);
  CHECK(config->logins.not_allowed == LoginRefusal::not_authorised);
  CHECK(config->logins.discovery_chap == cluster::ChapSettings{{"looker", "/etc/shoal/looker.secret"}, std::nullopt});
  CHECK(with(R"("discovery_chap":{"user":"a","secret_file":"/a","mutual_user":"b","mutual_secret_file":"../b"})")
            ->logins.discovery_chap->target == cluster::ChapUser{"b", "/etc/b"});
}

TEST_CASE("wrong keys of logins are named") {
  using Catch::Contains;
  CHECK_THAT(error_of(R"({"redirect_after_chap":1})"), Contains("true or false"));
  CHECK_THAT(error_of(R"({"denied_login":"0203"})"), Contains("not-authorised, not-found"));
  CHECK_THAT(error_of(R"({"discovery_chap":{"user":"a"}})"), Contains("discovery_chap") && Contains("secret file"));
  CHECK_THAT(error_of(R"({"discovery_chap":{"user":"a","secret_file":"/a","mutual_user":"b"}})"), Contains("mutual"));
  CHECK_THAT(error_of(R"({"discovery_chap":{"user":"a","secret":"b"}})"), Contains("discovery_chap.secret"));
}

TEST_CASE("a key that is given twice is named, in whatever object, and the same key in two objects is none") {
  using Catch::Contains;
  CHECK_THAT(error_of(R"({"member":1,"member":2})"), Contains("\"member\" is given twice"));
  CHECK_THAT(error_of(R"({"metadata":{"sqlite":"a","sqlite":"b"}})"), Contains("\"sqlite\" is given twice"));
  const std::string chap =
      R"("discovery_chap":{"user":"a","secret_file":"b","mutual_user":"c","mutual_secret_file":"d"})";
  CHECK(error_of(R"({"group_portals":["127.0.0.1:3260"],"metadata":{"sqlite":"x.db"},)" + chap + "}") == "");
}

TEST_CASE("scrubs come in days, or never, at a rate") {
  const auto config =
      parse_config(R"({"group_portals":["127.0.0.1:3260"],"metadata":{"sqlite":"x.db"},"scrub_interval_days":0,)"
                   R"("limits":{"scrub_bytes_per_second":1048576}})",
                   ".");
  REQUIRE(config.has_value());
  CHECK(config->scrub_interval == Duration{});
  CHECK(config->limits.scrub_bytes_per_second == 1048576);
  CHECK(parse_config(kSingle, ".")->scrub_interval == std::chrono::hours(24 * 30));
  CHECK_THAT(error_of(R"({"scrub_interval_days":3651})"), Catch::Contains("3650"));
}

TEST_CASE("sizes are powers of two and overflow is no size") {
  CHECK(parse_size("1GiB") == 1u << 30);
  CHECK(parse_size("64 MiB") == 64u << 20);
  CHECK(parse_size("4096") == 4096);
  CHECK(parse_size("1K") == 1024);
  for (const char* bad : {"", "GiB", "1 GB", "-1", "1.5G", "99999999999999999999", "999999999TiB"})
    CHECK_FALSE(parse_size(bad));
  CHECK(format_size(3u << 29) == "1.5 GiB");
  CHECK(format_size(1u << 20) == "1 MiB");
}

TEST_CASE("paths that are not absolute begin at the folder of the configuration") {
  const auto config = parse_config(
      R"({"group_portals":["127.0.0.1:3260"],"metadata":{"sqlite":"meta.db"},"store":"/var/store"})", "/etc/shoal");
  REQUIRE(config.has_value());
  CHECK(config->sqlite == "/etc/shoal/meta.db");
  CHECK(config->store == "/var/store");
  CHECK_THAT(error_of(R"({"store":""})"), Catch::Contains("store"));
}

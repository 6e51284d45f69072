#include "tools/node/ephemeral.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "tools/node/node_control.h"

using namespace shoal;
using nlohmann::json;

TEST_CASE("a disposable volume is a name and a size") {
  CHECK(*parse_ephemeral_volume("scratch:1GiB") == EphemeralVolume{"scratch", std::uint64_t{1} << 30});
  for (const char* wrong : {"", "scratch", "scratch:", ":1GiB", "scratch:big", "scratch:0", "a:b:1GiB"}) {
    const auto volume = parse_ephemeral_volume(wrong);
    REQUIRE_FALSE(volume.has_value());
    CHECK_THAT(volume.error(), Catch::Contains("NAME:SIZE"));
  }
}

TEST_CASE("the ready line is one line with the first volume's portal, IQN and URL, and all volumes") {
  const NodeConfig config = ephemeral_config({"127.0.0.1", 0}, "");
  const std::string text = ready_line(config, {"127.0.0.1", 4711}, {{"a", 1 << 20}, {"b", 2 << 20}}, 42);
  CHECK(text.find('\n') == std::string::npos);
  const json line = json::parse(text);
  CHECK(line.at("portal") == "127.0.0.1:4711");
  CHECK(line.at("iqn") == "iqn.2026-11.io.shoal:a");
  CHECK(line.at("url") == "iscsi://127.0.0.1:4711/iqn.2026-11.io.shoal:a/0");
  CHECK(line.at("pid") == 42);
  CHECK(line.at("volumes")[1].at("url") == "iscsi://127.0.0.1:4711/iqn.2026-11.io.shoal:b/0");
}

TEST_CASE("a disposable target leaves nothing behind: metadata in memory, no links, no control port") {
  const NodeConfig config = ephemeral_config({"127.0.0.1", 0}, "");
  CHECK(config.sqlite == ":memory:");
  CHECK(config.store.empty());
  CHECK_FALSE(config.peer);
  CHECK_FALSE(config.control);
}

TEST_CASE("what is asked of the control port for a disposable volume is a valid request") {
  const auto request = parse_volume_request(volume_request({"a", 1 << 20}, routing::DurabilityPolicy::memory));
  REQUIRE(request.has_value());
  CHECK(request->durability == routing::DurabilityPolicy::memory);
  CHECK_FALSE(request->chap);
  const cluster::ChapSettings chap{{"host", "/a"}, cluster::ChapUser{"shoal", "/b"}};
  CHECK(parse_volume_request(volume_request({"a", 1 << 20}, routing::DurabilityPolicy::memory, chap))->chap == chap);
}

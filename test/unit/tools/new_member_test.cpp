#include "tools/shoalctl/new_member.h"

#include <catch2/catch.hpp>

#include "tools/node/config.h"

using namespace shoal;
using nlohmann::json;

namespace {

json config_of(std::uint32_t id, const std::string& address) {
  return {{"member", id},
          {"group", "dev"},
          {"group_portals", {address + ":3260", "10.9.9.9:3260"}},
          {"member_portal", address + ":3261"},
          {"peer", address + ":3262"},
          {"control", address + ":3263"},
          {"control_token_file", "/etc/shoal/token"},
          {"group_key_file", "/etc/shoal/group.key"},
          {"store", "/var/lib/shoal"},
          {"metadata", {{"etcd", {"10.0.0.9:2379"}}}},
          {"limits", {{"sessions", 100}}}};
}

const json kMembers = {{{"id", 1}, {"member_portal", "10.0.0.1:3261"}},
                       {{"id", 2}, {"member_portal", "10.0.0.2:3261"}}};

std::string why(const json& like, std::uint32_t id, const std::string& address) {
  return why_no_new_member(like, kMembers, id, address);
}

}  // namespace

TEST_CASE("a new member is like the one that was asked, with a number and an address of its own") {
  const json like = config_of(1, "10.0.0.1");
  CHECK(why(like, 3, "10.0.0.3").empty());
  json expected = config_of(3, "10.0.0.3");
  expected["group_portals"] = {"10.0.0.3:3260"};
  CHECK(new_member_config(like, 3, "10.0.0.3") == expected);
}

TEST_CASE("a control port that only the machine itself reaches is so at the new member, too") {
  json like = config_of(1, "10.0.0.1");
  like["control"] = "127.0.0.1:3263";
  const json made = new_member_config(like, 3, "10.0.0.3");
  CHECK(made.at("control") == "127.0.0.1:3263");
  CHECK(made.at("peer") == "10.0.0.3:3262");
}

TEST_CASE("a new member may have an address of IPv6") {
  CHECK(new_member_config(config_of(1, "10.0.0.1"), 3, "fd00::3").at("peer") == "[fd00::3]:3262");
}

TEST_CASE("a number or an address that is taken or makes no sense is refused") {
  const json like = config_of(1, "10.0.0.1");
  CHECK(why(like, 2, "10.0.0.3") == "there is a member 2 already");
  CHECK(why(like, 3, "10.0.0.2") == "10.0.0.2 is the address of member 2");
  CHECK(why(like, 0, "10.0.0.3") == "a member's number is 1 to 1023, not 0");
  CHECK(why(like, 1024, "10.0.0.3") == "a member's number is 1 to 1023, not 1024");
  CHECK(why(like, 3, "0.0.0.0") == "0.0.0.0 is no address that hosts can be sent to");
  for (const char* address : {"", "storage-4", "10.0.0", "10.0.0.3:3260"}) {
    CHECK(why(like, 3, address) == fmt::format("\"{}\" is not a numeric address, as 10.0.0.4 or fd00::4", address));
  }
}

TEST_CASE("a single server takes no members") {
  const json single = {{"group_portals", {"10.0.0.1:3260"}}, {"metadata", {{"sqlite", "meta.db"}}}};
  CHECK(why(single, 3, "10.0.0.3").find("a single server") != std::string::npos);
}

TEST_CASE("the configuration of a new member names all that has to be brought to its machine") {
  const std::string steps = new_member_steps(config_of(3, "10.0.0.3"), "shoald.json");
  CHECK(steps.find("/etc/shoal/group.key, the token as /etc/shoal/token") != std::string::npos);
  CHECK(steps.find("shoald --config shoald.json") != std::string::npos);
}

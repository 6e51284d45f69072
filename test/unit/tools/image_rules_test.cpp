#include "tools/shoalctl/image_rules.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

using namespace shoal;
using Catch::Contains;
using nlohmann::json;

namespace {

const json kVolume = {{"name", "data"}, {"iqn", "iqn.x:data"},    {"size_bytes", 8192},    {"unavailable_pages", 0},
                      {"reason", ""},   {"allow", json::array()}, {"deny", json::array()}, {"chap", nullptr}};
const json kSessions = {{{"id", "3-1"}, {"member", 3}, {"volume", "data"}, {"initiator", "iqn.y:host"}},
                        {{"id", "2-7"}, {"member", 2}, {"volume", "other"}, {"initiator", "iqn.y:else"}}};
const json kMembers = {
    {{"state", "up"}, {"group_portals", {"10.0.0.1:3260"}}, {"member_portal", "10.0.0.1:3261"}},
    {{"state", "self"}, {"group_portals", {"10.0.0.2:3260", "10.1.0.2:3260"}}, {"member_portal", "10.0.0.2:3261"}}};
const Endpoint kControl{"10.9.0.2", 3263};

VolumeFacts facts(const json& change = json::object(), const json& sessions = json::array()) {
  json volume = kVolume;
  volume.update(change);
  return volume_facts(volume, sessions);
}

std::string why_no_import(std::uint64_t image_bytes, const VolumeFacts& volume, bool force = false) {
  return why_no_import(volume, {ImageFormat::raw, image_bytes}, "disk.img", force);
}

}  // namespace

TEST_CASE("an image that is no larger than an idle volume may be imported") {
  CHECK(why_no_import(8192, facts()).empty());
  CHECK(why_no_import(512, facts()).empty());
  CHECK_THAT(why_no_import(8193, facts()), Contains("holds a disk of 8193 bytes, and volume data has 8192"));
}

TEST_CASE("a volume that somebody uses is overwritten only by force, and is exported with a warning") {
  const VolumeFacts used = facts(json::object(), kSessions);
  CHECK(why_no_import(8192, used) ==
        "volume data is in use by iqn.y:host (session 3-1 at member 3): log it out first, or --force overwrites the "
        "disk under it");
  CHECK(why_no_import(8192, used, true).empty());
  CHECK(why_no_import(8193, used, true) != "");
  CHECK(why_no_export(used).empty());
  CHECK_THAT(export_warning(used), Contains("iqn.y:host"));
  CHECK(export_warning(facts()).empty());
}

TEST_CASE("pages that are away stand against both directions, whatever is forced") {
  const VolumeFacts away = facts({{"unavailable_pages", 2}, {"reason", "member 2 is down"}});
  CHECK(why_no_import(8192, away, true) == "volume data: 2 of its pages are not available: member 2 is down");
  CHECK(why_no_export(away) == "volume data: 2 of its pages are not available: member 2 is down");
}

TEST_CASE("a volume's lists and its CHAP are told before a login fails by them") {
  CHECK(why_no_login(facts(), kImageInitiator, "").empty());
  const VolumeFacts listed = facts({{"allow", {"iqn.y:*"}}});
  CHECK_THAT(why_no_login(listed, kImageInitiator, ""),
             Contains("`shoalctl volume allow data iqn.2026-11.io.shoal:shoalctl`"));
  CHECK(why_no_login(listed, "IQN.y:Host", "").empty());
  CHECK(why_no_login(facts({{"deny", {"*:shoalctl"}}}), kImageInitiator, "") != "");

  const VolumeFacts chap = facts({{"chap", {{"user", "host"}, {"secret_file", "/etc/shoal/host"}}}});
  CHECK(why_no_login(chap, kImageInitiator, "") == "volume data asks for CHAP: give --user and --secret-file");
  CHECK(why_no_login(chap, kImageInitiator, "host").empty());
}

TEST_CASE("a volume for an image is as large as its disk, in whole blocks") {
  CHECK(volume_bytes_for(8192) == 8192);
  CHECK(volume_bytes_for(8193) == 12288);
  CHECK(volume_bytes_for(512) == 4096);
  CHECK(volume_bytes_for(~std::uint64_t{4095}) == ~std::uint64_t{4095});
}

TEST_CASE("the login goes to the first group portal of the member that was asked") {
  CHECK(portal_for(kMembers, kControl, false) == Endpoint{"10.0.0.2", 3260});
}

TEST_CASE("a volume that only the member that was asked is sure to know is reached at its own portal") {
  CHECK(portal_for(kMembers, kControl, true) == Endpoint{"10.0.0.2", 3261});
  json single = kMembers;
  single[1]["member_portal"] = nullptr;
  CHECK(portal_for(single, kControl, true) == Endpoint{"10.0.0.2", 3260});
}

TEST_CASE("a portal at all addresses of a machine is reached where its control port is") {
  json everywhere = kMembers;
  everywhere[1]["group_portals"][0] = "0.0.0.0:3260";
  CHECK(portal_for(everywhere, kControl, false) == Endpoint{"10.9.0.2", 3260});
}

TEST_CASE("a member that does not list itself tells no portal") {
  CHECK(!portal_for(json::array({kMembers[0]}), kControl, false));
}

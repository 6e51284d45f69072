#include "tools/node/control_views.h"

#include <catch2/catch.hpp>

#include "test/unit/tools/group_records.h"
#include "tools/node/group_space.h"
#include "tools/node/metrics.h"
#include "tools/shoalctl/views.h"

using namespace shoal;
using namespace shoal::test;
using Catch::Contains;
using nlohmann::json;

namespace {

MemberView member_1() {
  MemberView view;
  view.group = "dev";
  view.self = MemberId{1};
  view.metadata_kind = "etcd";
  view.metadata_reachable = true;
  view.members = three_members();
  view.peers = peers_up();
  view.stores = {{store(1), routing::StoreKind::file, {}}};
  return view;
}

VolumeView demo() {
  cluster::VolumeRecord record;
  record.name = "demo";
  record.iqn = "iqn.2026-11.io.shoal:demo";
  const auto map = map_of(12);
  record.image = map->image();
  record.identity = {0x3000000000000042u, "0042"};
  return {record, map, {}};
}
VolumeView demo_with_chap() {
  VolumeView volume = demo();
  volume.record.access.allow = {"iqn.x:*", "iqn.y:?"};
  volume.record.access.deny = {"iqn.x:bad"};
  volume.record.access.chap = cluster::ChapSettings{{"host", "/etc/a"}, cluster::ChapUser{"shoal", "/etc/b"}};
  return volume;
}

server::SessionInfo session() {
  server::SessionInfo info;
  info.number = 17;
  info.volume = "demo";
  info.nexus.initiator_name = "iqn.1993-08.org.debian:01:abc";
  info.nexus.isid = 0x800000000001;
  info.peer = {"10.0.0.9", 40000};
  info.since = Time(10s);
  info.commands = 5;
  info.read_bytes = 4096;
  return info;
}

}  // namespace

TEST_CASE("who has no part of a new volume is named, with the reason, also for people") {
  MemberView view = member_1();
  const auto placement = [](std::vector<std::uint8_t> stores) {
    routing::Image image = demo().record.image;
    image.placement.stores.clear();
    for (const std::uint8_t number : stores) image.placement.stores.push_back(store(number));
    return image;
  };
  CHECK(left_out_json(view, placement({1, 2, 3})).empty());
  view.peers[MemberId{2}] = {false, false, "refused"};
  view.members[MemberId{3}].draining = true;
  const json left_out = left_out_json(view, placement({1}));
  CHECK(left_out == json::parse(R"([{"member":2,"why":"down: refused"},{"member":3,"why":"draining"}])"));
  CHECK(left_out_json(member_1(), placement({1, 2})).at(0).at("why") == "it did not answer in time");
  MemberView short_of_room = member_1();
  short_of_room.spaces[store(3)] = {100, 95, 5};
  CHECK_THAT(left_out_json(short_of_room, placement({1, 2})).at(0).at("why").get<std::string>(),
             Contains("nearly full"));
  short_of_room.spaces[store(3)] = {100, 5, 95};
  CHECK_THAT(left_out_json(short_of_room, placement({1, 2})).at(0).at("why").get<std::string>(),
             Contains("95 bytes free"));
  json answer = volume_json(demo(), {});
  answer["left_out"] = left_out;
  CHECK_THAT(view_volume(answer), Contains("left out       member 2: down: refused"));
}

TEST_CASE("metadata that are not used are a warning, with the reason") {
  MemberView view = member_1();
  view.metadata_reachable = false;
  view.metadata_trouble = "the metadata are another group's";
  const json warnings = status_json(view, {}).at("warnings");
  REQUIRE(warnings.size() == 1);
  CHECK_THAT(warnings[0].get<std::string>(), Contains("another group's") && Contains("hosts are served"));
}

TEST_CASE("members are self, up, draining or down, with a note that says why") {
  auto view = member_1();
  view.peers[MemberId{2}] = {false, false, "connection refused"};
  view.members[MemberId{3}].draining = true;
  const json members = members_json(view);
  CHECK(members[0].at("state") == "self");
  CHECK(members[1].at("state") == "down");
  CHECK(members[1].at("note") == "connection refused");
  CHECK(members[2].at("state") == "draining");
  CHECK(members[2].at("member_portal") == "10.0.0.3:3261");
}

TEST_CASE("a member that drains says which sessions it waits for, and which only force drops") {
  auto view = member_1();
  view.members[MemberId{3}].drain_ordered = true;
  json members = members_json(view);
  CHECK(members[2].at("state") == "draining");
  Gathered sessions;
  add_drain_notes(members, sessions);
  CHECK(members[2].at("note") == "drained: no session is left");
  CHECK(members[1].at("note") == "");
  for (const char* came : {"redirect", "member portal", "group portal"}) {
    auto one = session();
    one.number += sessions.list.size();
    sessions.list.push_back(session_json(MemberId{3}, one, came, Time(75s)));
  }
  sessions.list.push_back(session_json(MemberId{2}, session(), "redirect", Time(75s)));
  add_drain_notes(members, sessions);
  CHECK(members[2].at("note") ==
        "draining; to be moved: 3-17, 3-19; came to the member portal by themselves, --force drops them: 3-18");
}

TEST_CASE("where every member drains they say that there is nowhere to go") {
  auto view = member_1();
  for (auto& [id, member] : view.members) member.drain_ordered = true;
  json members = members_json(view);
  add_drain_notes(members, {});
  for (const json& member : members) {
    CHECK(member.at("note") == "drained: no session is left; no member takes hosts: undrain one, or add one");
  }
}

TEST_CASE("of a member that drains and does not answer nobody says that it is drained") {
  auto view = member_1();
  view.members[MemberId{3}].drain_ordered = true;
  json members = members_json(view);
  Gathered sessions;
  sessions.missing = {MemberId{2}, MemberId{3}};
  add_drain_notes(members, sessions);
  CHECK(members[2].at("note") == "does not answer: its sessions are not known");
  CHECK(members[1].at("note") == "");
}

TEST_CASE("what a peer answers as a session has what is read of it, or is none") {
  const json good = session_json(MemberId{3}, session(), "redirect", Time(75s));
  CHECK(is_session(good));
  for (const char* key : {"id", "came", "volume", "initiator", "member"}) {
    json odd = good;
    odd[key] = json::array();
    CHECK_FALSE(is_session(odd));
    odd.erase(key);
    CHECK_FALSE(is_session(odd));
  }
  for (const json& odd : {json(nullptr), json(7), json("3-17"), json::array({good})}) CHECK_FALSE(is_session(odd));
}

TEST_CASE("a member that has not reached this one is not up yet") {
  auto view = member_1();
  view.peers[MemberId{2}] = {true, false, "it has not reached this member yet"};
  CHECK(members_json(view)[1].at("state") == "down");
}

TEST_CASE("status of a healthy member has no warnings") {
  const json status = status_json(member_1(), {demo()});
  CHECK(status.at("warnings").empty());
  CHECK(status.at("volumes")[0].at("state") == "ok");
  CHECK(status.at("volumes")[0].at("unavailable_pages") == 0);
  CHECK(status.at("stores")[0].at("state") == "in service");
  CHECK(status.at("metadata") == json{{"kind", "etcd"}, {"reachable", true}});
}

TEST_CASE("status warns of metadata out of reach, of stores out of service and of pages that are not there") {
  auto view = member_1();
  view.metadata_reachable = false;
  view.metadata_problem = "no space left";
  view.stores[0].state = {false, "input/output error"};
  view.peers[MemberId{3}] = {false, false, "timed out"};
  const json status = status_json(view, {demo()});
  REQUIRE(status.at("warnings").size() == 3);
  CHECK_THAT(status.at("warnings")[0].get<std::string>(),
             Contains("metadata in etcd are out of reach (no space left)"));
  CHECK_THAT(status.at("warnings")[1].get<std::string>(), Contains("input/output error") && Contains("restart"));
  CHECK_THAT(status.at("warnings")[2].get<std::string>(), Contains("volume demo: 8 of 12 pages"));
}

TEST_CASE("a volume shows who may log in and what is asked of whom") {
  const auto places = places_of(member_1());
  const json open = volume_json(demo(), places);
  CHECK(open.at("allow").empty());
  CHECK(open.at("chap").is_null());
  CHECK_THAT(view_volume(open), Contains("everybody who is not denied") && Contains("chap           -"));
  const json closed = volume_json(demo_with_chap(), places);
  CHECK(closed.at("allow") == json{"iqn.x:*", "iqn.y:?"});
  CHECK(closed.at("deny") == json{"iqn.x:bad"});
  CHECK(closed.at("chap").at("mutual_user") == "shoal");
  CHECK_THAT(view_volume(closed), Contains("iqn.x:*, iqn.y:?") && Contains("iqn.x:bad") &&
                                      Contains("user host, secret /etc/a; mutual user shoal, secret /etc/b") &&
                                      !Contains("NOT USABLE"));
}

TEST_CASE("a member that can not read a secret says so in status and with the volume") {
  VolumeView volume = demo_with_chap();
  volume.secrets.problem = "cannot read /etc/a: No such file or directory";
  volume.secrets.warnings = {"/etc/b can be read by everybody"};
  auto view = member_1();
  view.discovery_secrets.problem = "cannot read /etc/c: Permission denied";
  const json warnings = status_json(view, {volume}).at("warnings");
  REQUIRE(warnings.size() == 3);
  CHECK_THAT(warnings[0].get<std::string>(), Contains("discovery") && Contains("/etc/c"));
  CHECK_THAT(warnings[1].get<std::string>(), Contains("volume demo") && Contains("0301") && Contains("/etc/a"));
  CHECK_THAT(warnings[2].get<std::string>(), Contains("volume demo: /etc/b"));
  CHECK_THAT(view_volume(volume_json(volume, places_of(view))),
             Contains("NOT USABLE at this member: cannot read /etc/a"));
}

TEST_CASE("the map tells pages of each member, runs, and who has nothing any more") {
  auto view = member_1();
  view.members[MemberId{3}].stores.clear();
  view.members[MemberId{3}].lost_stores = {{store(3), "member 3 came back with another store"}};
  const json map = map_json(demo(), places_of(view));
  CHECK(map.at("pages") == 12);
  CHECK(map.at("members")[1].at("member") == 2);
  CHECK(map.at("members")[1].at("pages") == 4);
  CHECK(map.at("members")[2].at("member") == 0);
  CHECK_THAT(map.at("members")[2].at("note").get<std::string>(), Contains("another store"));
  CHECK(map.at("runs")[1] == json{{"first", 1}, {"count", 4}, {"step", 3}, {"member", 2}});
  CHECK(map.at("runs")[2].at("member") == 0);
  CHECK(map.at("containers").empty());
  CHECK(map.at("hash").get<std::string>().size() == 16);
}

TEST_CASE("the hash of the map is the same whoever is asked and whatever is down") {
  auto view = member_1();
  view.peers.clear();
  CHECK(map_json(demo(), places_of(view)).at("hash") == map_json(demo(), places_of(member_1())).at("hash"));
}

TEST_CASE("a session is named by its member and its number there") {
  const json shown = session_json(MemberId{2}, session(), "redirect", Time(75s));
  CHECK(shown.at("id") == "2-17");
  CHECK(shown.at("age_s") == 65);
  CHECK(shown.at("volume") == "demo");
  CHECK(shown.at("peer") == "10.0.0.9:40000");
}

TEST_CASE("a name that is not UTF-8 does not end the answer") {
  auto info = session();
  info.nexus.initiator_name = "iqn.\xff";
  CHECK_NOTHROW(json::parse(ok(session_json(MemberId{2}, info, "redirect", Time(75s))).body));
}

TEST_CASE("members and the group tell what their stores hold, as far as it is known") {
  auto view = member_1();
  view.spaces = {{store(1), {100 << 20, 60 << 20, 40 << 20}}, {store(2), {200 << 20, 10 << 20, 190 << 20}}};
  view.stores[0].space = view.spaces[store(1)];
  const json status = status_json(view, {});
  const json& members = status.at("members");
  CHECK(members[0].at("stores")[0].at("used_bytes") == 60 << 20);
  CHECK(members[1].at("stores")[0].at("free_bytes") == 190 << 20);
  CHECK(members[2].at("stores")[0].at("total_bytes").is_null());
  CHECK(status.at("space").at("lasting") ==
        json{{"used_bytes", 70 << 20}, {"total_bytes", 300 << 20}, {"free_bytes", 230 << 20}});
  CHECK(status.at("stores")[0].at("free_bytes") == 40 << 20);
  CHECK_THAT(view_status(status), Contains("stores of the group: 70 MiB of 300 MiB; in memory: 0 B") &&
                                      Contains("file 60 MiB of 100 MiB") && Contains("file not known"));
}

TEST_CASE("the room of a pool is there once, too") {
  const routing::FileSystemRoom disk{5, 100};
  const KnownSpace known{{store(1), {150, 30, 120, 100, disk}}, {store(2), {150, 40, 110, 100, disk}}};
  const auto pool = pool_space({store(1), store(2)}, known);
  REQUIRE(pool.has_value());
  CHECK(pool->used_bytes == 70);
  CHECK(pool->available_bytes == 130);
  CHECK(pool->available_percent == 73);
  CHECK_FALSE(pool_space({store(1), store(3)}, known).has_value());
}

TEST_CASE("damage that was met and not repaired is a warning") {
  auto view = member_1();
  view.stores[0].damage = {.damaged = 3, .repaired = 3};
  CHECK(status_json(view, {}).at("warnings").empty());
  view.stores[0].damage.damaged = 5;
  CHECK_THAT(status_json(view, {}).at("warnings").dump(), Contains("2 reads of store"));
}

TEST_CASE("a store that is nearly full is a warning") {
  auto view = member_1();
  view.stores[0].space = {100 << 20, 89 << 20, 11 << 20};
  CHECK(status_json(view, {}).at("warnings").empty());
  view.stores[0].space = {100 << 20, 91 << 20, 9 << 20};
  CHECK_THAT(status_json(view, {}).at("warnings").dump(), Contains("has 9437184 of 104857600 bytes left"));
}

TEST_CASE("what stores on one file system may still grow by is there once") {
  const routing::FileSystemRoom disk{5, 100}, other{6, 70};
  const routing::StoreSpace small{60, 10, 50, 40, disk}, large{150, 30, 120, 100, disk}, apart{90, 20, 70, 70, other},
      device{40, 15, 25};
  CHECK(sum_of({large}) == routing::StoreSpace{150, 30, 120});
  CHECK(sum_of({small, large, apart, device}) == routing::StoreSpace{300, 75, 225});
  const routing::StoreSpace limited{60, 10, 50, 40, {5, 1000}};
  CHECK(sum_of({limited, limited}) == routing::StoreSpace{120, 20, 100});
}

TEST_CASE("a volume tells what it takes of all stores, and that it is more where a member did not say") {
  json volume = volume_json(demo(), places_of(member_1()));
  add_allocation(volume, demo(), {{{ImageId{7}, 3 << 20}}, {}});
  CHECK(volume.at("allocated_bytes") == 3 << 20);
  CHECK_THAT(view_volume(volume), Contains("used           3 MiB"));
  add_allocation(volume, demo(), {{}, {MemberId{3}}});
  CHECK(volume.at("allocated_bytes") == 0);
  CHECK_THAT(view_volumes(json::array({volume})), Contains(">= 0 B"));
}

TEST_CASE("a map with more pages than a picture has room for says which members take turns") {
  VolumeView large = demo();
  large.map = map_of(12000);
  CHECK_THAT(view_map(map_json(large, places_of(member_1())), false),
             Contains("pages 1, 4 ... up to 11998: member 2") && Contains("++++"));
}

TEST_CASE("what a scrub found is a warning, and in the metrics") {
  auto view = member_1();
  CHECK(status_json(view, {}).at("warnings").empty());
  view.scrub = routing::ScrubStatus{
      .state = routing::ScrubState::running, .unread_bytes = 7, .damaged_blocks = 2, .all_damaged_blocks = 5};
  CHECK_THAT(status_json(view, {}).at("warnings").dump(),
             Contains("found 2 blocks that cannot be read") && Contains("could not read 7 bytes of it"));
  const std::string metrics = metrics_text(view, {}, {});
  CHECK_THAT(metrics, Contains("shoal_scrub_damaged_blocks_total 5") && Contains("shoal_scrub_running 1") &&
                          Contains("shoal_scrub_unread_bytes 7"));
}

TEST_CASE("shoalctl shows all of it") {
  const auto view = member_1();
  const auto places = places_of(view);
  CHECK_THAT(view_status(status_json(view, {demo()})), Contains("group dev") && Contains("demo"));
  CHECK_THAT(view_map(map_json(demo(), places), false), Contains("123123123123"));
  CHECK_THAT(view_volume(volume_json(demo(), places)), Contains("striped") && Contains("on member 3"));
  CHECK_THAT(view_sessions(json::array({session_json(MemberId{2}, session(), "redirect", Time(75s))})),
             Contains("2-17"));
}

TEST_CASE("metrics are Prometheus text with a sample for each member and volume") {
  auto view = member_1();
  view.volumes.local_bytes = 4096;
  view.stores[0].space = {100, 60, 40};
  VolumeView volume = demo();
  volume.allocated_here = 65536;
  const std::string text = metrics_text(view, {volume}, {});
  CHECK_THAT(text, Contains("state=\"used\"} 60\n") && Contains("state=\"free\"} 40\n"));
  CHECK_THAT(text, Contains("shoal_volume_allocated_bytes{volume=\"demo\"} 65536\n"));
  CHECK_THAT(text, Contains("shoal_local_bytes_total 4096\n"));
  CHECK_THAT(text, Contains("shoal_member_up{member=\"3\"} 1\n"));
  CHECK_THAT(text, Contains("shoal_volume_unavailable_pages{volume=\"demo\"} 0\n"));
  CHECK_THAT(text, Contains("# TYPE shoal_sessions gauge\n"));
}

#include "cluster/volumes.h"

#include <catch2/catch.hpp>

#include "cluster/group_identity.h"
#include "cluster/volume_rules.h"
#include "test/unit/cluster/volume_group.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using Catch::Contains;
using routing::DurabilityPolicy;
using routing::PlacementRule;
using routing::StoreKind;

namespace {

using Group = VolumeGroup;

}  // namespace

TEST_CASE("a volume name is short, lower case, and begins and ends with a letter or digit") {
  for (const char* name : {"a", "demo", "vm-17.disk0", "0"}) CHECK_FALSE(check_name(name));
  for (const char* name : {"", "-a", "a-", ".a", "A", "a b", "a/b", "a_b", "\xc3\xa4"}) CHECK(check_name(name));
  CHECK_FALSE(check_name(std::string(kMaxVolumeNameBytes, 'a')));
  CHECK(check_name(std::string(kMaxVolumeNameBytes + 1, 'a')));
}

TEST_CASE("sizes are whole physical blocks up to 64 TiB, pages powers of two from 64 KiB to 64 MiB") {
  CHECK_FALSE(check_shape(4096, 65536));
  CHECK_FALSE(check_shape(routing::kMaxImageBytes, 64 << 20));
  CHECK_THAT(*check_shape(0, 65536), Contains("64 TiB"));
  CHECK(check_shape(4097, 65536));
  CHECK(check_shape(routing::kMaxImageBytes + 4096, 65536));
  CHECK_THAT(*check_shape(4096, 32768), Contains("64 KiB to 64 MiB"));
  CHECK(check_shape(4096, 98304));
  CHECK(check_shape(4096, 128 << 20));
}

TEST_CASE("a volume record survives its JSON, and rubbish is none") {
  VolumeRecord record{"demo",
                      "iqn.x:demo",
                      {ImageId{3}, 1 << 30, 65536, DurabilityPolicy::memory, {PlacementRule::contiguous, {store(1)}}},
                      {std::uint64_t{3} << 60 | 5, "abc"},
                      17,
                      {}};
  CHECK(decode_volume(encode(record)) == record);
  record.access.allow = {"iqn.1993-08.org.debian:*"};
  record.access.deny = {"iqn.1993-08.org.debian:01:bad", "*?"};
  record.access.chap = ChapSettings{{"host", "/etc/shoal/host.secret"}, std::nullopt};
  CHECK(decode_volume(encode(record)) == record);
  record.access.chap->target = ChapUser{"shoal", "/etc/shoal/target.secret"};
  CHECK(decode_volume(encode(record)) == record);
  record.image.page_bytes = 5;
  CHECK_FALSE(decode_volume(encode(record)));
  for (const char* text : {"", "{", "[]", "{}", R"({"format":1})"}) CHECK_FALSE(decode_volume(text));
}

TEST_CASE("a record from before there was a choice is writeback on files and memory in memory") {
  const auto read = [](const std::string& how) {
    return decode_volume(
        R"({"format":1,"name":"demo","iqn":"iqn.x:demo","image":3,"size_bytes":4096,"page_bytes":65536,)" + how +
        R"(,"placement":"striped","stores":["00000000-0000-0000-0000-000000000001"],)" +
        R"("naa":1,"serial":"a","created_ms":1})");
  };
  CHECK(read(R"("kind":"file")")->image.durability == DurabilityPolicy::writeback);
  CHECK(read(R"("kind":"memory")")->image.durability == DurabilityPolicy::memory);
  CHECK(read(R"("durability":"sync")")->image.durability == DurabilityPolicy::sync);
  CHECK_FALSE(read(R"("durability":"often")"));
}

TEST_CASE("a record from before there was access is one that everybody may log in to") {
  const VolumeRecord record{
      "demo", "iqn.x:demo", {ImageId{3}, 4096, 65536, DurabilityPolicy::sync, {{}, {store(1)}}}, {}, 1, {}};
  const std::string text = encode(record);
  for (const char* word : {"allow", "deny", "chap"}) CHECK_THAT(text, !Contains(word));
  CHECK(decode_volume(text)->access == VolumeAccess{});
}

TEST_CASE("a record whose access makes no sense is none: better not served than to whom it is not for") {
  VolumeRecord record{"demo", "iqn.x:demo", {ImageId{3}, 4096, 65536, DurabilityPolicy::sync, {{}, {store(1)}}}, {}, 1,
                      {}};
  const auto readable = [&](const VolumeAccess& access) {
    record.access = access;
    return decode_volume(encode(record)).has_value();
  };
  CHECK(readable({{"iqn.x:*"}, {}, {}}));
  CHECK_FALSE(readable({{""}, {}, {}}));
  CHECK_FALSE(readable({{}, {"IQN.x:A"}, {}}));
  CHECK_FALSE(readable({std::vector<std::string>(kMaxAccessPatterns + 1, "a"), {}, {}}));
  CHECK_FALSE(readable({{}, {}, ChapSettings{{"host", "relative"}, {}}}));
  CHECK_FALSE(decode_volume(R"({"format":1,"allow":"*"})"));
  std::string text = encode(record);
  text.insert(1, R"("allow":[1],)");
  CHECK_FALSE(decode_volume(text));
}

TEST_CASE("a volume lies on one store of the kind of every member, in order") {
  Group group;
  const auto made = group.create("demo");
  REQUIRE(made);
  REQUIRE(made->has_value());
  CHECK((*made)->iqn == "iqn.2026-11.io.shoal:demo");
  CHECK((*made)->image.placement.stores == std::vector{store(1), store(2), store(3)});
  CHECK((*made)->image.durability == DurabilityPolicy::sync);
  const auto memory = group.create("fast", 1 << 20, 1, DurabilityPolicy::memory);
  CHECK((*memory)->image.placement.stores == std::vector{store(101), store(102), store(103)});
  CHECK((*memory)->image.id > (*made)->image.id);
  group.runtime.run_for(1s);
  for (const auto& member : group.all)
    CHECK(member.volumes->find_target("iqn.2026-11.io.shoal:fast")->image == (*memory)->image);
}

TEST_CASE("a volume is sync where any member has a store that lasts, and who has none is named; else it is in memory") {
  std::map<MemberId, MemberRecord> members;
  members[MemberId{1}].stores = {{store(1), StoreKind::memory}, {store(2), StoreKind::file}};
  members[MemberId{2}].stores = {{store(3), StoreKind::memory}};
  VolumeRequest request{"demo", 1 << 20, 65536, PlacementRule::striped, {}};
  CHECK_THAT(place_image(request, ImageId{1}, members).error(), Contains("member 2 has no store that outlives it"));
  request.durability = DurabilityPolicy::memory;
  CHECK(place_image(request, ImageId{1}, members)->placement.stores == std::vector{store(1), store(3)});
  members[MemberId{2}].stores.push_back({store(4), StoreKind::file});
  for (const auto durability : {DurabilityPolicy::sync, DurabilityPolicy::writeback}) {
    request.durability = durability;
    const auto image = place_image(request, ImageId{1}, members);
    CHECK(image->placement.stores == std::vector{store(2), store(4)});
    CHECK(image->durability == durability);
  }
  request.durability.reset();
  CHECK(place_image(request, ImageId{1}, members)->durability == DurabilityPolicy::sync);
  members.erase(MemberId{2});
  members[MemberId{1}].stores.pop_back();
  CHECK(place_image(request, ImageId{1}, members)->durability == DurabilityPolicy::memory);
}

namespace {

// Member n has the store n, which holds used of 100 GiB.
struct Room {
  explicit Room(const std::vector<std::uint64_t>& used_gib) {
    for (std::uint8_t n = 1; n <= used_gib.size(); ++n) {
      members[MemberId{n}].stores = {{store(n), StoreKind::file}};
      space[store(n)] = {kHundred, used_gib[n - 1] << 30, kHundred - (used_gib[n - 1] << 30)};
    }
  }
  Result<routing::Image, std::string> place(std::uint64_t gib) const {
    return place_image({"demo", gib << 30, 65536, PlacementRule::striped, {}, {}}, ImageId{1}, members, space);
  }
  std::vector<StoreId> stores(std::uint64_t gib) const { return place(gib)->placement.stores; }

  static constexpr std::uint64_t kHundred = std::uint64_t{100} << 30;
  std::map<MemberId, MemberRecord> members;
  KnownSpace space;
};

}  // namespace

TEST_CASE("a store that is nearly full, or has less room than its share, takes no part of a new volume") {
  CHECK(Room({10, 89, 90}).stores(3) == std::vector{store(1), store(2)});
  CHECK(Room({10, 60, 10}).stores(150) == std::vector{store(1), store(3)});
  CHECK(Room({10, 50, 10}).stores(150) == std::vector{store(1), store(2), store(3)});
  CHECK(*why_no_room({100, 95, 5}, 1) == "its store is nearly full: 95 of 100 bytes are used");
  CHECK(*why_no_room({100, 50, 50}, 51) == "its store has 50 bytes free, less than its share of 51");
  CHECK_FALSE(why_no_room({100, 50, 50}, 50));
}

TEST_CASE("who is left out leaves more to the others, which may then have too little, too") {
  CHECK(Room({0, 45, 70}).stores(120) == std::vector{store(1), store(2), store(3)});
  CHECK(Room({0, 40, 70}).stores(100) == std::vector{store(1), store(2)});
  CHECK(Room({0, 55, 70}).stores(100) == std::vector{store(1)});
}

TEST_CASE("a volume larger than what there is lies on all that are not nearly full; where all are it is refused") {
  CHECK(Room({10, 95, 30}).stores(1000) == std::vector{store(1), store(3)});
  CHECK_THAT(Room({90, 95}).place(1).error(), Contains("every store in reach is nearly full"));
}

TEST_CASE("a store of which nobody knows what it could hold is taken to have room") {
  Room room({95, 10});
  room.space.erase(store(1));
  room.space[store(2)] = {0, 5, 0};
  CHECK(room.stores(1000) == std::vector{store(1), store(2)});
}

TEST_CASE("a volume lies on the members that are in reach, and on no others") {
  Group group;
  group.guard({{MemberId{1}, MemberId{3}}, {}});
  CHECK((*group.create("demo"))->image.placement.stores == std::vector{store(1), store(3)});
  CHECK((*group.create("fast", 1 << 20, 0, DurabilityPolicy::memory))->image.placement.stores ==
        std::vector{store(101), store(103)});
}

TEST_CASE("where every member in reach drains no volume is made, and it is said why") {
  Group group(1);
  group.guard({{}, {}});
  const auto refused = group.create("demo");
  CHECK(refused->error().status == 409);
  CHECK_THAT(refused->error().text, Contains("member undrain"));
}

TEST_CASE("an image id lies above all that any member in reach has pages of, and what it passes over is not deleted") {
  Group group(1);
  group.guard({{MemberId{1}}, ImageId{7}});
  CHECK((*group.create("demo"))->image.id == ImageId{8});
  CHECK((*group.create("next"))->image.id == ImageId{9});
  CHECK(group.meta.value("/i/next") == "10 1-7");
  group.runtime.run_for(1s);
  CHECK_FALSE(group.all[0].volumes->was_deleted(ImageId{7}));
  REQUIRE(group.remove("demo")->has_value());
  group.runtime.run_for(1s);
  CHECK(group.all[0].volumes->was_deleted(ImageId{8}));
  CHECK_FALSE(group.all[0].volumes->was_deleted(ImageId{1}));
}

TEST_CASE("metadata that were put back do not make a member that remembers give out an image id again") {
  Group group(1);
  REQUIRE(group.create("first")->has_value());
  group.runtime.run_for(1s);
  const std::uint64_t backup = group.meta.revision();
  REQUIRE((*group.create("second"))->image.id == ImageId{2});
  group.runtime.run_for(1s);
  group.meta.put_back(backup);
  CHECK((*group.create("third"))->image.id == ImageId{3});
  group.runtime.run_for(1s);
  CHECK_FALSE(group.all[0].volumes->was_deleted(ImageId{2}));
}

TEST_CASE("a count that is missing begins above all that is known, and not at 1") {
  Group group(1);
  REQUIRE(group.create("first")->has_value());
  group.runtime.run_for(1s);
  group.meta.cas({}, {{"/i/next", std::nullopt}});
  CHECK((*group.create("second"))->image.id == ImageId{2});
}

TEST_CASE("nothing is created in metadata that are not the group's") {
  Group group(1);
  group.guard({{MemberId{1}}, {}});
  GroupIdentity other{"dev", {}};
  other.id.bytes[3] = 9;
  for (const auto& value :
       {std::optional<std::string>(), std::optional(encode(other)), std::optional<std::string>("{")}) {
    group.meta.cas({}, {{kGroupKey, value}});
    const auto refused = group.create("demo");
    CHECK(refused->error().status == 503);
    CHECK_THAT(refused->error().text, Contains("not the group's"));
    CHECK(group.meta.keys("/v/").empty());
  }
}

TEST_CASE("identities are locally assigned NAA names that differ early") {
  SeededRandom random(1);
  const UnitIdentity a = new_identity(random), b = new_identity(random);
  CHECK(a.naa >> 60 == 3);
  CHECK(a.naa >> 32 != b.naa >> 32);
  CHECK(a.serial != b.serial);
  CHECK(a.serial.size() == 16);
}

TEST_CASE("what can not be made says why") {
  Group group;
  CHECK(group.create("Bad")->error().status == 400);
  CHECK(group.create("demo", 5)->error().status == 400);
  REQUIRE(group.create("demo")->has_value());
  CHECK(group.create("demo", 1 << 20, 1)->error().status == 409);
  CHECK(group.remove("nothing")->error().status == 404);
  CHECK(group.remove("No Name")->error().status == 404);
}

TEST_CASE("two members that make volumes at once never share an image id") {
  Group group;
  std::vector<ImageId> images;
  for (std::size_t at = 0; at < 3; ++at) {
    VolumeRequest request;
    request.name = "v" + std::to_string(at);
    request.size_bytes = 4096;
    group.all[at].volumes->create(request, [&](auto result) { images.push_back(result->image.id); });
  }
  group.runtime.run_until([&] { return images.size() == 3; });
  std::sort(images.begin(), images.end());
  CHECK(images == std::vector{ImageId{1}, ImageId{2}, ImageId{3}});
}

TEST_CASE("a volume with sessions is not deleted, and says where they are") {
  Group group(1);
  const ImageId image = (*group.create("demo"))->image.id;
  FakeSession& session = group.login(image);
  const auto refused = group.remove("demo");
  CHECK(refused->error().status == 409);
  CHECK_THAT(refused->error().text, Contains("1 session at member 1"));
  group.all[0].sessions->release(session.claim->id, session.claim->generation, {});
  CHECK(group.remove("demo")->has_value());
  CHECK(group.meta.keys("/s/").empty());
  CHECK(group.login(image).refused == ClaimError::gone);
}

TEST_CASE("sessions at a member that does not answer stand in the way of a deletion") {
  Group group(2);  // without links between them
  const ImageId image = (*group.create("demo"))->image.id;
  group.login(image, 1);
  CHECK_THAT(group.remove("demo")->error().text, Contains("member 2 has sessions on record and does not answer"));
}

TEST_CASE("a deletion and a first login at once: one of them wins, never both") {
  for (int lead = 0; lead < 6; ++lead) {
    CAPTURE(lead);
    Group group(2);
    const ImageId image = (*group.create("demo"))->image.id;
    group.runtime.run_for(1s);
    FakeSession session;
    std::optional<Group::Answer> removed;
    const auto login = [&] {
      group.all[1].sessions->claim({image, 1, "iqn.x:host", 1}, session, [&](Result<NexusClaim, ClaimError> result) {
        if (result) session.claim = *result;
        if (!result) session.refused = result.error();
      });
    };
    const auto remove = [&] {
      group.all[0].volumes->remove("demo", [&](Group::Answer result) { removed = std::move(result); });
    };
    if (lead == 0) login();
    remove();
    for (int call = 1; call < lead; ++call) {
      const int before = group.all[0].door->calls;
      group.runtime.run_until([&] { return group.all[0].door->calls > before; }, 10ms);
    }
    if (lead > 0) login();
    group.runtime.run_until([&] { return removed && session.answered(); }, 30s);
    REQUIRE(removed);
    REQUIRE(session.answered());
    CHECK(removed->has_value() != session.claim.has_value());
  }
}

TEST_CASE("of two deletions at once one is told that the volume is gone") {
  Group group(2);
  REQUIRE((*group.create("demo")).has_value());
  group.runtime.run_for(1s);
  std::vector<int> statuses;
  for (auto& member : group.all) {
    member.volumes->remove("demo",
                           [&](const auto& result) { statuses.push_back(result ? 200 : result.error().status); });
  }
  group.runtime.run_for(20s);
  std::ranges::sort(statuses);
  CHECK(statuses == std::vector{200, 404});
}

TEST_CASE("no loss of any single call makes a volume twice, or leaves it half deleted") {
  for (const Fault fault : {Fault::request_lost, Fault::answer_lost, Fault::late, Fault::stale}) {
    for (int lost = 1; lost <= 10; ++lost) {
      CAPTURE(static_cast<int>(fault), lost);
      Group group(1);
      MetaDoor& door = *group.all[0].door;
      const int before = door.calls;
      door.fault = [=](int call) { return call == before + lost ? fault : Fault::none; };
      const auto made = group.create("demo");
      REQUIRE(made);
      REQUIRE(made->has_value());
      CHECK(group.meta.value("/i/next") == "2");
      CHECK(decode_volume(*group.meta.value("/v/demo")) == **made);
      FakeSession& session = group.login((*made)->image.id);
      REQUIRE(session.claim);
      group.all[0].sessions->release(session.claim->id, session.claim->generation, {});
      const auto removed = group.remove("demo");
      REQUIRE(removed);
      CHECK(removed->has_value());
      group.runtime.run_for(10s);
      CHECK(group.meta.keys("/v/").empty());
      CHECK(group.meta.keys("/s/").empty());
      const auto again = group.create("demo");
      CHECK((*again)->image.id == ImageId{2});
    }
  }
}

TEST_CASE("orders that metadata do not answer are answered, and go on until their outcome is known") {
  Group group(1);
  group.all[0].door->away = true;
  const auto answer = group.create("demo");
  REQUIRE(answer);
  CHECK(answer->error().status == 503);
  CHECK_THAT(answer->error().text, Contains("not known yet"));
}

TEST_CASE("an image counts as deleted only when a listing proves that it existed and is gone") {
  Group group(1);
  Volumes& volumes = *group.all[0].volumes;
  const ImageId first = (*group.create("first"))->image.id;
  const ImageId second = (*group.create("second"))->image.id;
  group.runtime.run_for(1s);
  CHECK_FALSE(volumes.was_deleted(first));
  CHECK_FALSE(volumes.was_deleted(second));
  CHECK_FALSE(volumes.was_deleted(ImageId{3}));
  REQUIRE(group.remove("first")->has_value());
  group.runtime.run_for(1s);
  CHECK(volumes.was_deleted(first));
  CHECK_FALSE(volumes.was_deleted(second));
  // Every listing is from the past now: nothing may be concluded from it.
  group.all[0].door->fault = [](int call) { return call % 2 == 0 ? Fault::stale : Fault::none; };
  group.all[0].door->calls = 0;
  const ImageId third{3};
  group.meta.put("/i/next", "4");
  group.runtime.run_for(kRelist * 2);
  CHECK_FALSE(volumes.was_deleted(third));
}

TEST_CASE("a record that can not be read proves nothing about any image") {
  Group group(1);
  group.meta.put("/v/strange", "{}");
  REQUIRE(group.create("demo")->has_value());
  REQUIRE(group.remove("demo")->has_value());
  group.runtime.run_for(1s);
  CHECK_FALSE(group.all[0].volumes->was_deleted(ImageId{1}));
}

namespace {

std::optional<VolumeError> none_or(const std::optional<std::string>& wrong) {
  return wrong ? std::optional(VolumeError{400, *wrong}) : std::nullopt;
}
Volumes::ChangeAccess allowing(std::string pattern) {
  return [=](VolumeAccess& access) { return none_or(allow(access, pattern)); };
}
Volumes::ChangeAccess denying(std::string pattern) {
  return [=](VolumeAccess& access) { return none_or(deny(access, pattern)); };
}

}  // namespace

TEST_CASE("a change of access is in the record and in every member's picture") {
  Group group;
  REQUIRE(group.create("demo")->has_value());
  const auto changed = group.change("demo", allowing("iqn.x:a*"), 1);
  REQUIRE(changed);
  REQUIRE(changed->has_value());
  CHECK((*changed)->access.allow == std::vector<std::string>{"iqn.x:a*"});
  CHECK(group.all[1].volumes->find_target("iqn.2026-11.io.shoal:demo")->access == (*changed)->access);
  group.runtime.run_for(1s);
  for (const auto& member : group.all) {
    CHECK(member.volumes->find_target("iqn.2026-11.io.shoal:demo")->access == (*changed)->access);
  }
  CHECK(decode_volume(*group.meta.value("/v/demo")) == **changed);
}

TEST_CASE("a volume is made with its CHAP, so there is no moment at which it is open") {
  Group group(1);
  VolumeRequest request;
  request.name = "demo";
  request.size_bytes = 4096;
  request.chap = ChapSettings{{"host", "/secret"}, std::nullopt};
  std::optional<Group::Answer> made;
  group.all[0].volumes->create(request, [&](auto result) { made = std::move(result); });
  group.runtime.run_until([&] { return made.has_value(); });
  REQUIRE(made->has_value());
  CHECK(decode_volume(*group.meta.value("/v/demo"))->access.chap == request.chap);
}

TEST_CASE("changes of several members at once are all in the record") {
  Group group;
  REQUIRE(group.create("demo")->has_value());
  group.runtime.run_for(1s);
  int done = 0;
  for (std::size_t at = 0; at < 3; ++at) {
    group.all[at].volumes->change_access("demo", denying("iqn.x:" + std::to_string(at)), [&](auto result) {
      CHECK(result.has_value());
      ++done;
    });
  }
  group.runtime.run_until([&] { return done == 3; });
  auto deny = decode_volume(*group.meta.value("/v/demo"))->access.deny;
  std::sort(deny.begin(), deny.end());
  CHECK(deny == std::vector<std::string>{"iqn.x:0", "iqn.x:1", "iqn.x:2"});
}

TEST_CASE("a change that is not possible says why and changes nothing; a volume that is not there is not found") {
  Group group(1);
  REQUIRE(group.create("demo")->has_value());
  const std::string before = *group.meta.value("/v/demo");
  const auto refused = group.change("demo", allowing("a b"));
  CHECK(refused->error().status == 400);
  CHECK_THAT(refused->error().text, Contains("no initiator name"));
  CHECK(group.meta.value("/v/demo") == before);
  CHECK(group.change("nothing", allowing("a"))->error().status == 404);
  CHECK(group.change("No Name", allowing("a"))->error().status == 404);
}

TEST_CASE("no loss of any single call makes a change half, and a reading from the past does not answer it") {
  for (const Fault fault : {Fault::request_lost, Fault::answer_lost, Fault::late, Fault::stale}) {
    for (int lost = 1; lost <= 6; ++lost) {
      CAPTURE(static_cast<int>(fault), lost);
      Group group(1);
      REQUIRE(group.create("demo")->has_value());
      REQUIRE(group.change("demo", denying("iqn.x:a"))->has_value());
      REQUIRE(group.change("demo", allowing("iqn.x:b"))->has_value());
      MetaDoor& door = *group.all[0].door;
      const int before = door.calls;
      door.fault = [=](int call) { return call == before + lost ? fault : Fault::none; };
      const auto changed = group.change("demo", allowing("iqn.x:a"));
      REQUIRE(changed);
      REQUIRE(changed->has_value());
      group.runtime.run_for(10s);
      const auto access = decode_volume(*group.meta.value("/v/demo"))->access;
      CHECK(access.allow == std::vector<std::string>{"iqn.x:b", "iqn.x:a"});
      CHECK(access.deny.empty());
    }
  }
}

TEST_CASE(
    "a volume is deleted while its access changes: it is gone, or it is there and changed, and never comes back") {
  for (int lead = 0; lead < 6; ++lead) {
    CAPTURE(lead);
    Group group(2);
    REQUIRE(group.create("demo")->has_value());
    group.runtime.run_for(1s);
    std::optional<Group::Answer> changed, removed;
    const auto change = [&] {
      group.all[1].volumes->change_access("demo", denying("a"), [&](auto result) { changed = std::move(result); });
    };
    if (lead == 0) change();
    group.all[0].volumes->remove("demo", [&](auto result) { removed = std::move(result); });
    for (int call = 1; call < lead; ++call) {
      const int before = group.all[0].door->calls;
      group.runtime.run_until([&] { return group.all[0].door->calls > before; }, 10ms);
    }
    if (lead > 0) change();
    group.runtime.run_until([&] { return changed && removed; });
    REQUIRE(removed);
    REQUIRE(changed);
    CHECK(removed->has_value());
    CHECK(group.meta.keys("/v/").empty());
    CHECK((changed->has_value() || changed->error().status == 404));
  }
}

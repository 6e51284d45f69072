#include "cluster/volumes.h"

#include <catch2/catch.hpp>

#include "cluster/group_sessions.h"
#include "cluster/volume_rules.h"
#include "test/unit/cluster/session_group.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using Catch::Contains;
using routing::PlacementRule;
using routing::StoreKind;

namespace {

StoreId store(std::uint8_t n) {
  StoreId id;
  id.bytes[15] = n;
  return id;
}

// Members 1 to 3 with a file store and a memory store each.
struct Group {
  struct Member {
    std::unique_ptr<MetaDoor> door;
    std::unique_ptr<Members> members;
    std::unique_ptr<Volumes> volumes;
    std::unique_ptr<GroupSessions> sessions;
  };

  explicit Group(std::uint8_t count = 3) {
    for (std::uint8_t id = 1; id <= count; ++id) {
      Member& member = all.emplace_back();
      MemberRecord self;
      self.id = MemberId{id};
      self.stores = {{store(id), StoreKind::file}, {store(static_cast<std::uint8_t>(100 + id)), StoreKind::memory}};
      member.door = std::make_unique<MetaDoor>(runtime, meta);
      member.members = std::make_unique<Members>(runtime, *member.door, self, Log());
      member.volumes = std::make_unique<Volumes>(runtime, *member.door, *member.members, "iqn.2026-11.io.shoal", Log());
      const auto fence = [this](const auto&, Duration, Completion<> done) { runtime.post(std::move(done)); };
      member.sessions = std::make_unique<GroupSessions>(runtime, *member.door, *member.members, nullptr, fence, Log());
      member.volumes->on_busy([sessions = member.sessions.get()](ImageId image, Completion<ImageUse> done) {
        sessions->release_idle(image, std::move(done));
      });
      member.members->join([&member] {
        member.volumes->load([] {});
        member.sessions->load([] {});
      });
      runtime.run_for(1s);
    }
    runtime.run_for(1s);
  }

  using Answer = Result<VolumeRecord, VolumeError>;
  std::optional<Answer> create(const std::string& name, std::uint64_t bytes = 1 << 30, std::size_t at = 0,
                               std::optional<StoreKind> kind = {}) {
    VolumeRequest request;
    request.name = name;
    request.size_bytes = bytes;
    request.kind = kind;
    std::optional<Answer> answer;
    all[at].volumes->create(request, [&](Answer result) { answer = std::move(result); });
    runtime.run_until([&] { return answer.has_value(); });
    return answer;
  }
  std::optional<Answer> remove(const std::string& name, std::size_t at = 0) {
    std::optional<Answer> answer;
    all[at].volumes->remove(name, [&](Answer result) { answer = std::move(result); });
    runtime.run_until([&] { return answer.has_value(); });
    return answer;
  }
  FakeSession& login(ImageId image, std::size_t at = 0, std::uint64_t isid = 1) {
    FakeSession& session = *logins.emplace_back(std::make_unique<FakeSession>());
    all[at].sessions->claim({image, 1, "iqn.x:host", isid}, session, [&session](Result<NexusClaim, ClaimError> result) {
      if (result) session.claim = *result;
      if (!result) session.refused = result.error();
    });
    runtime.run_until([&] { return session.answered(); }, 20s);
    return session;
  }

  VirtualRuntime runtime;
  FakeMeta meta;
  std::deque<Member> all;
  std::vector<std::unique_ptr<FakeSession>> logins;
};

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
                      {ImageId{3}, 1 << 30, 65536, StoreKind::memory, {PlacementRule::contiguous, {store(1)}}},
                      {std::uint64_t{3} << 60 | 5, "abc"},
                      17};
  CHECK(decode_volume(encode(record)) == record);
  record.image.page_bytes = 5;
  CHECK_FALSE(decode_volume(encode(record)));
  for (const char* text : {"", "{", "[]", "{}", R"({"format":1})"}) CHECK_FALSE(decode_volume(text));
}

TEST_CASE("a volume lies on one store of the kind of every member, in order") {
  Group group;
  const auto made = group.create("demo");
  REQUIRE(made);
  REQUIRE(made->has_value());
  CHECK((*made)->iqn == "iqn.2026-11.io.shoal:demo");
  CHECK((*made)->image.placement.stores == std::vector{store(1), store(2), store(3)});
  CHECK((*made)->image.kind == StoreKind::file);
  const auto memory = group.create("fast", 1 << 20, 1, StoreKind::memory);
  CHECK((*memory)->image.placement.stores == std::vector{store(101), store(102), store(103)});
  CHECK((*memory)->image.id > (*made)->image.id);
  group.runtime.run_for(1s);
  for (const auto& member : group.all)
    CHECK(member.volumes->find_target("iqn.2026-11.io.shoal:fast")->image == (*memory)->image);
}

TEST_CASE("without a file store everywhere a volume is in memory, and a file volume is refused by name") {
  std::map<MemberId, MemberRecord> members;
  members[MemberId{1}].stores = {{store(1), StoreKind::memory}, {store(2), StoreKind::file}};
  members[MemberId{2}].stores = {{store(3), StoreKind::memory}};
  VolumeRequest request{"demo", 1 << 20, 65536, PlacementRule::striped, {}};
  CHECK(place_image(request, ImageId{1}, members)->placement.stores == std::vector{store(1), store(3)});
  request.kind = StoreKind::file;
  CHECK_THAT(place_image(request, ImageId{1}, members).error(), Contains("member 2 has no file store"));
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
  group.all[0].sessions->release(session.claim->id, session.claim->generation);
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
      group.all[0].sessions->release(session.claim->id, session.claim->generation);
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

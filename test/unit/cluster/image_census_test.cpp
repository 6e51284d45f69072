#include "cluster/image_census.h"

#include <catch2/catch.hpp>
#include <map>
#include <optional>
#include <set>

#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using routing::PeerError;

namespace {

// Members 1 (this one) to 4; what each answers, or not.
struct Rig final : routing::PeerChannel {
  explicit Rig(std::set<std::uint32_t> drained = {}) {
    for (std::uint32_t id = 1; id <= 4; ++id) {
      MemberRecord record;
      record.id = MemberId{id};
      record.draining = id == draining;
      record.drain_ordered = drained.contains(id);
      meta.put("/c/srv/" + std::to_string(id), encode(record));
    }
    MemberRecord self;
    self.id = MemberId{1};
    members.emplace(runtime, door, self, Log());
    members->join([] {});
    runtime.run_for(1s);
  }
  Census take() {
    const ImageCensus census(*members, this, [] { return ImageId{5}; });
    std::optional<Census> taken;
    census.take([&](Census answer) { taken = std::move(answer); });
    runtime.run_for(5s);
    return taken.value();
  }
  void request(MemberId to, routing::ControlKind kind, std::string, Duration,
               Completion<Result<std::string, PeerError>> done) override {
    CHECK(kind == routing::ControlKind::highest_image);
    runtime.post([answer = answers.at(to), done = std::move(done)]() mutable { done(answer); });
  }
  void serve(routing::ControlKind, Handler own) override { handler = std::move(own); }
  bool connected(MemberId member) const override { return answers.contains(member); }

  std::map<MemberId, Result<std::string, PeerError>> answers;
  Handler handler;
  static constexpr std::uint32_t draining = 4;
  VirtualRuntime runtime;
  FakeMeta meta;
  MetaDoor door{runtime, meta};
  std::optional<Members> members;
};

}  // namespace

TEST_CASE("who is not linked, or stops, has no part, and the highest image of all is told") {
  Rig rig;
  rig.answers = {{MemberId{2}, std::string("9")}, {MemberId{4}, std::string("70")}};
  const Census census = rig.take();
  CHECK(census.in_reach == std::set{MemberId{1}, MemberId{2}});
  CHECK(census.highest == ImageId{9});
}

TEST_CASE("who is drained has no part either, though it may be asked to make the volume") {
  Rig rig({1, 2});
  rig.answers = {{MemberId{2}, std::string("9")}, {MemberId{3}, std::string("2")}};
  const Census census = rig.take();
  CHECK(census.in_reach == std::set{MemberId{3}});
  CHECK(census.highest == ImageId{5});
}

TEST_CASE("an answer that does not come, or is none, leaves its member out") {
  for (const auto& answer :
       std::vector<Result<std::string, PeerError>>{PeerError::timed_out, PeerError::refused, std::string(""),
                                                   std::string("x"), std::string("18446744073709551615")}) {
    Rig rig;
    rig.answers = {{MemberId{2}, answer}, {MemberId{3}, std::string("2")}};
    const Census census = rig.take();
    CHECK(census.in_reach == std::set{MemberId{1}, MemberId{3}});
    CHECK(census.highest == ImageId{5});
  }
}

TEST_CASE("a member answers with the highest that it knows") {
  Rig rig;
  rig.take();
  std::string reply;
  rig.handler(MemberId{2}, "", [&](std::string text) { reply = std::move(text); });
  CHECK(reply == "5");
}

#include "cluster/group_identity.h"

#include <catch2/catch.hpp>

#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using Catch::Contains;

namespace {

struct Starter {
  Starter(VirtualRuntime& runtime, FakeMeta& meta, const std::string& group = "shoal")
      : door(runtime, meta), finder(runtime, door, group, Log()) {}
  void find() {
    finder.find([this](Result<GroupId, std::string> result) {
      ++answers;
      if (result) found = *result;
      if (!result) error = result.error();
    });
  }
  MetaDoor door;
  GroupFinder finder;
  int answers = 0;
  std::optional<GroupId> found;
  std::string error;
};

}  // namespace

TEST_CASE("the first member founds the group, and the others find the same one") {
  VirtualRuntime runtime;
  FakeMeta meta;
  Starter first(runtime, meta), second(runtime, meta);
  first.find();
  second.find();
  runtime.run_for(1s);
  REQUIRE(first.found);
  CHECK_FALSE(first.found->is_zero());
  CHECK(first.found == second.found);
  CHECK(decode_group(*meta.value("/c/meta")) == GroupIdentity{"shoal", *first.found});
}

TEST_CASE("metadata that begin anew are another group") {
  VirtualRuntime runtime;
  FakeMeta before, after;
  Starter first(runtime, before), second(runtime, after);
  first.find();
  second.find();
  runtime.run_for(1s);
  REQUIRE((first.found && second.found));
  CHECK(first.found != second.found);
}

TEST_CASE("whatever becomes of a call, a group is founded once") {
  for (const Fault fault : {Fault::request_lost, Fault::answer_lost, Fault::late, Fault::stale}) {
    for (int n = 1; n <= 4; ++n) {
      VirtualRuntime runtime;
      FakeMeta meta;
      Starter first(runtime, meta), second(runtime, meta);
      first.door.fault = [=](int call) { return call == n ? fault : Fault::none; };
      first.find();
      runtime.run_for(20s);
      second.find();
      runtime.run_for(20s);
      CAPTURE(static_cast<int>(fault), n);
      REQUIRE(first.found);
      CHECK(first.found == second.found);
      CHECK(first.answers == 1);
    }
  }
}

TEST_CASE("metadata of another group, or of another version, are refused in one line") {
  VirtualRuntime runtime;
  FakeMeta meta;
  SECTION("another group's") {
    meta.put("/c/meta", encode(GroupIdentity{"other", *GroupId::parse("c0ffee001d2e4f3a8b4c5d6e7f8091a2")}));
    Starter ours(runtime, meta);
    ours.find();
    runtime.run_for(1s);
    CHECK_THAT(ours.error, Contains("of group \"other\"") && Contains("key \"metadata\""));
  }
  SECTION("another version's") {
    for (const char* text :
         {"", "{", "[]", "{}", "null", R"({"format":2,"name":"shoal","id":"c0ffee001d2e4f3a8b4c5d6e7f8091a2"})",
          R"({"format":1,"name":"shoal","id":"00000000000000000000000000000000"})", R"({"format":1,"name":"shoal"})",
          R"({"format":1,"name":7,"id":"c0ffee001d2e4f3a8b4c5d6e7f8091a2"})"}) {
      meta.put("/c/meta", text);
      Starter ours(runtime, meta);
      ours.find();
      runtime.run_for(1s);
      CHECK_THAT(ours.error, Contains("version"));
    }
  }
}

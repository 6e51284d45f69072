#include "cluster/group_meta.h"

#include <catch2/catch.hpp>

#include "cluster/group_identity.h"
#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;
using Catch::Contains;

namespace {

std::string identity(std::uint8_t number) {
  GroupIdentity identity{"dev", {}};
  identity.id.bytes[0] = number;
  return encode(identity);
}

// A group whose member has seen that image 2 is the next one, then that it is 3.
struct Rig {
  Rig() {
    store.put(kGroupKey, identity(1));
    store.put("/i/next", "2");
    meta.guard(decode_group(identity(1))->id);
    backup = store.revision();
    store.put("/i/next", "3");
    list();
  }
  Listing list() {
    std::optional<Listing> answer;
    meta.list("/", "", 100, [&](Listing listing) { answer = std::move(listing); });
    runtime.settle();
    return answer.value();
  }
  CasOutcome write() {
    std::optional<CasResult> answer;
    meta.cas({}, {{"/x", "1"}}, [&](CasResult result) { answer = result; });
    runtime.settle();
    return answer->outcome;
  }

  VirtualRuntime runtime;
  FakeMeta store;
  MetaDoor door{runtime, store};
  GroupMeta meta{runtime, door, Log()};
  std::uint64_t backup = 0;
};

}  // namespace

TEST_CASE("the group's metadata pass") {
  Rig rig;
  CHECK(rig.list().entries.size() == 2);
  CHECK(rig.write() == CasOutcome::done);
  CHECK(rig.meta.reachable());
  CHECK(rig.meta.trouble().empty());
}

TEST_CASE("why the store gives no answer is told by the store") {
  Rig rig;
  rig.door.why = "disk full";
  CHECK(rig.meta.problem() == "disk full");
}

TEST_CASE("metadata that are wiped are as if out of reach, until those of the group are back") {
  Rig rig;
  rig.store.put_back(0);
  CHECK_FALSE(rig.list().ok);
  CHECK_THAT(rig.meta.trouble(), Contains("records are gone"));
  CHECK_FALSE(rig.meta.reachable());
  CHECK(rig.write() == CasOutcome::unknown);
  CHECK(rig.store.keys("/").empty());
  rig.store.put(kGroupKey, identity(1));
  rig.store.put("/i/next", "3");
  rig.runtime.run_for(2 * kLookAgain);
  CHECK(rig.meta.trouble().empty());
  CHECK(rig.list().ok);
}

TEST_CASE("metadata that another group has been founded in are not used") {
  Rig rig;
  rig.store.put(kGroupKey, identity(2));
  rig.runtime.settle();
  CHECK_THAT(rig.meta.trouble(), Contains("another group"));
  CHECK_FALSE(rig.list().ok);
}

TEST_CASE("metadata that were put back to before an image was made are not used") {
  Rig rig;
  rig.store.put_back(rig.backup);
  CHECK_FALSE(rig.list().ok);
  CHECK_THAT(rig.meta.trouble(), Contains("would give out image 2") && Contains("images up to 2"));
}

TEST_CASE("a list from the past is no trouble, nor is a store that counts from lower on") {
  Rig rig;
  rig.door.fault = [n = rig.door.calls](int call) { return call == n + 1 ? Fault::stale : Fault::none; };
  CHECK(rig.list().ok);
  CHECK(rig.meta.trouble().empty());
  rig.store.put_back(0);
  rig.store.cas({}, {{kGroupKey, identity(1)}, {"/i/next", "3"}});
  CHECK(rig.list().entries.size() == 2);
  CHECK(rig.meta.trouble().empty());
}

TEST_CASE("what is read of the identity and the count may be from the past: it is believed when it is proven") {
  Rig rig;
  rig.door.fault = [](int) { return Fault::stale; };
  CHECK_FALSE(rig.list().ok);
  CHECK(rig.meta.trouble().empty());
  rig.door.fault = [](int) { return Fault::none; };
  rig.runtime.run_for(2 * kLookAgain);
  CHECK(rig.list().ok);
}

TEST_CASE("nothing is decided while the store does not answer") {
  Rig rig;
  rig.store.put_back(0);
  rig.door.fault = [n = rig.door.calls](int call) { return call > n + 1 ? Fault::request_lost : Fault::none; };
  CHECK_FALSE(rig.list().ok);
  CHECK(rig.meta.trouble().empty());
  rig.door.fault = [](int) { return Fault::none; };
  rig.runtime.run_for(2 * kLookAgain);
  CHECK_FALSE(rig.meta.trouble().empty());
}

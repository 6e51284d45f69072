#include "target/server/shared_names.h"

#include <catch2/catch.hpp>

namespace shoal::server {
namespace {

constexpr Time kStart{1h};
const NexusName kName{ImageId{1}, 1, "iqn.2026-01.example:clone", 0x800000000001};

// Two hosts that end each other's sessions every second, the other one after each login that was let in.
struct TwoHosts {
  SharedNames names;
  Time now = kStart;
  std::string holder = "10.0.0.1", other = "10.0.0.2";

  SharedNames::Verdict log_in() {
    now += 1s;
    const auto verdict = names.on_takeover(kName, holder, other, now);
    if (!verdict.refuse) std::swap(holder, other);
    return verdict;
  }
};

TEST_CASE("two hosts of one name soon stop to end each other's sessions: one stays") {
  TwoHosts hosts;
  for (unsigned i = 1; i < SharedNames::kTakeovers; ++i) CHECK_FALSE(hosts.log_in().refuse);
  const std::string stays = hosts.holder;
  for (int i = 0; i < 1000; ++i) CHECK(hosts.log_in().refuse);
  CHECK(hosts.holder == stays);
}

TEST_CASE("it is told once in a while, not each time") {
  TwoHosts hosts;
  int warnings = 0;
  for (int i = 0; i < 180; ++i) warnings += hosts.log_in().warn;
  CHECK(warnings == 3);
}

TEST_CASE("a host that comes back from its own address is never refused") {
  SharedNames names;
  for (int i = 0; i < 100; ++i) CHECK_FALSE(names.on_takeover(kName, "10.0.0.1", "10.0.0.1", kStart).refuse);
}

TEST_CASE("a host that changes its address now and then is not refused") {
  SharedNames names;
  for (int i = 0; i < 100; ++i) {
    const Time now = kStart + i * SharedNames::kWindow;
    CHECK_FALSE(names.on_takeover(kName, i % 2 ? "10.0.0.1" : "10.0.0.2", i % 2 ? "10.0.0.2" : "10.0.0.1", now).refuse);
  }
}

TEST_CASE("when the other host is quiet for long enough, all is forgotten") {
  TwoHosts hosts;
  for (int i = 0; i < 10; ++i) hosts.log_in();
  hosts.now += SharedNames::kWindow;
  CHECK_FALSE(hosts.log_in().refuse);
}

TEST_CASE("names are remembered up to a limit") {
  SharedNames names;
  for (std::uint64_t isid = 0; isid < 5000; ++isid) {
    NexusName name = kName;
    name.isid = isid;
    names.on_takeover(name, "10.0.0.1", "10.0.0.2", kStart);
  }
  CHECK(names.size() <= SharedNames::kMaxNames);
}

}  // namespace
}  // namespace shoal::server

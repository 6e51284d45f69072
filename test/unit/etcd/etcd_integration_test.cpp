#include <catch2/catch.hpp>

#include "test/unit/etcd/etcd_process.h"
#include "test/unit/etcd/store_rig.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::cluster::test;

namespace {

struct EtcdRig : StoreRig {
  explicit EtcdRig(EtcdProcess& etcd) : StoreRig({etcd.at()}) { REQUIRE(serves()); }

  // Starting takes a second or so; a list that fails says so at once.
  bool serves() {
    const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (std::chrono::steady_clock::now() < end) {
      if (list("/").ok) return true;
      run_until([] { return false; }, std::chrono::milliseconds(50));
    }
    return false;
  }
  // As a caller does it: the same call again until its outcome is known.
  CasResult cas_until_known(const std::vector<Expect>& expect, const std::vector<Write>& writes) {
    CasResult result;
    for (int i = 0; i < 20 && result.outcome == CasOutcome::unknown; ++i) result = cas(expect, writes);
    return result;
  }
};

}  // namespace

TEST_CASE("etcd: a compare-and-swap is done or a conflict, whole, and its revision is the next expectation") {
  if (!etcd_is_installed()) return;
  EtcdProcess etcd;
  EtcdRig rig(etcd);
  const CasResult made = rig.cas({{"/a", 0}, {"/b", 0}}, {{"/a", "1"}, {"/b", std::string("\0\xff", 2)}});
  REQUIRE(made.outcome == CasOutcome::done);
  CHECK(rig.cas({{"/a", 0}}, {{"/a", "2"}}).outcome == CasOutcome::conflict);
  CHECK(rig.cas({{"/a", made.revision}, {"/b", made.revision + 1}}, {{"/a", "2"}}).outcome == CasOutcome::conflict);
  const Listing listing = rig.list("/");
  REQUIRE(listing.entries.size() == 2);
  CHECK(listing.entries[0].value == "1");
  CHECK(listing.entries[0].revision == made.revision);
  CHECK(listing.entries[1].value == std::string("\0\xff", 2));
  CHECK(rig.cas({{"/a", made.revision}}, {{"/a", std::nullopt}}).outcome == CasOutcome::done);
  CHECK(rig.keys("/") == std::vector<std::string>{"/b"});
  CHECK(rig.cas({{"/a", 0}}, {{"/a", "again"}}).outcome == CasOutcome::done);
  CHECK(rig.logged("etcd_old") + rig.logged("etcd_refused") <= 1);
}

TEST_CASE("etcd: the most keys that a compare-and-swap may have, and a value of the greatest size") {
  if (!etcd_is_installed()) return;
  EtcdProcess etcd;
  EtcdRig rig(etcd);
  std::vector<Expect> expect;
  std::vector<Write> writes;
  for (std::size_t i = 0; i < kMaxCasKeys; ++i) {
    expect.push_back({"/k/" + std::to_string(i), 0});
    writes.push_back({"/k/" + std::to_string(i), "v"});
  }
  CHECK(rig.cas(expect, writes).outcome == CasOutcome::done);
  CHECK(rig.cas(expect, writes).outcome == CasOutcome::conflict);
  CHECK(rig.cas({}, {{"/large", std::string(kMaxValueBytes, 'x')}}).outcome == CasOutcome::done);
  CHECK(rig.list("/large").entries.at(0).value.size() == kMaxValueBytes);
}

TEST_CASE("etcd: a list comes in pages, of one prefix only") {
  if (!etcd_is_installed()) return;
  EtcdProcess etcd;
  EtcdRig rig(etcd);
  std::vector<Write> writes;
  for (int i = 0; i < 25; ++i) writes.push_back({"/v/" + std::to_string(100 + i), std::to_string(i)});
  writes.push_back({"/w", "other"});
  REQUIRE(rig.cas({}, writes).outcome == CasOutcome::done);
  std::vector<std::string> keys;
  std::string after;
  for (bool more = true; more;) {
    const Listing page = rig.list("/v/", after, 10);
    REQUIRE(page.ok);
    REQUIRE(page.entries.size() <= 10);
    for (const Entry& entry : page.entries) keys.push_back(entry.key);
    after = keys.back();
    more = page.more;
  }
  CHECK(keys.size() == 25);
  CHECK(std::is_sorted(keys.begin(), keys.end()));
  CHECK(keys.back() == "/v/124");
  CHECK(rig.list("/none").entries.empty());
}

TEST_CASE("etcd: a watch tells changes of its prefix, and a restart tells that some may be lost") {
  if (!etcd_is_installed()) return;
  EtcdProcess etcd;
  EtcdRig rig(etcd);
  int lost = 0;
  std::vector<Change> changes;
  const auto watch = rig.store->watch(
      "/v/", [&](std::optional<Change> change) { change ? changes.push_back(*change) : void(++lost); });
  REQUIRE(rig.run_until([&] { return lost == 1; }));
  rig.cas({}, {{"/v/a", "1"}, {"/w", "other"}});
  rig.cas({}, {{"/v/a", std::nullopt}});
  REQUIRE(rig.run_until([&] { return changes.size() == 2; }));
  CHECK(changes[0].key == "/v/a");
  CHECK(changes[0].value == "1");
  CHECK(changes[1].value == std::nullopt);
  CHECK(changes[0].revision < changes[1].revision);

  etcd.kill();
  etcd.start();
  REQUIRE(rig.run_until([&] { return lost == 2; }));
  REQUIRE(rig.cas_until_known({}, {{"/v/b", "2"}}).outcome == CasOutcome::done);
  CHECK(rig.run_until([&] { return changes.back().key == "/v/b"; }));
}

TEST_CASE("etcd: an announced key stays, goes when it is ended, and expires with a process that is gone") {
  if (!etcd_is_installed()) return;
  EtcdProcess etcd;
  EtcdRig rig(etcd);
  const std::vector<std::string> present{"/live/1"};
  const auto until_keys = [&](const std::vector<std::string>& wanted) {
    return rig.run_until([&] { return rig.keys("/live/") == wanted; });
  };
  auto announcement = rig.store->announce("/live/1", "me", 1s);
  REQUIRE(until_keys(present));
  rig.run_until([] { return false; }, std::chrono::seconds(4));
  CHECK(rig.keys("/live/") == present);  // kept beyond its time
  announcement.reset();
  CHECK(until_keys({}));

  {
    EtcdRig other(etcd);
    const auto lost = other.store->announce("/live/1", "other", 1s);
    REQUIRE(other.run_until([&] { return other.keys("/live/") == present; }));
    other.store.reset();  // the process ends without a word
  }
  CHECK(rig.keys("/live/") == present);
  CHECK(until_keys({}));
}

TEST_CASE("etcd: out of reach, outcomes are unknown within the timeout; afterwards all goes on") {
  if (!etcd_is_installed()) return;
  EtcdProcess etcd;
  EtcdRig rig(etcd);
  CHECK(rig.store->reachable());

  etcd.stand_still();
  const auto begin = std::chrono::steady_clock::now();
  CHECK(rig.cas({{"/a", 0}}, {{"/a", "1"}}).outcome == CasOutcome::unknown);
  CHECK(std::chrono::steady_clock::now() - begin < kEtcdCallTimeout + 1s);
  CHECK_FALSE(rig.store->reachable());
  etcd.go_on();
  REQUIRE(rig.serves());
  // It was applied after all: repeated it is a conflict, and the caller finds its own value.
  const CasResult repeated = rig.cas_until_known({{"/a", 0}}, {{"/a", "1"}});
  CHECK(repeated.outcome != CasOutcome::unknown);
  CHECK(rig.list("/a").entries.at(0).value == "1");

  etcd.kill();
  CHECK(rig.cas({}, {{"/b", "1"}}).outcome == CasOutcome::unknown);
  CHECK_FALSE(rig.list("/").ok);
  CHECK_FALSE(rig.store->reachable());
  etcd.start();
  CHECK(rig.serves());
  CHECK(rig.cas_until_known({}, {{"/b", "1"}}).outcome == CasOutcome::done);
  CHECK(rig.store->reachable());
}

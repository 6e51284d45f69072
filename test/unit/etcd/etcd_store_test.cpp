#include <boost/asio/steady_timer.hpp>
#include <catch2/catch.hpp>

#include "cluster/etcd/http_client.h"
#include "test/unit/etcd/fake_gateway.h"
#include "test/unit/etcd/store_rig.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::cluster::test;

namespace {

const std::string kDone = R"({"header":{"revision":"7"},"succeeded":true})";
const std::string kCreated = R"({"result":{"header":{"revision":"7"},"created":true}})"
                             "\n";

std::optional<std::string> always_done(const std::string&, const std::string&) {
  return FakeGateway::answer(200, kDone);
}
std::optional<std::string> silence(const std::string&, const std::string&) { return std::nullopt; }

struct FakeRig : StoreRig {
  explicit FakeRig(FakeGateway::Script script, std::string version = "3.5.28") : StoreRig({{"127.0.0.1", 1}}) {
    add(std::move(script), std::move(version));
  }
  void add(FakeGateway::Script script, std::string version = "3.5.28") {
    servers.push_back(std::make_unique<FakeGateway>(context, std::move(script), std::move(version)));
    std::vector<Endpoint> endpoints;
    for (const auto& server : servers) endpoints.push_back(server->at());
    store = std::make_unique<EtcdStore>(context, std::move(endpoints), "/test", log);
  }
  CasResult cas() { return StoreRig::cas({{"/a", 0}}, {{"/a", "1"}}); }

  std::vector<std::unique_ptr<FakeGateway>> servers;
};

}  // namespace

TEST_CASE("many calls at once share four connections, which are kept") {
  FakeRig rig(always_done);
  for (int round = 0; round < 2; ++round) {
    int open = 20;
    for (int i = 0; i < 20; ++i) {
      rig.store->cas({}, {{"/a", "1"}}, [&](CasResult result) {
        CHECK(result.outcome == CasOutcome::done);
        --open;
      });
    }
    REQUIRE(rig.run_until([&] { return open == 0; }));
  }
  CHECK(rig.servers[0]->paths.size() == 40);
  CHECK(rig.servers[0]->connections == kMaxHttpConnections);
  CHECK(rig.store->reachable());
}

TEST_CASE("a server that is out of order makes the outcome unknown, and the next one is asked after it") {
  FakeRig rig([](const std::string&, const std::string&) {
    return FakeGateway::answer(503, R"({"error":"etcdserver: no leader","code":14})");
  });
  rig.add(always_done);
  CHECK(rig.cas().outcome == CasOutcome::unknown);
  CHECK_FALSE(rig.store->reachable());
  CHECK(rig.logged("no leader") == 1);
  CHECK(rig.cas().outcome == CasOutcome::done);
  CHECK(rig.store->reachable());
  CHECK(rig.servers[0]->paths.size() == 1);
}

TEST_CASE("a server that is missing from the start is told once, and once more when it answers") {
  StoreRig rig({{"127.0.0.1", 1}});
  for (int call = 0; call < 2; ++call) CHECK(rig.cas({}, {{"/a", "1"}}).outcome == CasOutcome::unknown);
  CHECK(rig.logged("etcd_unreachable servers=127.0.0.1:1 ") == 1);
  const FakeGateway server(rig.context, always_done, "3.5.28");
  rig.store = std::make_unique<EtcdStore>(rig.context, std::vector<Endpoint>{server.at()}, "/test", rig.log);
  for (int call = 0; call < 2; ++call) CHECK(rig.cas({}, {{"/a", "1"}}).outcome == CasOutcome::done);
  CHECK(rig.logged("etcd_reachable") == 1);
}

TEST_CASE("a server that is silent makes the outcome unknown within the timeout; the call is not made a second time") {
  FakeRig rig(silence);
  rig.add(always_done);
  const auto begin = std::chrono::steady_clock::now();
  CHECK(rig.cas().outcome == CasOutcome::unknown);
  CHECK(std::chrono::steady_clock::now() - begin < kEtcdCallTimeout + 1s);
  CHECK(rig.servers[1]->paths.empty());
  CHECK(rig.cas().outcome == CasOutcome::done);
}

TEST_CASE("a request that etcd refuses stays unknown, and the log says why") {
  FakeRig rig([](const std::string&, const std::string&) {
    return FakeGateway::answer(400, R"({"error":"etcdserver: too many operations in txn request","code":3})");
  });
  CHECK(rig.cas().outcome == CasOutcome::unknown);
  CHECK(rig.store->reachable());
  CHECK(rig.logged("too many operations") == 1);
}

TEST_CASE("an answer that is too long or no JSON is no answer") {
  std::string body = "not JSON";
  FakeRig rig([&](const std::string&, const std::string&) { return FakeGateway::answer(200, body); });
  CHECK(rig.cas().outcome == CasOutcome::unknown);
  CHECK_FALSE(rig.list("/").ok);
  body = std::string(kMaxHttpAnswerBytes + 1, ' ');
  CHECK(rig.cas().outcome == CasOutcome::unknown);
  CHECK_FALSE(rig.store->reachable());
}

TEST_CASE("a version that loses data is never used, an old one with a word in the log, each said once") {
  FakeRig rig(always_done, "3.5.1");
  CHECK(rig.cas().outcome == CasOutcome::unknown);
  CHECK(rig.cas().outcome == CasOutcome::unknown);
  CHECK(rig.servers[0]->paths.empty());
  CHECK(rig.logged("etcd_refused") == 1);
  rig.add(always_done, "3.4.23");
  CHECK(rig.cas().outcome == CasOutcome::done);
  CHECK(rig.cas().outcome == CasOutcome::done);
  CHECK(rig.logged("etcd_old") == 1);
}

TEST_CASE("a watch that is cancelled, compacted or not understood begins again and says that events may be lost") {
  const std::string end = GENERATE(R"({"result":{"canceled":true,"compact_revision":"5"}})",
                                   R"({"error":{"message":"no leader"}})", "garbage", std::string(100, '{'));
  int opened = 0;
  FakeRig rig([&](const std::string&, const std::string&) {
    return FakeGateway::begin_of_lines(kCreated + (++opened == 1 ? end + "\n" : ""));
  });
  int lost = 0;
  const auto watch = rig.store->watch("/", [&](std::optional<Change> change) { lost += !change; });
  CHECK(rig.run_until([&] { return lost == 2; }));
  CHECK(opened == 2);
}

TEST_CASE("a watch passes changes on in order, but none of an older revision") {
  const auto event = [](const char* revision) {
    return std::string(R"({"result":{"events":[{"kv":{"key":"L3Rlc3QvYQ==","value":"MQ==","mod_revision":")") +
           revision + "\"}}]}}\n";
  };
  FakeRig rig([&](const std::string&, const std::string&) {
    return FakeGateway::begin_of_lines(kCreated + event("5")) + FakeGateway::chunk(event("4") + event("5")) +
           FakeGateway::chunk(event("6"));
  });
  std::vector<std::uint64_t> revisions;
  const auto watch = rig.store->watch("/", [&](std::optional<Change> change) {
    if (change) revisions.push_back(change->revision);
  });
  REQUIRE(rig.run_until([&] { return !revisions.empty() && revisions.back() == 6; }));
  CHECK(revisions == std::vector<std::uint64_t>{5, 5, 6});
}

TEST_CASE("a watch may be ended from what it calls, and calls nothing after that") {
  FakeRig rig([&](const std::string&, const std::string&) { return FakeGateway::begin_of_lines(kCreated + kCreated); });
  int called = 0;
  std::unique_ptr<Subscription> watch;
  watch = rig.store->watch("/", [&](std::optional<Change>) {
    ++called;
    watch.reset();
  });
  REQUIRE(rig.run_until([&] { return called == 1; }));
  CHECK_FALSE(rig.run_until([&] { return called == 2; }, std::chrono::milliseconds(200)));
}

TEST_CASE("a store that is destroyed calls nothing any more, and its subscriptions may end after it") {
  FakeRig rig(silence);
  bool called = false;
  const auto owned = std::make_shared<int>(1);
  auto watch = rig.store->watch("/", [&, owned](auto) { called = true; });
  auto announcement = rig.store->announce("/live", "1", 1s);
  for (int i = 0; i < 6; ++i) rig.store->cas({}, {{"/a", "1"}}, [&, owned](CasResult) { called = true; });
  REQUIRE(rig.run_until([&] { return rig.servers[0]->paths.size() >= 4; }));
  rig.store.reset();
  watch.reset();
  announcement.reset();
  CHECK_FALSE(rig.run_until([&] { return called; }, std::chrono::milliseconds(200)));
  CHECK(owned.use_count() == 1);
}

TEST_CASE("an announcement whose lease is lost is made again with a new one") {
  int grants = 0, beats = 0;
  FakeRig rig([&](const std::string& path, const std::string&) {
    if (path == "/v3/lease/grant") return FakeGateway::answer(200, R"({"ID":")" + std::to_string(++grants) + "\"}");
    if (path == "/v3/lease/keepalive") {
      return FakeGateway::answer(200, ++beats == 2 ? R"({"result":{"ID":"1"}})" : R"({"result":{"ID":"1","TTL":"1"}})");
    }
    return FakeGateway::answer(200, "{}");
  });
  auto announcement = rig.store->announce("/live", "1", 300ms);
  REQUIRE(rig.run_until([&] { return grants == 2 && beats >= 3; }));
  CHECK(rig.logged("etcd_lease_lost") == 1);
  announcement.reset();
  CHECK(rig.run_until([&] { return rig.servers[0]->paths.back() == "/v3/lease/revoke"; }));
}

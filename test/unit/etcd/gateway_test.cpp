#include "cluster/etcd/gateway.h"

#include <catch2/catch.hpp>
#include <nlohmann/json.hpp>

#include "cluster/etcd/base64.h"
#include "cluster/etcd/etcd_version.h"
#include "cluster/etcd/line_buffer.h"

using namespace shoal::cluster;
using namespace shoal::cluster::gateway;
using nlohmann::json;

namespace {

const std::string kHeader = R"("header":{"cluster_id":"1","member_id":"2","revision":"7","raft_term":"2"})";

std::string kv(const std::string& key, const std::string& value, int revision) {
  return json{{"key", to_base64(key)}, {"value", to_base64(value)}, {"mod_revision", std::to_string(revision)}}.dump();
}

template <class What>
What watch_line(const std::string& result) {
  const WatchLine line = parse_watch_line("/p", R"({"result":{)" + result + "}}");
  REQUIRE(std::holds_alternative<What>(line));
  return std::get<What>(line);
}

}  // namespace

TEST_CASE("base64 is the standard's, and only that") {
  CHECK(to_base64("") == "");
  CHECK(to_base64("f") == "Zg==");
  CHECK(to_base64("foobar") == "Zm9vYmFy");
  for (const std::string& bytes :
       {std::string(), std::string(1, '\0'), std::string("a\xff"), std::string(1000, '\x80')}) {
    CHECK(from_base64(to_base64(bytes)) == bytes);
  }
  for (const char* wrong : {"Z", "Zg=", "Zg", "Z===", "====", "Zg=a", " Zg=", "Zg==\n", "Z-8=", "Zg==Zg=="}) {
    INFO(wrong);
    CHECK_FALSE(from_base64(wrong));
  }
}

TEST_CASE("a compare-and-swap is one transaction with a comparison for each expectation") {
  const auto request = json::parse(txn_request("/p", {{"/a", 5}, {"/b", 0}}, {{"/a", "new"}, {"/b", std::nullopt}}));
  REQUIRE(request["compare"].size() == 2);
  CHECK(request["compare"][0] ==
        json{{"key", to_base64("/p/a")}, {"target", "MOD"}, {"result", "EQUAL"}, {"mod_revision", "5"}});
  CHECK(request["compare"][1]["mod_revision"] == "0");
  CHECK(request["success"][0] == json{{"request_put", {{"key", to_base64("/p/a")}, {"value", to_base64("new")}}}});
  CHECK(request["success"][1] == json{{"request_delete_range", {{"key", to_base64("/p/b")}}}});
}

TEST_CASE("a transaction is done with its revision, or a conflict; anything else is no answer") {
  CHECK(parse_txn("{" + kHeader + R"(,"succeeded":true,"responses":[]})")->outcome == CasOutcome::done);
  CHECK(parse_txn("{" + kHeader + R"(,"succeeded":true})")->revision == 7);
  CHECK(parse_txn("{" + kHeader + "}")->outcome == CasOutcome::conflict);
  for (const char* wrong : {"", "{", "[]", "null", "{}", R"({"succeeded":true})", R"({"header":{"revision":"x"}})",
                            R"({"header":{"revision":"99999999999999999999"}})", R"({"header":{"revision":-1}})"}) {
    INFO(wrong);
    CHECK_FALSE(parse_txn(wrong));
  }
}

TEST_CASE("a page of a list begins after the last key and ends with the prefix") {
  const auto first = json::parse(range_request("/p", "/v/", "", 10));
  CHECK(first["key"] == to_base64("/p/v/"));
  CHECK(first["range_end"] == to_base64("/p/v0"));
  CHECK(first["limit"] == "10");
  CHECK(first["serializable"] == false);
  const auto next = json::parse(range_request("/p", "/v/", "/v/a", 10));
  CHECK(next["key"] == to_base64(std::string("/p/v/a\0", 7)));
}

TEST_CASE("a list keeps order, takes the prefix off and says whether there is more") {
  const auto listing = parse_range("/p", "{" + kHeader + R"(,"kvs":[)" + kv("/p/a", "1", 3) + "," + kv("/p/b", "", 7) +
                                             R"(],"more":true,"count":"5"})");
  REQUIRE(listing);
  CHECK(listing->ok);
  CHECK(listing->more);
  CHECK(listing->revision == 7);
  REQUIRE(listing->entries.size() == 2);
  CHECK(listing->entries[0].key == "/a");
  CHECK(listing->entries[0].revision == 3);
  CHECK(listing->entries[1].value.empty());
  CHECK(parse_range("/p", "{" + kHeader + "}")->entries.empty());
  CHECK_FALSE(parse_range("/p", "{" + kHeader + R"(,"kvs":[)" + kv("/foreign", "1", 3) + "]}"));
  CHECK_FALSE(parse_range("/p", "{" + kHeader + R"(,"kvs":[{"key":"!"}]})"));
  CHECK_FALSE(parse_range("/p", "{" + kHeader + R"(,"kvs":7})"));
  CHECK_FALSE(parse_range("/p", R"({"error":"etcdserver: no leader","code":14})"));
}

TEST_CASE("the end of a prefix is the first key behind all that begin with it") {
  CHECK(end_of_prefix("/v/") == "/v0");
  CHECK(end_of_prefix("a\xff\xff") == "b");
  CHECK(end_of_prefix("\xff") == std::string(1, '\0'));
  CHECK(end_of_prefix("") == std::string(1, '\0'));
}

TEST_CASE("a lease that etcd does not know is answered without a TTL") {
  CHECK(json::parse(grant_request(10))["TTL"] == "10");
  CHECK(parse_grant("{" + kHeader + R"(,"ID":"7587848943094934283","TTL":"10"})") == 7587848943094934283u);
  CHECK_FALSE(parse_grant("{" + kHeader + "}"));
  CHECK(parse_keep_alive(R"({"result":{)" + kHeader + R"(,"ID":"7","TTL":"10"}})") == LeaseState::alive);
  CHECK(parse_keep_alive(R"({"result":{)" + kHeader + R"(,"ID":"7"}})") == LeaseState::gone);
  CHECK_FALSE(parse_keep_alive(R"({"error":{"message":"no leader"}})"));
  CHECK(json::parse(put_request("k", "v", 7)) == json{{"key", "aw=="}, {"value", "dg=="}, {"lease", "7"}});
}

TEST_CASE("lines of a watch: created, changes, a sign of life, and each kind of end") {
  watch_line<WatchCreated>(kHeader + R"(,"created":true)");
  CHECK(watch_line<WatchChanges>(kHeader).empty());
  const auto changes = watch_line<WatchChanges>(kHeader + R"(,"events":[{"kv":)" + kv("/p/a", "1", 3) +
                                                R"(},{"type":"DELETE","kv":)" + kv("/p/b", "", 4) + "}]");
  REQUIRE(changes.size() == 2);
  CHECK(changes[0].key == "/a");
  CHECK(changes[0].value == "1");
  CHECK(changes[1].value == std::nullopt);
  CHECK(changes[1].revision == 4);
  CHECK(watch_line<WatchEnded>(kHeader + R"(,"canceled":true,"compact_revision":"5")").reason == "cancelled: ");
  watch_line<WatchEnded>(kHeader + R"(,"compact_revision":"5")");
  watch_line<WatchEnded>(kHeader + R"(,"events":[{"kv":{"key":"!"}}])");
  const auto error = parse_watch_line("/p", R"({"error":{"grpc_code":14,"message":"etcdserver: no leader"}})");
  CHECK(std::get<WatchEnded>(error).reason == "etcdserver: no leader");
  for (const char* wrong : {"", "garbage", "[]", "{}", R"({"result":3})"}) {
    CHECK(std::holds_alternative<WatchEnded>(parse_watch_line("/p", wrong)));
  }
}

TEST_CASE("versions that lose data are told from those that are merely old") {
  CHECK(judge_etcd_version("3.4.23") == EtcdVersion::has_known_bugs);
  CHECK(judge_etcd_version("3.4.41") == EtcdVersion::has_known_bugs);
  CHECK(judge_etcd_version("3.4.42") == EtcdVersion::good);
  CHECK(judge_etcd_version("3.5.0-rc.1") == EtcdVersion::loses_data);
  CHECK(judge_etcd_version("3.5.2") == EtcdVersion::loses_data);
  CHECK(judge_etcd_version("3.5.3") == EtcdVersion::has_known_bugs);
  CHECK(judge_etcd_version("3.5.27") == EtcdVersion::has_known_bugs);
  CHECK(judge_etcd_version("3.5.28") == EtcdVersion::good);
  CHECK(judge_etcd_version("3.6.0") == EtcdVersion::good);
  for (const char* wrong : {"", "3", "3.5", "3.5.", "v3.5.0", "x.y.z", "3.99999999999.1"}) {
    CHECK(judge_etcd_version(wrong) == EtcdVersion::not_understood);
  }
  CHECK(parse_version(R"({"etcdserver":"3.4.23","etcdcluster":"3.4.0"})") == "3.4.23");
  CHECK(parse_version("<html>") == "");
}

TEST_CASE("lines are cut wherever the pieces end, and one that is too long is refused") {
  LineBuffer lines(5);
  CHECK(lines.append("ab"));
  CHECK_FALSE(lines.next_line());
  CHECK(lines.append("c\n\nde"));
  CHECK(lines.next_line() == "abc");
  CHECK(lines.next_line() == "");
  CHECK_FALSE(lines.next_line());
  CHECK(lines.append("fgh\n12345\n"));
  CHECK(lines.next_line() == "defgh");
  CHECK(lines.next_line() == "12345");
  CHECK(lines.append("12345"));
  CHECK_FALSE(lines.append("6"));
}

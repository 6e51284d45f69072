#include <catch2/catch.hpp>

#include "tools/node/node_control.h"
#include "tools/node/session_desk.h"

using namespace shoal;
using Catch::Contains;

namespace {
std::string refusal_of(const std::string& body) {
  const auto request = parse_volume_request(body);
  return request ? "" : request.error().text;
}
}  // namespace

TEST_CASE("a volume request has a name and a size, and defaults for the rest") {
  const auto request = parse_volume_request(R"({"name":"demo","size_bytes":1073741824})");
  REQUIRE(request.has_value());
  CHECK(request->page_bytes == routing::kDefaultPageBytes);
  CHECK(request->rule == routing::PlacementRule::striped);
  CHECK_FALSE(request->durability);
}

TEST_CASE("durability and placement are words") {
  const auto request = parse_volume_request(
      R"({"name":"a","size_bytes":1,"placement":"contiguous","durability":"writeback","page_bytes":65536})");
  REQUIRE(request.has_value());
  CHECK(request->rule == routing::PlacementRule::contiguous);
  CHECK(request->durability == routing::DurabilityPolicy::writeback);
  CHECK(request->page_bytes == 65536);
}

TEST_CASE("a wrong volume request is told what is wrong") {
  CHECK_THAT(refusal_of("nonsense"), Contains("JSON object"));
  CHECK_THAT(refusal_of("[]"), Contains("JSON object"));
  CHECK_THAT(refusal_of("{}"), Contains("\"name\""));
  CHECK_THAT(refusal_of(R"({"name":"a"})"), Contains("size_bytes"));
  CHECK_THAT(refusal_of(R"({"name":1,"size_bytes":1})"), Contains("\"name\""));
  CHECK_THAT(refusal_of(R"({"name":"a","size_bytes":-1})"), Contains("whole number"));
  CHECK_THAT(refusal_of(R"({"name":"a","size_bytes":1,"page_bytes":4294967296})"), Contains("page_bytes"));
  CHECK_THAT(refusal_of(R"({"name":"a","size_bytes":1,"durability":"soon"})"), Contains("memory or sync or writeback"));
  CHECK_THAT(refusal_of(R"({"name":"a","size_bytes":1,"colour":"red"})"), Contains("unknown key \"colour\""));
}

namespace {

using cluster::VolumeAccess;

// The access after an order; the error, if there is one, goes to `error`.
VolumeAccess after(VolumeAccess access, const std::string& order, const std::string& body,
                   std::string* error = nullptr) {
  const auto change = parse_access_order(order, body);
  std::string wrong;
  if (!change) {
    wrong = change.error().text;
  } else if (const auto refused = (*change)(access)) {
    wrong = refused->text;
  }
  if (error) *error = wrong;
  if (!error) CHECK(wrong.empty());
  return access;
}
std::string refusal_of(const std::string& order, const std::string& body) {
  std::string error;
  CHECK(after({}, order, body, &error) == VolumeAccess{});
  return error;
}

}  // namespace

TEST_CASE("orders about access become changes of it") {
  VolumeAccess access = after({}, "allow", R"({"initiator":"iqn.x:*"})");
  CHECK(access.allow == std::vector<std::string>{"iqn.x:*"});
  access = after(access, "deny", R"({"initiator":"iqn.x:Bad"})");
  CHECK(access.deny == std::vector<std::string>{"iqn.x:bad"});
  access = after(access, "forget", R"({"initiator":"iqn.x:*"})");
  CHECK(access.allow.empty());
  access = after(access, "chap", R"({"user":"host","secret_file":"/a"})");
  CHECK(access.chap == cluster::ChapSettings{{"host", "/a"}, std::nullopt});
  access =
      after(access, "chap", R"({"user":"host","secret_file":"/a","mutual_user":"shoal","mutual_secret_file":"/b"})");
  CHECK(access.chap->target == cluster::ChapUser{"shoal", "/b"});
  CHECK_FALSE(without_chap()(access));
  CHECK_FALSE(access.chap);
}

TEST_CASE("an order about access that is wrong says what would be right") {
  CHECK(is_access_order("allow"));
  CHECK_FALSE(is_access_order("map"));
  CHECK_THAT(refusal_of("allow", ""), Contains("JSON object"));
  CHECK_THAT(refusal_of("allow", "{}"), Contains("\"initiator\""));
  CHECK_THAT(refusal_of("deny", R"({"initiator":7})"), Contains("expected a string"));
  CHECK_THAT(refusal_of("deny", R"({"initiator":"a","host":"b"})"), Contains("unknown key \"host\""));
  CHECK_THAT(refusal_of("deny", R"({"initiator":"a b"})"), Contains("no initiator name"));
  CHECK_THAT(refusal_of("forget", R"({"initiator":"a"})"), Contains("neither list"));
  CHECK_THAT(refusal_of("chap", R"({"user":"host"})"), Contains("\"secret_file\""));
  CHECK_THAT(refusal_of("chap", R"({"user":"host","secret_file":"a"})"), Contains("absolute path"));
  CHECK_THAT(refusal_of("chap", R"({"user":"host","secret_file":"/a","mutual_user":"b"})"),
             Contains("\"mutual_secret_file\""));
  CHECK_THAT(refusal_of("chap", R"({"user":"host","secret":"open sesame"})"),
             Contains("unknown key \"secret\"") && !Contains("sesame"));
}

TEST_CASE("a volume may be made with its CHAP") {
  const auto request =
      parse_volume_request(R"({"name":"demo","size_bytes":4096,"chap":{"user":"host","secret_file":"/a"}})");
  REQUIRE(request.has_value());
  CHECK(request->chap == cluster::ChapSettings{{"host", "/a"}, std::nullopt});
  CHECK_THAT(refusal_of(R"({"name":"demo","size_bytes":4096,"chap":[]})"), Contains("JSON object"));
}

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
  CHECK_FALSE(request->kind);
}

TEST_CASE("durability and placement are words") {
  const auto request = parse_volume_request(
      R"({"name":"a","size_bytes":1,"placement":"contiguous","durability":"writeback","page_bytes":65536})");
  REQUIRE(request.has_value());
  CHECK(request->rule == routing::PlacementRule::contiguous);
  CHECK(request->kind == routing::StoreKind::file);
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
  CHECK_THAT(refusal_of(R"({"name":"a","size_bytes":1,"durability":"sync"})"), Contains("memory or writeback"));
  CHECK_THAT(refusal_of(R"({"name":"a","size_bytes":1,"colour":"red"})"), Contains("unknown key \"colour\""));
}

TEST_CASE("a session's name is member and number") {
  CHECK(parse_session_name("2-17") == SessionName{MemberId{2}, 17});
  for (const char* wrong :
       {"", "2", "-", "2-", "-17", "0-1", "2-x", "x-2", "2-17-3", "5000-1", "2--1", "2-99999999999999999999999"}) {
    CHECK_FALSE(parse_session_name(wrong));
  }
}

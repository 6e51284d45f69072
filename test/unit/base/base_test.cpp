#include <catch2/catch.hpp>

#include "target/base/bytes.h"
#include "target/base/completion.h"
#include "target/base/crc32c.h"
#include "target/base/endpoint.h"
#include "target/base/ids.h"
#include "target/base/log.h"
#include "target/base/slice.h"

using namespace shoal;

TEST_CASE("numbers survive a round trip in both byte orders") {
  std::byte bytes[8] = {};
  store_be<std::uint32_t>(bytes, 1, 0xdeadbeef);
  CHECK(std::to_integer<int>(bytes[1]) == 0xde);
  CHECK(load_be<std::uint32_t>(bytes, 1) == 0xdeadbeef);
  store_le<std::uint64_t>(bytes, 0, 0x0102030405060708);
  CHECK(std::to_integer<int>(bytes[0]) == 8);
  CHECK(load_le<std::uint64_t>(bytes) == 0x0102030405060708);
}

TEST_CASE("crc32c gives the values of RFC 7143 appendix A.4 and continues") {
  std::byte zeros[32] = {};
  CHECK(crc32c(zeros) == 0x8a9136aa);
  CHECK(crc32c(as_bytes("123456789")) == 0xe3069283);
  CHECK(crc32c(as_bytes("6789"), crc32c(as_bytes("12345"))) == crc32c(as_bytes("123456789")));
}

TEST_CASE("slices share bytes, are cut across borders and put together") {
  Slices slices{Slice::copy_of("hello "), Slice::copy_of("wide "), Slice::copy_of("world")};
  CHECK(total_size(slices) == 16);
  CHECK(as_text(flatten(sub_slices(slices, 4, 9)).bytes()) == "o wide wo");
  CHECK(sub_slices(slices, 6, 5).size() == 1);
}

TEST_CASE("endpoints are numeric and IPv6 stands in brackets") {
  CHECK(Endpoint::parse("127.0.0.1:3260") == Endpoint{"127.0.0.1", 3260});
  CHECK(Endpoint::parse("[::1]:3260") == Endpoint{"::1", 3260});
  CHECK(Endpoint::parse("[::1]:3260")->to_string() == "[::1]:3260");
  CHECK(Endpoint::parse("127.0.0.1", 3260) == Endpoint{"127.0.0.1", 3260});
  for (const char* bad : {"", "127.0.0.1", "localhost:1", "127.0.0.1:", "127.0.0.1:70000", "[::1", "::1:3260", "1.2.3.4:1x"}) {
    INFO(bad);
    CHECK_FALSE(Endpoint::parse(bad));
  }
}

TEST_CASE("ids of 128 bits print and parse") {
  const auto id = StoreId::parse("00010203-0405-0607-0809-0a0b0c0d0e0f");
  REQUIRE(id);
  CHECK(id->to_string() == "00010203-0405-0607-0809-0a0b0c0d0e0f");
  CHECK_FALSE(StoreId::parse("00010203"));
  CHECK_FALSE(StoreId::parse("zz010203-0405-0607-0809-0a0b0c0d0e0f"));
}

TEST_CASE("a completion may be large, move-only and is destroyed once") {
  auto count = std::make_shared<int>(0);
  {
    Completion<int> small = [count, owned = std::make_unique<int>(1)](int n) { *count += n + *owned; };
    Completion<int> moved = std::move(small);
    CHECK_FALSE(small);
    moved(1);
    std::array<char, 200> big{};
    Completion<int> large = [count, big](int n) { *count += n + big[0]; };
    Completion<int> large_moved = std::move(large);
    large_moved(3);
    CHECK(count.use_count() == 3);
  }
  CHECK(*count == 5);
  CHECK(count.use_count() == 1);
}

TEST_CASE("what a peer chose is logged with its control characters escaped") {
  CHECK(quoted("a\n\"b\x7f") == "\"a\\x0a\\\"b\\x7f\"");
  std::string seen;
  Log log(LogLevel::info, [&](LogLevel, std::string_view line) { seen = line; });
  log.debug("hidden");
  CHECK(seen.empty());
  log.info("login initiator={}", quoted("iqn.x"));
  CHECK(seen == "login initiator=\"iqn.x\"");
}

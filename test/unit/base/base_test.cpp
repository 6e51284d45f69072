#include <catch2/catch.hpp>

#include "target/base/bytes.h"
#include "target/base/completion.h"
#include "target/base/crc32c.h"
#include "target/base/endpoint.h"
#include "target/base/ids.h"
#include "target/base/log.h"
#include "target/base/random.h"
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

TEST_CASE("crc32c of a run of any length is that of its bytes, one bit after the other") {
  std::vector<std::byte> bytes(9000);
  SeededRandom(1).fill(bytes);
  std::uint32_t bit_by_bit = 0xffffffff;
  for (std::size_t length = 0; length <= bytes.size(); ++length) {
    const ByteSpan run = ByteSpan(bytes).first(length);
    if (crc32c(run) != ~bit_by_bit) FAIL("length " << length);
    if (crc32c(run.subspan(length / 3), crc32c(run.first(length / 3))) != ~bit_by_bit) FAIL("continued, length " << length);
    if (length == bytes.size()) break;
    bit_by_bit ^= std::to_integer<std::uint32_t>(bytes[length]);
    for (int bit = 0; bit < 8; ++bit) bit_by_bit = bit_by_bit & 1 ? bit_by_bit >> 1 ^ 0x82f63b78u : bit_by_bit >> 1;
  }
}

TEST_CASE("slices share bytes, are cut across borders and put together") {
  Slices slices{Slice::copy_of("hello "), Slice::copy_of("wide "), Slice::copy_of("world")};
  CHECK(total_size(slices) == 16);
  CHECK(as_text(flatten(sub_slices(slices, 4, 9)).bytes()) == "o wide wo");
  CHECK(sub_slices(slices, 6, 5).size() == 1);
}

TEST_CASE("slices are compared whatever pieces they lie in, as far as both go") {
  const auto pieces = [](std::initializer_list<std::string_view> texts) {
    Slices slices;
    for (const std::string_view text : texts) slices.push_back(Slice::copy_of(text));
    return slices;
  };
  const Slices hello = pieces({"hel", "", "lo wor", "ld"});
  CHECK_FALSE(first_difference(hello, pieces({"hello", " ", "world"})));
  CHECK(first_difference(hello, pieces({"jello world"})) == 0);
  CHECK(first_difference(hello, pieces({"hello", " ", "w", "onder"})) == 8);
  CHECK(first_difference(hello, pieces({"", "hello worl", "", "D"})) == 10);
  CHECK_FALSE(first_difference(hello, pieces({"hello", ""})));
  CHECK_FALSE(first_difference(pieces({"hello"}), hello));
  CHECK_FALSE(first_difference({}, hello));
}

TEST_CASE("endpoints are numeric and IPv6 stands in brackets") {
  CHECK(Endpoint::parse("127.0.0.1:3260") == Endpoint{"127.0.0.1", 3260});
  CHECK(Endpoint::parse("[::1]:3260") == Endpoint{"::1", 3260});
  CHECK(Endpoint::parse("[::1]:3260")->to_string() == "[::1]:3260");
  CHECK(Endpoint::parse("127.0.0.1", 3260) == Endpoint{"127.0.0.1", 3260});
  CHECK(Endpoint::parse("[FD00:0::01]:3260") == Endpoint{"fd00::1", 3260});  // as a connection's own address is written
  CHECK(Endpoint::parse("[0::0]:3260")->is_any());
  CHECK_FALSE(Endpoint::parse("[::1]:3260")->is_any());
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

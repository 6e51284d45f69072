#include "target/iscsi/binary_value.h"

#include <catch2/catch.hpp>

using namespace shoal;
using namespace shoal::iscsi;

namespace {

// In hexadecimal; "(none)" where it is no binary value of at most `limit` bytes.
std::string parsed(std::string_view value, std::size_t limit = 16) {
  const auto bytes = parse_binary(value, limit);
  return bytes ? to_hex_constant(*bytes) : "(none)";
}

}  // namespace

TEST_CASE("hexadecimal values are read in either case, and a first digit that is left out is 0") {
  CHECK(parsed("0x00ff10") == "0x00ff10");
  CHECK(parsed("0XAbCd") == "0xabcd");
  CHECK(parsed("0xabc") == "0x0abc");
  CHECK(parsed("0x1") == "0x01");
}

TEST_CASE("base64 values are read with their padding") {
  CHECK(parsed("0bAAEC") == "0x000102");
  CHECK(parsed("0B+/8=") == "0xfbff");
  CHECK(parsed("0b/w==") == "0xff");
}

TEST_CASE("what is neither is no binary value") {
  for (const char* bad : {"", "0", "0x", "0b", "00ff", "0xg0", "0x 1", "0xff\n", "0bAAE", "0bA===", "0b====", "0bAA=A",
                          "0b AAE", "0bAAE ", "0bAAEC=", "0bAAEC====", "0b-_8="}) {
    CHECK(parsed(bad) == "(none)");
  }
}

TEST_CASE("a value beyond its limit is refused before it is read") {
  CHECK(parsed("0x0011", 2) == "0x0011");
  CHECK(parsed("0x00112", 2) == "(none)");
  CHECK(parsed("0bAAE=", 2) == "0x0001");
  CHECK(parsed("0bAAEC", 2) == "(none)");
  CHECK(parsed("0x" + std::string(4000, '1')) == "(none)");
  CHECK(parsed("0b" + std::string(4000, 'A')) == "(none)");
}

#include "target/scsi/transport_id.h"

#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using shoal::scsi::test::numbers;
using Bytes = std::vector<unsigned>;

namespace {

// Header and text as they are given, right or wrong.
std::vector<std::byte> raw(unsigned first_byte, std::size_t additional_length, std::string text) {
  std::vector<std::byte> bytes{std::byte(first_byte), std::byte{0}, std::byte(additional_length >> 8),
                               std::byte(additional_length & 0xff)};
  for (const char c : text) bytes.push_back(std::byte(c));
  return bytes;
}
std::vector<std::byte> of_text(std::string text) {
  text.resize(text.size() / 4 * 4 + 24, '\0');
  return raw(0x45, text.size(), text);
}
std::optional<InitiatorPort> port_in(const std::vector<std::byte>& bytes) {
  const auto id = decode_transport_id(bytes);
  return id ? std::optional(id->port) : std::nullopt;
}

}  // namespace

TEST_CASE("a port is told by its name and twelve digits of its ISID, padded to a multiple of four") {
  const auto id = numbers(encode_transport_id({"iqn.2025-01.test:h", 0x00023d0a0b0c}));
  REQUIRE(id.size() == 4 + 36);
  CHECK(Bytes(id.begin(), id.begin() + 4) == Bytes{0x45, 0, 0, 36});
  const std::string text(id.begin() + 4, id.end());
  CHECK(text == "iqn.2025-01.test:h,i,0x00023d0a0b0c" + std::string(1, '\0'));
}

TEST_CASE("what is encoded is decoded again, whatever follows") {
  for (std::size_t length = 1; length <= 223; ++length) {
    const InitiatorPort port{std::string(length, 'n'), 0xffffffffffff - length};
    auto bytes = encode_transport_id(port);
    CHECK(bytes.size() % 4 == 0);
    CHECK(bytes.size() >= 24);
    const std::size_t size = bytes.size();
    bytes.resize(size + 7);
    const auto id = decode_transport_id(bytes);
    REQUIRE(id);
    CHECK(id->port == port);
    CHECK(id->bytes == size);
  }
}

TEST_CASE("names are taken in lower case and ISIDs of fewer digits by their value") {
  CHECK(port_in(of_text("iqn.2025-01.Test:HOST,i,0xAb")) == InitiatorPort{"iqn.2025-01.test:host", 0xab});
}

TEST_CASE("a TransportID that is cut anywhere is none") {
  const auto whole = encode_transport_id({"iqn.2025-01.test:host", 1});
  for (std::size_t size = 0; size < whole.size(); ++size) CHECK_FALSE(decode_transport_id(ByteSpan(whole).first(size)));
}

TEST_CASE("other formats and other protocols are not taken") {
  const std::string text = "iqn.2025-01.test:host,i,0x1" + std::string(1, '\0');
  REQUIRE(port_in(raw(0x45, text.size(), text)));
  for (const unsigned first : {0x05u, 0x85u, 0xc5u, 0x40u, 0x46u}) CHECK_FALSE(port_in(raw(first, text.size(), text)));
}

TEST_CASE("text that is too short, of an odd length, or without an end is refused") {
  CHECK_FALSE(port_in(raw(0x45, 16, "iqn.a,i,0x1" + std::string(5, '\0'))));
  CHECK_FALSE(port_in(raw(0x45, 21, "iqn.2025,i,0x1" + std::string(7, '\0'))));
  CHECK_FALSE(port_in(raw(0x45, 20, "iqn.2025-01.x,i,0x12")));
  CHECK_FALSE(port_in(raw(0x45, 0, "")));
}

TEST_CASE("a name or an ISID that is none is refused") {
  for (const std::string text : {",i,0x1", "iqn.2025-01.test:host", "iqn.2025-01.test:host,i,0x", "iqn.test,i,0xg",
                                 "iqn.test,i,0x1234567890abc", "iqn.test,i,0x-1", "iqn.test,i,1"}) {
    CHECK_FALSE(port_in(of_text(text)));
  }
  std::string too_long(224, 'n');
  too_long += ",i,0x1";
  CHECK_FALSE(port_in(of_text(too_long)));
}

#include "target/iscsi/chap.h"

#include <catch2/catch.hpp>

#include "target/iscsi/binary_value.h"

using namespace shoal;
using namespace shoal::iscsi;

namespace {

// Identifier 0x2a, the octets 00 to 1f as challenge.
std::string response(ChapAlgorithm algorithm) {
  std::array<std::byte, 32> challenge;
  for (std::size_t i = 0; i < challenge.size(); ++i) challenge[i] = static_cast<std::byte>(i);
  return to_hex_constant(ChapResponse(algorithm, 0x2a, Secret("correct horse battery"), challenge).bytes());
}

}  // namespace

TEST_CASE("the response of each algorithm is the digest of identifier, secret and challenge") {
  CHECK(response(ChapAlgorithm::md5) == "0xf14edfa33c494ca48a207ca1450c0bce");
  CHECK(response(ChapAlgorithm::sha1) == "0xa229412760ef2452d35ca9c443df0e6a7d3aef70");
  CHECK(response(ChapAlgorithm::sha256) == "0xc05343f6026f241c8949243ff78f6d24e30a9fd41140f28f01488b64e86366a8");
  CHECK(response(ChapAlgorithm::sha3_256) == "0x28ba6ab7bf9c57558206b8c1b625144e1bbd4541f8ba6a75edac01906f403db6");
}

TEST_CASE("of the algorithms that are offered the first known one is chosen") {
  CHECK(choose_algorithm("5") == ChapAlgorithm::md5);
  CHECK(choose_algorithm("8,7,6,5") == ChapAlgorithm::sha3_256);
  CHECK(choose_algorithm("200,7,5") == ChapAlgorithm::sha256);
  CHECK(choose_algorithm("0x6") == ChapAlgorithm::sha1);
  CHECK_FALSE(choose_algorithm("").has_value());
  CHECK_FALSE(choose_algorithm("4,9").has_value());
  CHECK_FALSE(choose_algorithm("MD5").has_value());
  CHECK_FALSE(choose_algorithm("261").has_value());  // 5 in the last octet of it
}

TEST_CASE("values of other sizes are not equal, nor is a part of a value") {
  CHECK(equal_in_constant_time(as_bytes("abc"), as_bytes("abc")));
  CHECK(equal_in_constant_time({}, {}));
  CHECK_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("abd")));
  CHECK_FALSE(equal_in_constant_time(as_bytes("abc"), as_bytes("ab")));
  CHECK_FALSE(equal_in_constant_time(as_bytes("abc"), {}));
}

TEST_CASE("copies of a secret are the same bytes, and one outlives the other") {
  Secret copy;
  CHECK(copy.size() == 0);
  {
    const Secret secret("abc");
    copy = secret;
  }
  CHECK(as_text(copy.bytes()) == "abc");
}

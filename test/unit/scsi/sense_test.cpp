#include "target/scsi/sense.h"

#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi;
using shoal::scsi::test::numbers;
using Bytes = std::vector<unsigned>;

TEST_CASE("fixed sense has key, code and a field pointer into the CDB") {
  Sense sense = sense::kInvalidFieldInCdb;
  sense.field = FieldPointer{true, 0x0102, 3};
  CHECK(numbers(encode_fixed(sense).bytes()) ==
        Bytes{0x70, 0, 0x05, 0, 0, 0, 0, 0x0a, 0, 0, 0, 0, 0x24, 0x00, 0, 0xcb, 0x01, 0x02});
}

TEST_CASE("a field pointer into parameter data clears C/D") {
  const auto bytes = numbers(encode_fixed(sense::invalid_parameter(2)).bytes());
  CHECK(bytes[15] == 0x8f);
  CHECK(bytes[17] == 2);
}

TEST_CASE("fixed sense carries information of 32 bits and leaves out a longer one") {
  Sense sense = sense::kMiscompare;
  sense.information = 0x01020304;
  CHECK(numbers(encode_fixed(sense).bytes()) ==
        Bytes{0xf0, 0, 0x0e, 1, 2, 3, 4, 0x0a, 0, 0, 0, 0, 0x1d, 0x00, 0, 0, 0, 0});
  sense.information = 0x100000000;
  CHECK(numbers(encode_fixed(sense).bytes())[0] == 0x70);
}

TEST_CASE("descriptor sense has no descriptors where there is nothing to describe") {
  CHECK(numbers(encode_descriptor(sense::kNothing).bytes()) == Bytes{0x72, 0, 0, 0, 0, 0, 0, 0});
}

TEST_CASE("descriptor sense carries information and field pointer in descriptors") {
  Sense sense{SenseKey::illegal_request, 0x24, 0x00, 0x0102030405060708, FieldPointer{true, 5, 7}};
  CHECK(numbers(encode_descriptor(sense).bytes()) == Bytes{0x72, 0x05, 0x24, 0x00, 0,    0, 0, 20,              //
                                                           0x00, 10,   0x80, 0,    1,    2, 3, 4,  5, 6, 7, 8,  //
                                                           0x02, 6,    0,    0,    0xcf, 0, 5, 0});
  sense.information.reset();
  CHECK(numbers(encode_descriptor(sense).bytes()) ==
        Bytes{0x72, 0x05, 0x24, 0x00, 0, 0, 0, 8, 0x02, 6, 0, 0, 0xcf, 0, 5, 0});
}

#include <catch2/catch.hpp>

#include "test/unit/scsi/scsi_rig.h"

using namespace shoal;
using namespace shoal::scsi::test;
using Bytes = std::vector<unsigned>;

namespace {

Cdb reserve_in(unsigned action, std::uint16_t allocation_length = 0xffff) {
  return with(cdb({0x5e, action}), 7, allocation_length);
}

// Two ports, the second of them registered for all target ports.
struct TwoRegistered : ScsiRig {
  TwoRegistered() {
    auto& persistent = state->painted.persistent;
    persistent.generation = 0x01020304;
    persistent.registrations = {{port(), 0x1111111111111111}, {other_port(), 0x22, true}};
  }
};
const Bytes kGeneration{1, 2, 3, 4};

Bytes operator+(Bytes a, const Bytes& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}
Bytes transport_id(std::string text) {
  text.resize(text.size() / 4 * 4 + 4, '\0');
  return Bytes{0x45, 0, 0, static_cast<unsigned>(text.size())} + numbers(as_bytes(text));
}
const Bytes kOwnId = transport_id("iqn.2025-01.test:host,i,0x000000400001");
const Bytes kOtherId = transport_id("iqn.2025-01.test:other,i,0x000000400002");

}  // namespace

TEST_CASE("READ KEYS lists the key of each registration behind the generation") {
  TwoRegistered rig;
  CHECK(bytes(rig.run(reserve_in(0))) ==
        kGeneration + Bytes{0, 0, 0, 16} + Bytes(8, 0x11) + Bytes{0, 0, 0, 0, 0, 0, 0, 0x22});
  ScsiRig empty;
  CHECK(bytes(empty.run(reserve_in(0))) == Bytes(8, 0));
}

TEST_CASE("a list of keys is cut at the allocation length, its length field says how long it is") {
  TwoRegistered rig;
  const auto result = rig.run(reserve_in(0, 8));
  CHECK(bytes(result) == kGeneration + Bytes{0, 0, 0, 16});
  CHECK(result.transfer_bytes == 8);
  CHECK(rig.run(reserve_in(3, 0)).transfer_bytes == 0);
}

TEST_CASE("READ RESERVATION tells key and type of the holder, of all registrants the type alone") {
  TwoRegistered rig;
  CHECK(bytes(rig.run(reserve_in(1))) == kGeneration + Bytes{0, 0, 0, 0});
  rig.state->reserve(ReservationType::exclusive_access, ScsiRig::port());
  CHECK(bytes(rig.run(reserve_in(1))) ==
        kGeneration + Bytes{0, 0, 0, 16} + Bytes(8, 0x11) + Bytes{0, 0, 0, 0, 0, 3, 0, 0});
  rig.state->reserve(ReservationType::write_exclusive_all_registrants, {});
  CHECK(bytes(rig.run(reserve_in(1))) ==
        kGeneration + Bytes{0, 0, 0, 16} + Bytes(8, 0) + Bytes{0, 0, 0, 0, 0, 7, 0, 0});
}

TEST_CASE("REPORT CAPABILITIES promises all types, ports in lists, and nothing through a power loss") {
  ScsiRig rig;
  CHECK(bytes(rig.run(reserve_in(2))) == Bytes{0, 8, 0x0c, 0x80, 0xea, 0x01, 0, 0});
}

TEST_CASE("READ FULL STATUS names the ports, and who of them holds the reservation") {
  TwoRegistered rig;
  rig.state->reserve(ReservationType::write_exclusive, ScsiRig::port());
  const Bytes own = Bytes(8, 0x11) + Bytes{0, 0, 0, 0, 0x01, 1, 0, 0, 0, 0, 0, 1, 0, 0, 0, 44} + kOwnId;
  const Bytes other =
      Bytes{0, 0, 0, 0, 0, 0, 0, 0x22} + Bytes{0, 0, 0, 0, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 44} + kOtherId;
  REQUIRE(kOwnId.size() == 44);
  CHECK(bytes(rig.run(reserve_in(3))) == kGeneration + Bytes{0, 0, 0, 2 * (24 + 44)} + own + other);
}

TEST_CASE("of an all-registrants type everybody who is registered is a holder") {
  TwoRegistered rig;
  rig.state->reserve(ReservationType::exclusive_access_all_registrants, {});
  const auto status = bytes(rig.run(reserve_in(3)));
  CHECK(Bytes{status[8 + 12], status[8 + 13]} == Bytes{0x01, 8});
  CHECK(Bytes{status[8 + 68 + 12], status[8 + 68 + 13]} == Bytes{0x03, 8});
}

TEST_CASE("the persistent reservation of another nexus does not keep anybody from reading it") {
  TwoRegistered rig;
  rig.state->reserve(ReservationType::exclusive_access, ScsiRig::other_port());
  for (unsigned action = 0; action < 4; ++action) CHECK(ended(rig.run(reserve_in(action))) == kGood);
}

TEST_CASE("a unit that is reserved by RESERVE answers nobody, its holder included") {
  TwoRegistered rig;
  for (const auto& holder : {ScsiRig::port(), ScsiRig::other_port()}) {
    rig.state->painted.reserved_by = holder;
    for (unsigned action = 0; action < 4; ++action) CHECK(ended(rig.run(reserve_in(action))) == Ended{0x18});
  }
}

TEST_CASE("service actions of PERSISTENT RESERVE IN that do not exist are refused") {
  ScsiRig rig;
  for (unsigned action = 4; action < 0x20; ++action) {
    const auto result = rig.run(reserve_in(action));
    CHECK(ended(result) == kInvalidField);
    CHECK(field_pointer(result) == std::pair(0xccu, 1u));
  }
}

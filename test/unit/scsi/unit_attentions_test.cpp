#include "target/scsi/unit_attentions.h"

#include <catch2/catch.hpp>

#include "target/scsi/limits.h"

using namespace shoal;
using namespace shoal::scsi;

namespace {
constexpr UnitAttention kPowerOn{0x29, 0x00}, kReset{0x29, 0x03}, kNexusLoss{0x29, 0x07}, kCapacity{0x2a, 0x09},
    kInquiry{0x3f, 0x03};
}

TEST_CASE("unit attentions are taken by importance, equal ones as they were raised") {
  UnitAttentions attentions;
  for (const auto& raised : {kInquiry, kCapacity, kNexusLoss, kPowerOn, kReset}) attentions.raise(raised);
  for (const auto& taken : {kPowerOn, kReset, kNexusLoss, kInquiry, kCapacity}) CHECK(attentions.take() == taken);
  CHECK(attentions.take() == std::nullopt);
}

TEST_CASE("a unit attention that waits already is not raised again") {
  UnitAttentions attentions;
  attentions.raise(kCapacity);
  attentions.raise(kCapacity);
  CHECK(attentions.take() == kCapacity);
  CHECK(attentions.take() == std::nullopt);
}

TEST_CASE("beyond the limit the least important unit attention is lost") {
  UnitAttentions attentions;
  for (std::uint8_t i = 0; i < kMaxUnitAttentions; ++i) attentions.raise({0x3f, i});
  attentions.raise({0x3f, 0xff});
  attentions.raise(kPowerOn);
  CHECK(attentions.take() == kPowerOn);
  for (std::uint8_t i = 0; i < kMaxUnitAttentions - 1; ++i) CHECK(attentions.take() == UnitAttention{0x3f, i});
  CHECK(attentions.take() == std::nullopt);
}

TEST_CASE("a unit attention about the threshold points at its descriptor in the mode page, others at nothing") {
  CHECK(sense_of({0x38, 0x07}) == Sense{SenseKey::unit_attention, 0x38, 0x07, 16});
  CHECK(sense_of({0x29, 0x00}) == Sense{SenseKey::unit_attention, 0x29, 0x00});
}

// A SCSI command and its answer, and how the initiators of a model are named.
#pragma once

#include <cstdint>
#include <stdexcept>
#include <string>

#include "test/model/bytes.h"

namespace model {

struct Command {
  Bytes cdb;
  Bytes out;           // what is written to the device
  std::size_t in = 0;  // at most so much is read from it
};

struct Sense {
  std::uint8_t key = 0;
  std::uint16_t code = 0;  // ASC and ASCQ
  bool operator==(const Sense&) const = default;
};

struct Answer {
  int status = 0;  // SAM: 0 GOOD, 2 CHECK CONDITION, 0x18 RESERVATION CONFLICT
  Sense sense;     // of CHECK CONDITION
  Bytes data;

  bool good() const { return status == kGood; }
  bool conflict() const { return status == kConflict; }
  bool is(Sense expected) const { return status == kCheck && sense == expected; }
  bool attention() const { return status == kCheck && sense.key == 6; }
  std::string text() const;

  static constexpr int kGood = 0, kCheck = 2, kConflict = 0x18;
};

constexpr Sense kInvalidFieldInCdb{5, 0x2400};
constexpr Sense kInvalidFieldInList{5, 0x2600};
constexpr Sense kMiscompare{14, 0x1d00};

// The session ended or an answer did not come.
struct Broken : std::runtime_error {
  using runtime_error::runtime_error;
};

// `number` tells initiators apart.
constexpr std::uint32_t kIsidQualifier = 0x5301;
std::string initiator_name(int number);
Bytes initiator_isid(int number);

}  // namespace model

// One session of libiscsi, one command at a time: what a host sees of a disk. Logs in without TEST UNIT READY, so that
// no unit attention is swallowed, and never reconnects by itself.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>

#include "test/model/bytes.h"

struct iscsi_context;

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

class Initiator {
 public:
  // `number` tells initiators apart: name and ISID follow from it.
  Initiator(int number, const std::string& url);

  Answer execute(const Command& command);
  void reset_unit();  // LOGICAL UNIT RESET
  void log_out();

  static std::string name(int number);
  static Bytes isid(int number);

 private:
  struct Destroy {
    void operator()(iscsi_context* context) const;
  };
  std::unique_ptr<iscsi_context, Destroy> context_;
  std::string url_;
  int lun_ = 0;
};

}  // namespace model

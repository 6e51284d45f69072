// The Data-In PDUs of one answered read (RFC 7143 11.7), made a few at a time. A read of 32 MiB for an initiator that
// takes segments of 512 bytes is 65,536 of them: made at once they would keep the loop from other sessions, and weigh
// more than some of the payload.
//
// All of them carry the numbers that were next when the read was answered, so the initiator does not see when they are
// made.
#pragma once

#include <cstdint>
#include <optional>
#include <span>

#include "target/base/slice.h"
#include "target/iscsi/pdu_writer.h"
#include "target/iscsi/transfer.h"

namespace shoal::iscsi {

struct DataInPdus {
  struct Status {
    std::uint8_t status = 0;
    Residual residual;
  };

  InitiatorTaskTag task;
  Numbering numbering;
  DataInCutter cutter;
  std::optional<Status> status;  // goes out with the last one (phase collapse)

  // The next one, which there must be, out of `data`, which begin at `offset` of the whole.
  void make(PduWriter& writer, std::span<const Slice> data, std::uint32_t offset);
};

class DataInStream {
 public:
  // `data` has what is cut, or more.
  DataInStream(const DataInPdus& pdus, Slices data) : pdus_(pdus), data_(std::move(data)) {}

  bool done() const { return !pdus_.cutter.more(); }
  std::uint32_t bytes_left() const { return pdus_.cutter.bytes_left(); }
  void make_next(PduWriter& writer);

 private:
  DataInPdus pdus_;
  Slices data_;
  std::size_t first_ = 0;     // of data_ that is not all sent,
  std::uint32_t offset_ = 0;  // and where it begins
};

}  // namespace shoal::iscsi

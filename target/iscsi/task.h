// What an iSCSI connection and the SCSI layer say to each other about tasks. `iscsi` and `scsi` do not include each
// other: the driver turns a Command into a request of the device server and its result into an Outcome.
#pragma once

#include <cstdint>

#include "target/base/ids.h"
#include "target/base/slice.h"
#include "target/iscsi/pdu.h"

namespace shoal::iscsi {

// A task of one connection. Opaque, never 0, not used again while the connection lives (initiator task tags are).
using TaskId = Strong<struct TaskIdTag, std::uint64_t>;
// A task management request of one connection; likewise.
using ManagementId = Strong<struct ManagementIdTag, std::uint64_t>;

// RFC 7143 11.3. All write data has been gathered.
struct Command {
  TaskId task;
  InitiatorTaskTag tag;
  Lun lun;
  TaskAttribute attribute = TaskAttribute::simple;
  bool immediate = false;
  bool read = false;                 // R: the initiator expects Data-In
  bool write = false;                // W: the initiator gave data
  std::uint32_t expected_bytes = 0;  // Expected Data Transfer Length; 0 when neither R nor W is set
  Cdb cdb{};
  Slice extended_cdb;  // what follows the 16 bytes (AHS type 1); nearly always empty
  Slices data;         // write: exactly expected_bytes
};

// SAM status that matters here: read data and GOOD leave together, and some tasks are aborted before SCSI sees them.
inline constexpr std::uint8_t kGood = 0x00;
inline constexpr std::uint8_t kTaskSetFull = 0x28;
inline constexpr std::uint8_t kTaskAborted = 0x40;

// A task's end, in SCSI's words.
//
// Residuals (RFC 7143 11.4.5) are computed here from transfer_bytes. A write whose CDB asks for more than
// expected_bytes is carried out for the bytes there are (a last part of a block is merged into it), GOOD, with the
// CDB's length as transfer_bytes: overflow. libiscsi's suite wants just that. One that asks for less takes the first
// bytes of `data`. Reads send what fits.
struct Outcome {
  std::uint8_t status = 0;  // SAM status: 00 GOOD, 02 CHECK CONDITION, 08 BUSY, 28 TASK SET FULL, ...
  Slice sense;              // sense data without the length that iSCSI puts in front
  Slices data;              // read: what to send; what exceeds expected_bytes is cut off
  // What the command transfers by its CDB (allocation length honoured): reads, the bytes that the device server had for
  // the initiator; writes, the bytes that it took or would have taken.
  std::uint64_t transfer_bytes = 0;
};

}  // namespace shoal::iscsi

// What an iSCSI connection and the SCSI layer say to each other about tasks. `iscsi` and `scsi` do not include each
// other: the driver turns a Command into a request of the device server and its result into an Outcome.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "target/base/ids.h"
#include "target/base/slice.h"
#include "target/base/time.h"

namespace shoal::iscsi {

// A task of one connection. Opaque, never 0, not used again while the connection lives (initiator task tags are).
using TaskId = Strong<struct TaskTag, std::uint64_t>;
// A task management request of one connection; likewise.
using ManagementId = Strong<struct ManagementTag, std::uint64_t>;
// The LUN field as it came: eight bytes, SAM's structure, big-endian.
using LunField = Strong<struct LunFieldTag, std::uint64_t>;

enum class TaskAttribute : std::uint8_t { untagged = 0, simple = 1, ordered = 2, head_of_queue = 3, aca = 4 };

// RFC 7143 11.3. All write data has been gathered; what could not be gathered was answered by the connection itself.
struct Command {
  TaskId task;
  std::uint32_t initiator_task_tag = 0;
  LunField lun;
  TaskAttribute attribute = TaskAttribute::simple;
  bool immediate = false;
  bool read = false;                    // R: the initiator expects Data-In
  bool write = false;                   // W: the initiator gave data
  std::uint32_t expected_bytes = 0;     // Expected Data Transfer Length
  std::array<std::byte, 16> cdb{};
  Slice extended_cdb;                   // what follows the 16 bytes (AHS type 1); nearly always empty
  Slices data;                          // write: exactly expected_bytes
  Time received_at{};                   // when the command PDU arrived
};

// A task's end, in SCSI's words.
struct Outcome {
  std::uint8_t status = 0;              // SAM status: 00 GOOD, 02 CHECK CONDITION, 08 BUSY, 28 TASK SET FULL, ...
  Slice sense;                          // sense data without the length that iSCSI puts in front
  Slices data;                          // read: what to send; what exceeds expected_bytes is cut off
  // What the command transfers by its CDB (the basis of residuals): reads, the bytes the device server had for the
  // initiator, sent or not; writes, the bytes that it took or would have taken.
  std::uint64_t transfer_bytes = 0;
};

// RFC 7143 11.5.1
enum class ManagementFunction : std::uint8_t {
  abort_task = 1,
  abort_task_set = 2,
  clear_aca = 3,
  clear_task_set = 4,
  lun_reset = 5,
  target_warm_reset = 6,
  target_cold_reset = 7,
  task_reassign = 8,
};

// RFC 7143 11.6.1
enum class ManagementResponse : std::uint8_t {
  complete = 0,
  no_such_task = 1,
  no_such_lun = 2,
  task_still_allegiant = 3,
  reassign_not_supported = 4,
  not_supported = 5,
  authorisation_failed = 6,
  rejected = 255,
};

}  // namespace shoal::iscsi

// BlockDevice: what the SCSI device server needs of a disk. The routed volume of a group is one; so is a single store.
//
// submit() takes any number of operations at once and completes each exactly once, perhaps before it returns, in any
// order. Overlapping operations in flight are not ordered against each other; one block (4 KiB, aligned) is never torn.
#pragma once

#include <cstdint>
#include <vector>

#include "target/base/completion.h"
#include "target/base/ids.h"
#include "target/base/slice.h"
#include "target/base/time.h"

namespace shoal {

enum class OperationKind : std::uint8_t { read, write, zero, unmap, flush, compare_and_write, lba_status };

// What changes blocks, and so is fenced, numbered and answered from its record when it is repeated.
constexpr bool is_mutation(OperationKind kind) {
  return kind == OperationKind::write || kind == OperationKind::zero || kind == OperationKind::unmap ||
         kind == OperationKind::compare_and_write;
}

// Who asks, on whose behalf, and since when: travels with the operation to the owner of the page (ghost writes,
// ARCHITECTURE.md). Ids of one generation count up from 1; every id below lowest_unfinished has been answered.
struct Origin {
  NexusId nexus;
  Generation generation;
  OperationId id;
  OperationId lowest_unfinished;
  std::uint64_t reservation_generation = 0;
  Time issued_at{};  // when the host was last known to wait for it, on the front end's clock; on the wire it is an age.
                     // Zero: when the operation was submitted (work that no command waits for)

  bool operator==(const Origin&) const = default;
};

struct BlockRange {
  Lba first;
  std::uint64_t count = 0;  // blocks of kBlockBytes
  bool operator==(const BlockRange&) const = default;
};

struct Operation {
  OperationKind kind = OperationKind::read;
  BlockRange range;             // flush: count 0 means the whole unit. Always inside the unit
  bool fua = false;             // write: durable on every touched owner before completion
  Origin origin;
  Slices data;                  // write: count blocks. compare_and_write: count blocks to compare, then count to write
};

enum class IoStatus : std::uint8_t {
  ok,
  owner_silent,    // the member that has the page does not answer and is expected back: NOT READY 02/04/01
  data_lost,       // the last copy is gone (a store that was wiped or replaced): NOT READY 02/04/0C
  fenced,          // a newer generation of the nexus holds it: nobody waits for this answer any more
  // The reservation generation is older than the owner's: check again and repeat, with the data, which are given back.
  // detail: 1 where some of the blocks may have been changed
  stale_reservation,
  miscompare,      // compare_and_write: detail = byte offset of the first difference
  medium_error,    // read error of the store
  no_space,        // the store is full
  aborted,         // by abort()
  failed,          // the store is out of service or the volume is gone
};
const char* to_string(IoStatus status);

struct LbaStatus {
  BlockRange range;
  bool mapped = true;
  bool operator==(const LbaStatus&) const = default;
};

struct IoResult {
  IoStatus status = IoStatus::ok;
  Slices data;                      // read: exactly range.count blocks when ok
  std::uint64_t detail = 0;
  std::vector<LbaStatus> lba_status;  // lba_status: from range.first on, adjacent, at least one when ok
};

// Which operations abort() is about.
struct AbortSelection {
  NexusId nexus;                  // zero: of every nexus (LUN RESET)
  OperationId id;                 // zero: all of that nexus
  Generation generation;          // zero: any. An abort that comes late must not hit the next session's operations
};

class BlockDevice {
 public:
  virtual ~BlockDevice() = default;
  virtual std::uint64_t size_blocks() const = 0;
  virtual void submit(Operation operation, Completion<IoResult> done) = 0;
  // Completes when nothing selected can touch data on any member; the selected operations complete first, each with
  // `aborted` or with its own result.
  virtual void abort(const AbortSelection& selection, Completion<> done) = 0;
};

}  // namespace shoal

// What a command's rules are given, and what they answer: a result, a plan of operations on the unit's BlockDevice, or
// a change of what the unit's nexuses share. Rules are functions of one into the other; the device server carries a
// plan out. A command that takes several steps says in each how it goes on.
#pragma once

#include <cstdint>
#include <optional>
#include <variant>
#include <vector>

#include "target/ports/block_device.h"
#include "target/ports/target_catalog.h"
#include "target/scsi/device_server.h"
#include "target/scsi/sense.h"

namespace shoal::scsi {

namespace status {  // SAM-5 5.3.1
inline constexpr std::uint8_t kGood = 0x00;
inline constexpr std::uint8_t kCheckCondition = 0x02;
inline constexpr std::uint8_t kBusy = 0x08;
inline constexpr std::uint8_t kReservationConflict = 0x18;
inline constexpr std::uint8_t kTaskAborted = 0x40;
}  // namespace status

// A last block of which the initiator gave only the beginning: it is read, and its end is added to the first
// operation's data.
struct PartialBlock {
  Lba block;
  std::uint32_t given_bytes = 0;  // 1..kBlockBytes-1
};

struct Answer;

struct Plan {
  std::vector<Operation> operations;  // in any order, a few at once; their origin is filled in when they are submitted
  std::optional<PartialBlock> partial;
  std::uint64_t transfer_bytes = 0;
  // When all operations have ended well: what comes next, given the last one's result. Empty: GOOD.
  UniqueFunction<Answer(IoResult last)> then{};
  bool then_if_failed = false;  // `then` is told of the first operation that did not end well, too
};

struct Ask {  // changes what the nexuses of the unit share (unit_state.h)
  UnitChange change;
  UniqueFunction<Answer(UnitAnswer answer)> then;
};

// What FORMAT UNIT and SANITIZE do with all blocks of the unit, one pass after the other, whatever becomes of the
// command, its session and its nexus. Meanwhile the unit is in a condition of its own, and is ready again when all went
// well.
struct MediumPass {
  OperationKind kind = OperationKind::unmap;
  Slice pattern{};  // write: again and again; whole blocks
};
struct MediumWork {
  std::vector<MediumPass> passes;
  UnitCondition from = UnitCondition::ready;  // what it is now
  UnitCondition working = UnitCondition::formatting;
  UnitCondition failed = UnitCondition::format_failed;
  UnitCondition abandoned = UnitCondition::format_corrupted;  // the member that does it is gone
  bool immediate = false;                                     // GOOD as soon as it has begun
  std::uint64_t transfer_bytes = 0;
};

struct Answer : std::variant<CommandResult, Plan, Ask, MediumWork> {
  using variant::variant;
};

class CopyResults;

struct CommandContext {
  CommandRequest& request;  // a plan takes its data
  const LogicalUnit& unit;
  std::uint64_t unit_blocks = 0;
  bool lun_exists = true;                    // false only for the commands that any LUN answers
  CopyResults* copies = nullptr;             // of the nexus
  std::optional<UnitAttention> attention{};  // taken from the queue for REQUEST SENSE
};

CommandResult check_condition(const Sense& sense);
// GOOD with the first `allocation_length` bytes of `data` (SPC-4 4.2.5.6).
CommandResult good(Slice data, std::uint64_t allocation_length);
CommandResult good(ByteSpan data, std::uint64_t allocation_length);

// What the initiator gave with a command whose CDB announces a list of that many bytes: those, or fewer.
Slice parameter_list(const CommandRequest& request, std::size_t announced);

CommandResult reservation_conflict();
// The end of a command whose change of the unit's state was answered so; it took that many bytes of parameters.
CommandResult result_of_change(UnitAnswer answer, std::uint64_t taken_bytes = 0);
// The end of a command that had an operation which did not end well.
CommandResult failure(const IoResult& result);

}  // namespace shoal::scsi

// Replay: brings a ledger from its checkpoint to where the journal ends. A frame counts if it continues the chain; the
// journal ends at the first one that does not. If behind that end stands a frame which says that what is missing was
// durable, or one of a later opening, then something acknowledged is damaged, and the store is not opened rather than
// opened with data of the past.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "routing/journal_store/device.h"
#include "routing/journal_store/frame.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

struct ReplayFault {
  enum class Kind : std::uint8_t {
    unreadable,        // the device does not give the journal
    impossible,        // a frame says what no sound store would have written
    metadata_damaged,  // a node that the journal changes cannot be used
    frame_lost,        // one that was durable is not there any more
    superblock_lost,   // there was a newer one, and frames behind it
  } kind = Kind::unreadable;
  JournalPosition end;       // of the frames that were applied as a whole
  std::uint64_t frames = 0;  // likewise
  std::string words;         // one line for people
};

class Replay : public std::enable_shared_from_this<Replay> {
 public:
  struct Outcome {
    JournalPosition end;
    std::uint64_t frames = 0;
  };
  using Done = Completion<Result<Outcome, ReplayFault>>;

  Replay(Device& device, Ledger& ledger, const Superblock& from)
      : device_(device),
        ledger_(ledger),
        chain_(from.chain),
        next_chain_(from.next_chain),
        ring_blocks_(from.journal_chunks * kBlocksPerChunk),
        outcome_{from.replay} {}

  // After a fault the ledger is as the frames before it left it, but for records of one that were applied before it.
  void run(Done done);

 private:
  void read_window(std::uint32_t block, void (Replay::*then)());
  void go_on();
  bool is_in_window(std::uint32_t block) const;
  void try_beginning();
  ByteSpan window_at(std::uint32_t block) const;
  bool take_frame_at(std::uint32_t block);
  bool apply_frame();
  bool find_leaves(const JournalRecord& record);
  bool fail_impossible();
  void look_behind_end();
  void look_in_window();
  std::optional<ReplayFault> loss_in_window() const;
  ReplayFault fault(ReplayFault::Kind kind, std::string words) const;

  Device& device_;
  Ledger& ledger_;
  ChainId chain_, next_chain_;
  std::uint32_t ring_blocks_;
  Outcome outcome_;
  Done done_;

  std::uint32_t window_block_ = 0, window_blocks_ = 0;
  SharedBytes window_;
  Frame frame_;
  std::optional<JournalPosition> behind_frame_;  // until it is applied
  ByteSpan data_;                                // in the window, of the records from record_ on
  std::size_t record_ = 0;
  std::size_t part_ = 0;  // of that record, whose leaf is looked for
  std::vector<NodePin> leaves_;
};

}  // namespace shoal::routing::journal

// Replay: brings a ledger from its checkpoint to where the journal ends. A frame counts if it continues the chain; the
// journal ends at the first one that does not. If behind that end stands a frame which says that what is missing was
// durable, or one of a later opening, then something acknowledged is damaged, and the store is not opened rather than
// opened with data of the past. Neither is it where the device does not give what may be the next frame; anywhere else
// in the ring a block that cannot be read is passed over.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "routing/journal_store/device.h"
#include "routing/journal_store/frame.h"
#include "routing/journal_store/ledger.h"
#include "routing/journal_store/ring_window.h"

namespace shoal::routing::journal {

struct ReplayFault {
  enum class Kind : std::uint8_t {
    no_resources,      // the system has no memory to read it; later it may
    unreadable,        // the device does not give what may be the next frame
    impossible,        // a frame says what no sound store would have written
    metadata_damaged,  // a node that the journal changes cannot be used
    frame_lost,        // one that was durable is not there any more
    superblock_lost,   // there was a newer one, and frames behind it
  } kind = Kind::unreadable;
  std::uint32_t block = 0;   // of the ring, where the next frame is, or should be
  JournalPosition end;       // of the frames that were applied as a whole; behind what cannot be read
  std::uint64_t frames = 0;  // that were applied as a whole
  std::string words;         // one line for people
};

class Replay : public std::enable_shared_from_this<Replay> {
 public:
  struct Outcome {
    JournalPosition end;
    std::uint64_t frames = 0;
    std::uint32_t unreadable_blocks = 0;  // of the ring
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
  void look_for_gap(std::uint32_t block);
  bool take_frame_at(std::uint32_t block);
  bool apply_frame();
  bool find_leaves(const JournalRecord& record);
  bool fail_impossible();
  void fail_no_resources(StoreError error);
  void look_behind_end();
  void count_unreadable(const RingWindow& window);
  std::optional<ReplayFault> loss_in(const RingWindow& window) const;
  void finish();
  ReplayFault fault(ReplayFault::Kind kind, std::string words) const;

  Device& device_;
  Ledger& ledger_;
  ChainId chain_, next_chain_;
  std::uint32_t ring_blocks_;
  Outcome outcome_;
  Done done_;

  // What may be the next frame, and the device does not give.
  struct Gap {
    std::uint32_t block;
    std::uint32_t behind;  // the next block that it does give
  };

  RingWindow window_;
  Frame frame_;
  std::optional<JournalPosition> behind_frame_;  // until it is applied
  ByteSpan data_;                                // in the window, of the records from record_ on
  std::size_t record_ = 0;
  std::size_t part_ = 0;  // of that record, whose leaf is looked for
  std::vector<NodePin> leaves_;
  std::optional<Gap> gap_;
  std::optional<ReplayFault> loss_;
  std::uint32_t counted_to_ = 0;  // block up to which unreadable ones are counted
};

}  // namespace shoal::routing::journal

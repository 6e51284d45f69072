// Examiner: brings a store into memory as opening it would, but looks at everything on the way and goes on behind what
// is wrong. What it yields is the store as it would be without the faults that can be corrected; nothing is written.
//
// The order: what the checkpoint has is counted first, since the journal is replayed on right counts only.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "routing/journal_store/array_reader.h"
#include "routing/journal_store/check/later_frames.h"
#include "routing/journal_store/check/store_check.h"
#include "routing/journal_store/check/tree_check.h"
#include "routing/journal_store/core.h"
#include "routing/journal_store/replay.h"
#include "routing/journal_store/superblock_set.h"

namespace shoal::routing::journal {

struct Examination {
  ~Examination() {
    if (core) core->device->close();
  }

  CheckReport report;
  std::unique_ptr<Core> core;
  bool understood = true;            // false: the catalog cannot be read, nothing behind it is known
  std::optional<ReplayFault> fault;  // why the replay ended before the journal does
  std::vector<LaterFrame> later;     // behind a frame that was lost
  JournalPosition end;               // of what was replayed
};

class Examiner {
 public:
  using OnProgress = std::function<void(const CheckProgress&)>;
  using Done = Completion<Result<std::unique_ptr<Examination>, std::string>>;

  Examiner(Runtime& runtime, const CheckOptions& options, OnProgress on_progress, Done done)
      : runtime_(runtime), options_(options), on_progress_(std::move(on_progress)), done_(std::move(done)) {}
  Examiner(const Examiner&) = delete;
  ~Examiner() {
    if (device_) device_->close();
  }

  void run(DeviceOpen how);

 private:
  CheckReport& report() { return examination_->report; }
  Ledger& ledger() { return examination_->core->ledger; }
  void fail(const std::string& what);
  void finish();
  void tell(Result<std::unique_ptr<Examination>, std::string> result);

  void read_superblocks(std::unique_ptr<File> file);
  void take_superblocks();
  void check_places(const SuperblockSet& set);
  void read_space();
  void read_catalog();
  void take_catalog(Result<ReadArray, std::string> array);
  void claim_nodes(const std::vector<std::vector<NodeRef>>& levels, Finding::Kind kind);
  void check_trees();
  void take_trees(TreeCounts counts);
  void correct_space(const TreeCounts& counts);
  void surrender(TreeCounts counts);
  void correct_counts(const TreeCounts& counts);
  void replay();
  void on_replay_fault();
  void describe_lost_frames();
  void check_data();
  void summarize();

  std::shared_ptr<void> alive_ = std::make_shared<char>();
  Runtime& runtime_;
  CheckOptions options_;
  OnProgress on_progress_;
  Done done_;
  SharedBytes beginning_;
  std::unique_ptr<Device> device_;  // until the examination's core has it
  std::unique_ptr<Examination> examination_ = std::make_unique<Examination>();
  std::optional<std::vector<std::uint8_t>> map_;  // nullopt: it cannot be read
  std::optional<Usage> usage_;
};

}  // namespace shoal::routing::journal

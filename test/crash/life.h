// Life: one process with a store, from its start to a crash that somebody else imagines. Carries out a workload, keeps
// the model of what the store may answer, and the history of all that happened.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "test/crash/action.h"
#include "test/crash/model.h"
#include "test/crash/recorded_runtime.h"
#include "test/crash/store_driver.h"
#include "test/crash/surviving_disk.h"

namespace shoal::crash {

// What goes on from one life to the next.
struct Past {
  SurvivingDisk device{DiskImage()};
  Model model;
  OperationNumber next_operation = 1;
  ImageId second_image{2};
  bool may_be_full = false;
};

class Life {
 public:
  Life(const StoreDriver& driver, Past past, std::uint64_t seed, Fault fault = {});

  // Each of these does nothing, and says false or nothing, once the life has ended: because of a failure(), or because
  // the store did not open or close, for which a fault gave it a reason.
  bool open();
  void run(const Actions& actions);
  bool close();         // so that nothing is left to recover
  void leave_canary();  // one more write, of which the model takes anything for right
  std::optional<Observation> observe();
  void remember(const Observation& seen);  // it may not change any more, but by what is asked from now on

  // A lie that was noticed, or that the store failed where no fault gave it a reason to.
  const std::optional<std::string>& failure() const { return failure_; }

  const History& history() const { return history_; }
  const Past& past() const { return past_; }  // device: as it was at the beginning
  const Model& model() const { return model_; }
  const DiskImage& disk() const { return runtime_.disk(); }  // with all that was written
  bool fault_happened() const { return runtime_.fault_happened(); }
  // Past of a life that begins with `device` and that model.
  Past next(SurvivingDisk device, Model model) const;

  routing::PageStore& store() { return *store_; }
  RecordedRuntime& runtime() { return runtime_; }

 private:
  struct Busy {
    routing::PageId page;
    bool whole_image = false;
    std::uint32_t first_block = 0, end_block = 0;
  };

  void perform(const Action& action);
  void perform_records(const Action& action);
  void start(Operation operation, Busy busy, routing::Durability durability);
  void start_sync();
  void reopen();
  void look();
  void describe(ImageId image);
  void finish(OperationNumber operation, Result<void, routing::StoreError> result, routing::Durability durability);
  void tell(std::function<void(Model&)> event);
  void fail(std::string what);
  void end(std::string what);  // a failure unless there was a fault
  void wait_for_all() {
    wait_until([this] { return busy_.empty() && !syncing_; });
  }
  void wait_until(const std::function<bool()>& done);
  bool overlaps(const Busy& busy) const;
  bool took_note_of(ImageId image) const;
  routing::PageRecord make_record(const Action& action, const routing::PageId& page) const;
  ImageId image_of(const Action& action) const { return action.second_image ? second_image_ : ImageId{1}; }

  const StoreDriver& driver_;
  const Past past_;
  Model model_;
  OperationNumber next_operation_;
  ImageId second_image_;
  History history_;
  RecordedRuntime runtime_;
  std::map<OperationNumber, Busy> busy_;
  bool syncing_ = false;
  bool ended_ = false;
  std::optional<std::string> failure_;
  std::shared_ptr<void> opening_;
  std::unique_ptr<routing::PageStore> store_;  // ends first
};

}  // namespace shoal::crash

#include "routing/journal_store/check/store_repair.h"

#include <fmt/format.h>

#include <utility>

#include "routing/journal_store/check/examiner.h"

namespace shoal::routing::journal {
namespace {

constexpr unsigned kCheckpoints = kSuperblockPlaces / kSuperblockCopies;  // until every superblock is a new one

// Empty: it may be written.
std::string obstacle_of(const Examination& examination, bool lose_acknowledged) {
  if (!examination.understood) return "which images it has is not known, and nothing else can be made right before";
  if (!examination.fault) return "";
  if (examination.fault->kind == ReplayFault::Kind::no_resources) return "there is no memory to read the journal";
  if (lose_acknowledged) return "";
  return "its journal is damaged, and what is behind that was acknowledged: only --lose-acknowledged gives it up";
}

class Repair : public std::enable_shared_from_this<Repair> {
 public:
  using Done = Completion<Result<RepairReport, std::string>>;

  Repair(Runtime& runtime, const RepairOptions& options, Examiner::OnProgress on_progress, Done done)
      : runtime_(runtime),
        options_(options),
        done_(std::move(done)),
        examiner_(runtime, {.path = options.path, .cache_bytes = options.cache_bytes}, std::move(on_progress),
                  [this](auto examined) { on_examined(std::move(examined)); }) {}

  void run() { examiner_.run(DeviceOpen::existing); }

 private:
  Core& core() { return *examination_->core; }

  void on_examined(Result<std::unique_ptr<Examination>, std::string> examined) {
    if (!examined) return done_(examined.error());
    examination_ = std::move(*examined);
    RepairReport report{.found = examination_->report};
    if (!report.found.findings.empty()) {
      report.obstacle = obstacle_of(*examination_, options_.lose_acknowledged);
      if (report.obstacle.empty()) return write();
    }
    done_(std::move(report));
  }

  // What was read may still be in the device's volatile cache. No frame that stands in the ring is of either chain:
  // those of the next one are what is given up where a superblock was lost.
  void write() {
    Superblock& next = core().superblock;
    next.replay = examination_->end;
    next.device_chunks = core().ledger.space.chunks();
    for (ChainId* chain : {&next.chain, &next.next_chain}) {
      runtime_.random().fill(std::as_writable_bytes(std::span(chain->bytes)));
    }
    core().ledger.catalog_changed = true;
    core().device->sync([this](Result<void, StoreError> synced) { synced ? write_checkpoint() : tell(synced); });
  }

  void write_checkpoint() {
    core().checkpoint.run(core().superblock, [this](Result<void, StoreError> result) {
      if (!result) return tell(result);
      core().superblock = core().checkpoint.written();
      if (++checkpoints_ < kCheckpoints) return write_checkpoint();
      tell({});
    });
  }

  // Not from inside a completion of the device: whoever is told may end this, and the device with it.
  void tell(Result<void, StoreError> result) {
    runtime_.post([weak = weak_from_this(), result] {
      if (const auto self = weak.lock()) self->finish(result);
    });
  }

  void finish(Result<void, StoreError> result) {
    if (result) return done_(RepairReport{.found = examination_->report, .written = true});
    const bool full = result.error() == StoreError::no_space;
    done_(fmt::format("store {}: nothing was repaired: {}", options_.path,
                      full ? "it has no room for its metadata" : core().device->state().reason));
  }

  Runtime& runtime_;
  RepairOptions options_;
  Done done_;
  std::unique_ptr<Examination> examination_;
  Examiner examiner_;
  unsigned checkpoints_ = 0;
};

}  // namespace

std::shared_ptr<void> repair_store(Runtime& runtime, const RepairOptions& options,
                                   std::function<void(const CheckProgress&)> on_progress,
                                   Completion<Result<RepairReport, std::string>> done) {
  auto repair = std::make_shared<Repair>(runtime, options, std::move(on_progress), std::move(done));
  runtime.post([weak = std::weak_ptr<Repair>(repair)] {
    if (const auto repair = weak.lock()) repair->run();
  });
  return repair;
}

}  // namespace shoal::routing::journal

// RecordedRuntime: the Runtime of one process with one device, in memory and in virtual time. It records what the
// process asks of the device (history.h), and lets one thing happen at a time: what was posted first, then any one of
// the inputs and outputs under way, which the seed picks, and timers when nothing else is left.
//
// A fault hits one input or output, counted from 1 in the order in which they are asked for.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "target/runtime/runtime.h"
#include "test/crash/breach.h"
#include "test/crash/disk_image.h"
#include "test/crash/history.h"

namespace shoal::crash {

// What a write that fails has done: nothing; half of it; all of it; nothing, for there is no space, and then there is
// none for any that would make the device longer. For a read or a sync all of these are the same error.
enum class FaultKind : std::uint8_t { error, half, late, full };

struct Fault {
  std::uint64_t at = 0;  // 0: none
  FaultKind kind = FaultKind::error;
};

class RecordedRuntime final : public Runtime {
 public:
  RecordedRuntime(DiskImage disk, std::uint64_t seed, History& history, Fault fault = {},
                  std::unique_ptr<Breach> breach = std::make_unique<Breach>());
  ~RecordedRuntime() override;

  // Runs until `done` holds. False: nothing is left that could happen, or no end is in sight.
  template <class Condition>
  bool run_until(Condition done) {
    for (std::size_t steps = 0; !done(); ++steps) {
      if (steps == kMostSteps || !step()) return false;
    }
    return true;
  }
  void run_for(Duration time);  // with all inputs and outputs that fall in it
  bool fault_happened() const { return fault_.at != 0 && asked_ >= fault_.at; }
  const DiskImage& disk() const { return disk_; }

  Time now() const override { return now_; }
  std::uint64_t wall_clock_ms() const override { return 1'700'000'000'000u; }
  Random& random() override { return random_; }
  void post(Completion<> task) override { posted_.push_back(std::move(task)); }
  std::unique_ptr<Timer> after(Duration delay, Completion<> task) override;
  Result<OpenDevice, FileError> open_device(const std::string& path, DeviceOpen how) override;
  void sync_directory(const std::string& path, Completion<Result<void, FileError>> done) override;

  // There is nothing but the device, in a folder.
  void connect(const Endpoint&, Duration, Completion<Result<std::unique_ptr<Stream>, NetError>> done) override {
    post([done = std::move(done)]() mutable { done(NetError::refused); });
  }
  Result<std::unique_ptr<Listener>, NetError> listen(const Endpoint&,
                                                     UniqueFunction<void(std::unique_ptr<Stream>)>) override {
    return NetError::not_available;
  }
  Result<std::unique_ptr<File>, FileError> open_file(const std::string&, bool) override { return FileError::not_found; }
  Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string&) override {
    return FileError::not_found;
  }
  Result<std::uint64_t, FileError> file_size(const std::string&) override { return FileError::not_found; }
  Result<void, FileError> make_directories(const std::string&) override { return {}; }
  Result<std::vector<std::string>, FileError> list_directory(const std::string&) override {
    return FileError::not_found;
  }
  Result<void, FileError> remove_tree(const std::string&) override { return FileError::not_found; }
  Result<std::string, FileError> read_whole(const std::string&) override { return FileError::not_found; }
  Result<void, FileError> replace_whole(const std::string&, std::string_view) override { return FileError::refused; }

 private:
  static constexpr std::size_t kMostSteps = 1'000'000;
  using Key = std::pair<Time, std::uint64_t>;
  class RecordedFile;
  struct PendingTimer;
  enum class Verb : std::uint8_t { read, write, sync };
  struct Request {
    Verb verb = Verb::read;
    std::uint64_t number = 0, offset = 0;
    MutableByteSpan into;
    Slice bytes;
    bool durable = false;
    std::weak_ptr<void> file;
    Completion<Result<std::size_t, FileError>> done;
  };

  bool step();
  bool step_before(Time end);
  void ask(Request request);
  bool breach(Request& request);
  void begin(Request request);
  void happen(Request request);
  Result<std::size_t, FileError> perform(const Request& request);
  bool fails(const Request& request) const;
  Result<std::size_t, FileError> fail(const Request& request);
  std::size_t written_of(std::size_t bytes) const;  // by a write that fails

  DiskImage disk_;
  SeededRandom order_, random_;
  History& history_;
  const Fault fault_;
  const std::unique_ptr<Breach> breach_;
  std::uint64_t asked_ = 0;
  Time now_{};
  std::deque<Completion<>> posted_;
  std::deque<Request> under_way_;
  std::map<Key, Completion<>> timers_;
  std::uint64_t next_timer_ = 0;
  bool opened_ = false;
};

}  // namespace shoal::crash

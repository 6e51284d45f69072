// ManualRuntime: a Runtime that the test turns by hand. Time stands still until it is moved, a turn runs what is ready,
// and a connection is a Wire: what arrives, and every write that left, one by one. No files.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "target/runtime/runtime.h"

namespace shoal::test {

// One connection as the host's end and the test see it.
struct Wire {
  std::string arriving;
  bool fin = false;            // the host sends no more
  bool broken = false;         // reset
  bool hold_writes = false;    // the host reads nothing but what take() says
  std::size_t unsent = 0;      // what is left of the write under way
  std::vector<Slices> writes;  // as they left
  bool half_closed = false, closed = false;

  Endpoint local{"10.0.0.1", 3260}, peer;
  MutableByteSpan into;
  Completion<Result<std::size_t, NetError>> reader;
  Completion<Result<void, NetError>> writer;
};

class ManualRuntime final : public Runtime {
 public:
  Time now() const override { return now_; }
  std::uint64_t wall_clock_ms() const override { return 0; }
  Random& random() override { return random_; }
  void post(Completion<> task) override { ready_.push_back(std::move(task)); }
  std::unique_ptr<Timer> after(Duration delay, Completion<> task) override;
  void connect(const Endpoint&, Duration, Completion<Result<std::unique_ptr<Stream>, NetError>>) override {}
  Result<std::unique_ptr<Listener>, NetError> listen(const Endpoint& at,
                                                     UniqueFunction<void(std::unique_ptr<Stream>)> on_accept) override;

  Result<std::unique_ptr<File>, FileError> open_file(const std::string&, bool) override { return FileError::refused; }
  Result<OpenDevice, FileError> open_device(const std::string&, DeviceOpen) override { return FileError::refused; }
  void sync_directory(const std::string&, Completion<Result<void, FileError>>) override {}
  Result<std::unique_ptr<DirectoryLock>, FileError> lock_directory(const std::string&) override {
    return FileError::refused;
  }
  Result<std::uint64_t, FileError> file_size(const std::string&) override { return FileError::refused; }
  Result<void, FileError> make_directories(const std::string&) override { return FileError::refused; }
  Result<std::vector<std::string>, FileError> list_directory(const std::string&) override { return FileError::refused; }
  Result<void, FileError> remove_tree(const std::string&) override { return FileError::refused; }
  Result<std::string, FileError> read_whole(const std::string&) override { return FileError::refused; }
  Result<void, FileError> replace_whole(const std::string&, std::string_view) override { return FileError::refused; }

  // A host connects to whoever listens.
  std::shared_ptr<Wire> connect_host(const Endpoint& peer);
  bool listening() const { return static_cast<bool>(on_accept_); }
  void changed(const std::shared_ptr<Wire>& wire);  // after the test touched it

  void turn();  // what is ready now, not what becomes ready by it
  void settle() {
    while (!ready_.empty()) turn();
  }
  void pass_time(Duration time);                     // timers run when they are due
  void stand_still(Duration time) { now_ += time; }  // no turn of the loop in between
  std::size_t timers() const { return timers_.size(); }

 private:
  friend struct ManualTimer;
  friend struct ManualListener;

  Time now_{};
  SeededRandom random_{1};
  std::deque<Completion<>> ready_;
  std::uint64_t next_timer_ = 1;
  std::map<std::pair<Time, std::uint64_t>, Completion<>> timers_;
  UniqueFunction<void(std::unique_ptr<Stream>)> on_accept_;
};

}  // namespace shoal::test

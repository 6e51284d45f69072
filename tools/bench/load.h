// Load: hosts that ask, in one thread, and what came of it.
//
// steer() and told lines are for programs that play with many hosts: see shoal_bench.cpp.
#pragma once

#include <chrono>
#include <csignal>
#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "target/base/random.h"
#include "tools/bench/expectations.h"
#include "tools/bench/host.h"

struct scsi_task;

namespace shoal::bench {

inline constexpr std::uint64_t kSector = 512;
inline constexpr std::size_t kMaxSessions = 10'000;
inline constexpr std::size_t kMaxDepth = 4096;
inline constexpr auto kDrainLimit = std::chrono::seconds(60);  // answers that are still due when the time is over

struct Options {
  std::string url;
  std::string initiator;           // session n is this, "-" and n
  std::string pattern = "randrw";  // read, write, randread, randwrite, randrw
  std::string block = "4KiB", offset = "0", span;
  std::size_t depth = 32, sessions = 1;
  double rate = 0;  // commands a second and session; 0: as fast as they are answered
  double seconds = 10;
  std::uint64_t seed = 1;
  bool verify = false, as_json = false, every_second = false, steered = false;
};

struct Totals {
  std::uint64_t reads = 0, writes = 0, failed = 0, wrong = 0, checked = 0;
  std::vector<std::uint32_t> latency_us;  // of all commands
  std::string first_problem;

  void problem(std::uint64_t& counter, const std::string& text) {
    if (first_problem.empty()) first_problem = text;
    ++counter;
  }
};

class Load;

struct Command {
  Load* load = nullptr;
  Host* host = nullptr;
  bool write = false;
  std::uint64_t block = 0, operation = 0;
  Clock::time_point begun;
  std::vector<unsigned char> data;
};

class Load {
 public:
  explicit Load(const Options& options);

  void connect();
  void run(const volatile std::sig_atomic_t& interrupted);
  const Totals& totals() const { return totals_; }
  double elapsed() const { return elapsed_; }

 private:
  void start_due();
  bool start_one(Command& command);
  void finish(Command& command, int status, scsi_task* task);
  void check_read(const Command& command, const scsi_task* task);
  void note_written(const Command& command, bool good);
  bool choose_block(Command& command);
  std::chrono::milliseconds until_due() const;
  void serve(std::chrono::milliseconds wait);
  void read_orders();
  void obey(const std::string& order);
  void progress();
  void tell_person(double seconds_since);
  void tell_program();
  static void on_done(iscsi_context* session, int status, void* data, void* command);

  const Options& options_;
  SeededRandom random_;
  std::uint64_t writer_;
  std::uint64_t block_bytes_ = 4096, first_block_ = 0, blocks_ = 0, next_sequential_ = 0, next_operation_ = 1;
  std::vector<std::unique_ptr<Command>> commands_;  // libiscsi has them until their session has ended
  std::vector<Host> hosts_;
  Expectations expected_;
  Totals totals_;
  std::size_t in_flight_ = 0;
  bool stopping_ = false;
  bool orders_end_ = false;
  std::string orders_;  // the line that is not whole yet
  double elapsed_ = 0;
  Clock::time_point begun_, last_progress_;
  std::uint64_t last_count_ = 0;
};

}  // namespace shoal::bench

// shoal-bench: load on an iSCSI URL through libiscsi, one thread, with a progress line a second. With --verify every block that
// is written carries a stamp, and every block that is read must hold what was last written there.
#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

extern "C" {
#include <iscsi/iscsi.h>
#include <iscsi/scsi-lowlevel.h>
}

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <csignal>
#include <iostream>
#include <memory>
#include <nlohmann/json.hpp>
#include <unordered_map>
#include <vector>

#include "target/base/random.h"
#include "tools/bench/core/stamp.h"
#include "tools/node/config.h"

namespace {

using namespace shoal;
using Clock = std::chrono::steady_clock;

constexpr std::uint64_t kSector = 512;
constexpr std::size_t kMaxSessions = 10'000;
constexpr std::size_t kMaxDepth = 4096;
constexpr auto kDrainLimit = std::chrono::seconds(60);  // answers that are still due when the time is over

struct Options {
  std::string url;
  std::string pattern = "randrw";  // read, write, randread, randwrite, randrw
  std::string block = "4KiB", span;
  std::size_t depth = 32, sessions = 1;
  double seconds = 10;
  std::uint64_t seed = 1;
  bool verify = false, as_json = false;
};

volatile std::sig_atomic_t interrupted = 0;

struct Totals {
  std::uint64_t reads = 0, writes = 0, failed = 0, wrong = 0, checked = 0;
  std::vector<std::uint32_t> latency_us;  // of all commands
  std::string first_problem;

  void problem(std::uint64_t& counter, const std::string& text) {
    if (first_problem.empty()) first_problem = text;
    ++counter;
  }
};

// What each block of 4 KiB may hold: the last acknowledged write, or one in flight. One command a block at a time, so that
// there is no other possibility; who wants an engaged block takes another.
class Expectations {
 public:
  bool engage(std::uint64_t first, std::uint64_t count) {
    for (auto b = first; b < first + count; ++b) {
      if (engaged_.contains(b)) return false;
    }
    for (auto b = first; b < first + count; ++b) engaged_.emplace(b, true);
    return true;
  }
  void release(std::uint64_t first, std::uint64_t count) {
    for (auto b = first; b < first + count; ++b) engaged_.erase(b);
  }
  void written(std::uint64_t block, std::uint64_t operation) { last_[block] = operation; }
  // nullopt: this run has not written it, anything that is whole is right.
  std::optional<std::uint64_t> last(std::uint64_t block) const {
    const auto found = last_.find(block);
    return found == last_.end() ? std::nullopt : std::optional(found->second);
  }
  void forget(std::uint64_t block) { last_.erase(block); }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> last_;
  std::unordered_map<std::uint64_t, bool> engaged_;
};

class Load;

struct Command {
  Load* load = nullptr;
  iscsi_context* session = nullptr;
  bool write = false;
  std::uint64_t block = 0, operation = 0;
  Clock::time_point begun;
  std::vector<unsigned char> data;
};

class Load {
 public:
  explicit Load(const Options& options) : options_(options), random_(options.seed), writer_(options.seed << 20 | getpid()) {
    const auto size = parse_size(options.block);
    if (!size || *size == 0 || *size % kSector != 0 || *size > 16u << 20) throw std::runtime_error("--block: not a size of at most 16MiB");
    block_bytes_ = *size;
    if (options.verify && block_bytes_ % kStampBytes != 0) throw std::runtime_error("--verify needs blocks of 4KiB or multiples");
  }
  ~Load() {
    for (iscsi_context* session : sessions_) {
      iscsi_logout_sync(session);
      iscsi_destroy_context(session);
    }
  }

  void connect();
  void run();
  const Totals& totals() const { return totals_; }
  double elapsed() const { return elapsed_; }

 private:
  void start_one(Command& command);
  void finish(Command& command, int status, scsi_task* task);
  void check_read(const Command& command, const scsi_task* task);
  void note_written(const Command& command, bool good);
  bool choose_block(Command& command);
  void serve(std::chrono::milliseconds wait);
  void progress();
  static void on_done(iscsi_context* session, int status, void* data, void* command);

  const Options& options_;
  SeededRandom random_;
  std::uint64_t writer_;
  std::uint64_t block_bytes_ = 4096, blocks_ = 0, next_sequential_ = 0, next_operation_ = 1;
  std::vector<iscsi_context*> sessions_;
  std::vector<std::unique_ptr<Command>> commands_;
  Expectations expected_;
  Totals totals_;
  std::size_t in_flight_ = 0;
  bool stopping_ = false;
  double elapsed_ = 0;
  Clock::time_point begun_, last_progress_;
  std::uint64_t last_count_ = 0;
};

iscsi_context* open_session(const std::string& text, std::size_t number, int& lun) {
  iscsi_context* session = iscsi_create_context(fmt::format("iqn.2026-11.io.shoal:bench-{}-{}", getpid(), number).c_str());
  if (!session) throw std::runtime_error("libiscsi: out of memory");
  iscsi_url* url = iscsi_parse_full_url(session, text.c_str());
  if (!url) throw std::runtime_error(fmt::format("{}: not iscsi://HOST:PORT/IQN/LUN ({})", text, iscsi_get_error(session)));
  iscsi_set_targetname(session, url->target);
  iscsi_set_session_type(session, ISCSI_SESSION_NORMAL);
  iscsi_set_header_digest(session, ISCSI_HEADER_DIGEST_NONE);
  lun = url->lun;
  const int failed = iscsi_full_connect_sync(session, url->portal, url->lun);
  iscsi_destroy_url(url);
  if (failed) throw std::runtime_error(fmt::format("{}: {}", text, iscsi_get_error(session)));
  return session;
}

std::uint64_t capacity_bytes(iscsi_context* session, int lun) {
  scsi_task* task = iscsi_readcapacity16_sync(session, lun);
  if (!task || task->status != SCSI_STATUS_GOOD) throw std::runtime_error(fmt::format("READ CAPACITY(16): {}", iscsi_get_error(session)));
  const auto* capacity = static_cast<scsi_readcapacity16*>(scsi_datain_unmarshall(task));
  if (!capacity) throw std::runtime_error("READ CAPACITY(16): short answer");
  const std::uint64_t bytes = (capacity->returned_lba + 1) * capacity->block_length;
  scsi_free_scsi_task(task);
  return bytes;
}

int lun_of_all = 0;  // the one LUN of the one URL

// Each session is a socket, and some files are open besides.
void raise_descriptor_limit(std::size_t sessions) {
  constexpr rlim_t kBesides = 32;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // in vain: then the next line tells
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= sessions + kBesides) return;
  throw std::runtime_error(fmt::format("--sessions {} needs {} open files, and this process may have {}; raise the hard "
                                       "limit (ulimit -Hn)",
                                       sessions, sessions + kBesides, limit.rlim_cur));
}

void Load::connect() {
  raise_descriptor_limit(options_.sessions);
  for (std::size_t i = 0; i < options_.sessions; ++i) sessions_.push_back(open_session(options_.url, i, lun_of_all));
  std::uint64_t span = capacity_bytes(sessions_.front(), lun_of_all);
  if (!options_.span.empty()) {
    const auto wanted = parse_size(options_.span);
    if (!wanted) throw std::runtime_error("--span: not a size");
    span = std::min(span, *wanted);
  }
  blocks_ = span / block_bytes_;
  if (blocks_ < options_.depth * options_.sessions * 2) throw std::runtime_error("the volume (or --span) is too small for this depth");
  for (std::size_t i = 0; i < options_.sessions * options_.depth; ++i) {
    auto command = std::make_unique<Command>();
    command->load = this;
    command->session = sessions_[i % sessions_.size()];
    command->data.resize(block_bytes_);
    commands_.push_back(std::move(command));
  }
}

bool Load::choose_block(Command& command) {
  const bool sequential = !options_.pattern.starts_with("rand");
  for (int attempt = 0; attempt < 64; ++attempt) {
    command.block = sequential ? next_sequential_++ % blocks_ : random_.below(blocks_);
    const auto stamps = std::max<std::uint64_t>(1, block_bytes_ / kStampBytes);
    if (!options_.verify || expected_.engage(command.block * stamps, stamps)) return true;
  }
  return false;
}

void Load::start_one(Command& command) {
  const std::string& p = options_.pattern;
  command.write = p == "write" || p == "randwrite" || (p == "randrw" && random_.below(2) == 0);
  if (!choose_block(command)) return;
  command.begun = Clock::now();
  command.operation = next_operation_++;
  const std::uint64_t lba = command.block * block_bytes_ / kSector;
  scsi_task* task;
  if (command.write) {
    const auto bytes = std::as_writable_bytes(std::span(command.data));
    for (std::size_t at = 0; options_.verify && at < block_bytes_; at += kStampBytes) {
      write_stamp(bytes.subspan(at, kStampBytes), {(command.block * block_bytes_ + at) / kStampBytes, writer_, command.operation});
    }
    task = iscsi_write16_task(command.session, lun_of_all, lba, command.data.data(), static_cast<std::uint32_t>(block_bytes_), kSector,
                              0, 0, 0, 0, 0, on_done, &command);
  } else {
    task = iscsi_read16_task(command.session, lun_of_all, lba, static_cast<std::uint32_t>(block_bytes_), kSector, 0, 0, 0, 0, 0, on_done,
                             &command);
  }
  if (!task) throw std::runtime_error(fmt::format("libiscsi: {}", iscsi_get_error(command.session)));
  ++in_flight_;
}

void Load::on_done(iscsi_context*, int status, void* data, void* opaque) {
  auto& command = *static_cast<Command*>(opaque);
  command.load->finish(command, status, static_cast<scsi_task*>(data));
}

void Load::finish(Command& command, int status, scsi_task* task) {
  --in_flight_;
  const auto us = std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - command.begun).count();
  totals_.latency_us.push_back(static_cast<std::uint32_t>(us));
  const bool good = status == SCSI_STATUS_GOOD;
  if (!good) {
    totals_.problem(totals_.failed, fmt::format("{} of block {} failed: {}", command.write ? "WRITE" : "READ", command.block,
                                                iscsi_get_error(command.session)));
  }
  ++(command.write ? totals_.writes : totals_.reads);
  if (options_.verify) {
    if (command.write) note_written(command, good);
    if (!command.write && good) check_read(command, task);
    const auto stamps = block_bytes_ / kStampBytes;
    expected_.release(command.block * stamps, stamps);
  }
  if (task) scsi_free_scsi_task(task);
  if (!stopping_) start_one(command);
}

void Load::note_written(const Command& command, bool good) {
  const auto stamps = block_bytes_ / kStampBytes;
  for (auto b = command.block * stamps; b < (command.block + 1) * stamps; ++b) {
    if (good) expected_.written(b, command.operation);
    else expected_.forget(b);  // it may hold either
  }
}

void Load::check_read(const Command& command, const scsi_task* task) {
  const auto bytes = std::as_bytes(std::span(task->datain.data, static_cast<std::size_t>(task->datain.size)));
  if (bytes.size() != block_bytes_) {
    return totals_.problem(totals_.wrong, fmt::format("READ of block {} gave {} bytes", command.block, bytes.size()));
  }
  for (std::size_t at = 0; at < block_bytes_; at += kStampBytes) {
    const std::uint64_t number = (command.block * block_bytes_ + at) / kStampBytes;
    const auto expected = expected_.last(number);
    if (!expected) continue;
    ++totals_.checked;
    const auto stamp = read_stamp(bytes.subspan(at, kStampBytes));
    if (stamp == Stamp{number, writer_, *expected}) continue;
    totals_.problem(totals_.wrong,
                    stamp ? fmt::format("4 KiB block {}: expected operation {}, found block {} operation {}", number, *expected,
                                        stamp->block, stamp->operation)
                          : fmt::format("4 KiB block {}: torn or foreign content, expected operation {}", number, *expected));
  }
}

void Load::serve(std::chrono::milliseconds wait) {
  std::vector<pollfd> polled;
  for (iscsi_context* session : sessions_) {
    polled.push_back({iscsi_get_fd(session), static_cast<short>(iscsi_which_events(session)), 0});
  }
  if (poll(polled.data(), polled.size(), static_cast<int>(wait.count())) < 0 && errno != EINTR) throw std::runtime_error("poll failed");
  for (std::size_t i = 0; i < sessions_.size(); ++i) {
    if (iscsi_service(sessions_[i], polled[i].revents) < 0) {
      throw std::runtime_error(fmt::format("session {}: {}", i, iscsi_get_error(sessions_[i])));
    }
  }
}

void Load::progress() {
  const auto now = Clock::now();
  const std::chrono::duration<double> since = now - last_progress_;
  if (since.count() < 1 || options_.as_json) return;
  const auto count = totals_.reads + totals_.writes;
  const double rate = static_cast<double>(count - last_count_) / since.count();
  std::cerr << fmt::format("{}{:6.0f} s  {:9.0f} IOPS  {:8.1f} MB/s  {} checked, {} failed, {} wrong{}", isatty(2) ? "\r" : "",
                           std::chrono::duration<double>(now - begun_).count(), rate, rate * static_cast<double>(block_bytes_) / 1e6,
                           totals_.checked, totals_.failed, totals_.wrong, isatty(2) ? "\x1b[K" : "\n")
            << std::flush;
  last_progress_ = now;
  last_count_ = count;
}

void Load::run() {
  begun_ = last_progress_ = Clock::now();
  const auto end = begun_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
  for (auto& command : commands_) start_one(*command);
  while (!stopping_ || in_flight_ > 0) {
    const auto now = Clock::now();
    if (!stopping_ && (now >= end || interrupted)) {
      stopping_ = true;
      elapsed_ = std::chrono::duration<double>(now - begun_).count();
    }
    if (now >= end + kDrainLimit) throw std::runtime_error(fmt::format("{} commands are still without an answer", in_flight_));
    serve(std::chrono::milliseconds(stopping_ ? 100 : 50));
    progress();
  }
  if (!options_.as_json && isatty(2)) std::cerr << "\n";
}

std::uint32_t percentile(std::vector<std::uint32_t>& values, double share) {
  if (values.empty()) return 0;
  const auto at = values.begin() + static_cast<std::ptrdiff_t>(share * static_cast<double>(values.size() - 1));
  std::nth_element(values.begin(), at, values.end());
  return *at;
}

void report(const Options& options, const Load& load) {
  Totals totals = load.totals();
  const double count = static_cast<double>(totals.reads + totals.writes);
  const double iops = count / load.elapsed();
  const double mbs = iops * static_cast<double>(parse_size(options.block).value_or(0)) / 1e6;
  const auto p50 = percentile(totals.latency_us, 0.5), p99 = percentile(totals.latency_us, 0.99), top = percentile(totals.latency_us, 1);
  if (options.as_json) {
    std::cout << nlohmann::json{{"seconds", load.elapsed()}, {"reads", totals.reads}, {"writes", totals.writes}, {"iops", iops},
                                {"mb_per_s", mbs}, {"p50_us", p50}, {"p99_us", p99}, {"max_us", top}, {"checked", totals.checked},
                                {"failed", totals.failed}, {"wrong", totals.wrong}, {"first_problem", totals.first_problem}}
              << std::endl;
    return;
  }
  std::cout << fmt::format("{:.0f} IOPS, {:.1f} MB/s, latency p50 {} us, p99 {} us, max {} us\n{} reads, {} writes, {} blocks checked, "
                           "{} failed, {} wrong\n", iops, mbs, p50, p99, top, totals.reads, totals.writes, totals.checked, totals.failed,
                           totals.wrong);
  if (!totals.first_problem.empty()) std::cout << "first problem: " << totals.first_problem << "\n";
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("shoal-bench: load on an iSCSI volume; patterns that write DESTROY its content");
  Options options;
  app.add_option("URL", options.url, "iscsi://HOST:PORT/IQN/LUN")->required();
  app.add_option("--pattern", options.pattern)->check(CLI::IsMember({"read", "write", "randread", "randwrite", "randrw"}))->capture_default_str();
  app.add_option("--block", options.block, "bytes a command")->capture_default_str();
  app.add_option("--depth", options.depth, "commands in flight a session")->check(CLI::Range(std::size_t{1}, kMaxDepth))->capture_default_str();
  app.add_option("--sessions", options.sessions)->check(CLI::Range(std::size_t{1}, kMaxSessions))->capture_default_str();
  app.add_option("--seconds", options.seconds)->check(CLI::Range(0.1, 86400.0))->capture_default_str();
  app.add_option("--span", options.span, "use only so much of the volume, as 64MiB");
  app.add_option("--seed", options.seed)->capture_default_str();
  app.add_flag("--verify", options.verify, "stamp what is written and check what is read");
  app.add_flag("--json", options.as_json);
  CLI11_PARSE(app, argc, argv);
  std::signal(SIGINT, [](int) { interrupted = 1; });
  std::signal(SIGTERM, [](int) { interrupted = 1; });
  std::signal(SIGPIPE, SIG_IGN);
  try {
    Load load(options);
    load.connect();
    load.run();
    report(options, load);
    return load.totals().failed == 0 && load.totals().wrong == 0 ? 0 : 1;
  } catch (const std::exception& error) {
    std::cerr << "shoal-bench: " << error.what() << "\n";
    return 2;
  }
}

#include "tools/bench/load.h"

#include <fmt/format.h>
#include <poll.h>
#include <sys/resource.h>
#include <unistd.h>

extern "C" {
#include <iscsi/scsi-lowlevel.h>
}

#include <csignal>
#include <iostream>
#include <nlohmann/json.hpp>
#include <span>
#include <sstream>
#include <stdexcept>

#include "tools/bench/core/stamp.h"
#include "tools/node/config.h"

namespace shoal::bench {
namespace {

constexpr auto kTick = std::chrono::milliseconds(50);

int lun_of_all = 0;  // the one LUN of the one URL

std::uint64_t size_option(const char* name, const std::string& text) {
  const auto size = text == "0" ? std::uint64_t{0} : parse_size(text);
  if (!size) throw std::runtime_error(fmt::format("{}: \"{}\" is not a size, as 64MiB", name, text));
  return *size;
}

// Each session is a socket, and some files are open besides.
void raise_descriptor_limit(std::size_t sessions) {
  constexpr rlim_t kBesides = 32;
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);  // in vain: then the next line tells
  getrlimit(RLIMIT_NOFILE, &limit);
  if (limit.rlim_cur >= sessions + kBesides) return;
  throw std::runtime_error(
      fmt::format("--sessions {} needs {} open files, and this process may have {}; raise the hard "
                  "limit (ulimit -Hn)",
                  sessions, sessions + kBesides, limit.rlim_cur));
}

}  // namespace

Load::Load(const Options& options)
    : options_(options), random_(options.seed), writer_(options.seed << 20 | static_cast<std::uint64_t>(getpid())) {
  const auto size = parse_size(options.block);
  if (!size || *size == 0 || *size % kSector != 0 || *size > 16u << 20) {
    throw std::runtime_error("--block: not a size of at most 16MiB");
  }
  block_bytes_ = *size;
  if (options.verify && block_bytes_ % kStampBytes != 0) {
    throw std::runtime_error("--verify needs blocks of 4KiB or multiples");
  }
}

void Load::connect() {
  raise_descriptor_limit(options_.sessions);
  const std::string prefix =
      options_.initiator.empty() ? fmt::format("iqn.2026-11.io.shoal:bench-{}", getpid()) : options_.initiator;
  hosts_.resize(options_.sessions);
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    hosts_[i].session = open_session(options_.url, fmt::format("{}-{}", prefix, i), lun_of_all);
    if (options_.rate > 0 || options_.steered) hosts_[i].pace = Pace(options_.rate, Clock::now());
  }
  const std::uint64_t offset = size_option("--offset", options_.offset);
  const std::uint64_t capacity = capacity_bytes(hosts_.front().session.get(), lun_of_all);
  std::uint64_t span = capacity - std::min(capacity, offset);
  if (!options_.span.empty()) span = std::min(span, size_option("--span", options_.span));
  first_block_ = offset / block_bytes_;
  blocks_ = span / block_bytes_;
  if (blocks_ < options_.depth * options_.sessions * 2) {
    throw std::runtime_error("the volume (or --span) is too small for this depth");
  }
  for (std::size_t i = 0; i < options_.sessions * options_.depth; ++i) {
    auto command = std::make_unique<Command>();
    command->load = this;
    command->host = &hosts_[i % hosts_.size()];
    command->data.resize(block_bytes_);
    command->host->idle.push_back(command.get());
    commands_.push_back(std::move(command));
  }
}

// ---- commands

void Load::start_due() {
  const auto now = Clock::now();
  for (Host& host : hosts_) {
    while (!host.idle.empty() && host.pace.take(now)) {
      Command& command = *host.idle.back();
      host.idle.pop_back();
      if (start_one(command)) continue;
      host.idle.push_back(&command);  // every block that it tried is engaged
      break;
    }
  }
}

bool Load::choose_block(Command& command) {
  const bool sequential = !options_.pattern.starts_with("rand");
  for (int attempt = 0; attempt < 64; ++attempt) {
    command.block = first_block_ + (sequential ? next_sequential_++ % blocks_ : random_.below(blocks_));
    const auto stamps = std::max<std::uint64_t>(1, block_bytes_ / kStampBytes);
    if (!options_.verify || expected_.engage(command.block * stamps, stamps)) return true;
  }
  return false;
}

bool Load::start_one(Command& command) {
  const std::string& p = options_.pattern;
  command.write = p == "write" || p == "randwrite" || (p == "randrw" && random_.below(2) == 0);
  if (!choose_block(command)) return false;
  command.begun = Clock::now();
  command.operation = next_operation_++;
  iscsi_context* const session = command.host->session.get();
  const std::uint64_t lba = command.block * block_bytes_ / kSector;
  const auto bytes = static_cast<std::uint32_t>(block_bytes_);
  scsi_task* task;
  if (command.write) {
    const auto data = std::as_writable_bytes(std::span(command.data));
    for (std::size_t at = 0; options_.verify && at < block_bytes_; at += kStampBytes) {
      write_stamp(data.subspan(at, kStampBytes),
                  {(command.block * block_bytes_ + at) / kStampBytes, writer_, command.operation});
    }
    task = iscsi_write16_task(session, lun_of_all, lba, command.data.data(), bytes, kSector, 0, 0, 0, 0, 0, on_done,
                              &command);
  } else {
    task = iscsi_read16_task(session, lun_of_all, lba, bytes, kSector, 0, 0, 0, 0, 0, on_done, &command);
  }
  if (!task) throw std::runtime_error(fmt::format("libiscsi: {}", iscsi_get_error(session)));
  ++in_flight_;
  return true;
}

void Load::on_done(iscsi_context*, int status, void* data, void* opaque) {
  auto& command = *static_cast<Command*>(opaque);
  command.load->finish(command, status, static_cast<scsi_task*>(data));
}

void Load::finish(Command& command, int status, scsi_task* task) {
  --in_flight_;
  Host& host = *command.host;
  const auto us = static_cast<std::uint32_t>(
      std::chrono::duration_cast<std::chrono::microseconds>(Clock::now() - command.begun).count());
  totals_.latency_us.push_back(us);
  host.longest_us = std::max(host.longest_us, us);
  ++host.answered;
  const bool good = status == SCSI_STATUS_GOOD;
  if (!good) {
    ++host.failed;
    totals_.problem(totals_.failed, fmt::format("{} of block {} failed: {}", command.write ? "WRITE" : "READ",
                                                command.block, iscsi_get_error(host.session.get())));
  }
  ++(command.write ? totals_.writes : totals_.reads);
  if (options_.verify) {
    if (command.write) note_written(command, good);
    if (!command.write && good) check_read(command, task);
    const auto stamps = block_bytes_ / kStampBytes;
    expected_.release(command.block * stamps, stamps);
  }
  if (task) scsi_free_scsi_task(task);
  host.idle.push_back(&command);
}

void Load::note_written(const Command& command, bool good) {
  const auto stamps = block_bytes_ / kStampBytes;
  for (auto b = command.block * stamps; b < (command.block + 1) * stamps; ++b) {
    if (good)
      expected_.written(b, command.operation);
    else
      expected_.forget(b);  // it may hold either
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
    totals_.problem(
        totals_.wrong,
        stamp ? fmt::format("4 KiB block {}: expected operation {}, found block {} operation {}", number, *expected,
                            stamp->block, stamp->operation)
              : fmt::format("4 KiB block {}: torn or foreign content, expected operation {}", number, *expected));
  }
}

// ---- the loop

std::chrono::milliseconds Load::until_due() const {
  auto wait = std::chrono::duration_cast<Clock::duration>(kTick);
  const auto now = Clock::now();
  for (const Host& host : hosts_) {
    if (!host.idle.empty() && host.pace.has_due()) wait = std::min(wait, host.pace.due() - now);
  }
  return std::chrono::ceil<std::chrono::milliseconds>(std::max(wait, Clock::duration::zero()));
}

void Load::serve(std::chrono::milliseconds wait) {
  std::vector<pollfd> polled;
  for (const Host& host : hosts_) {
    iscsi_context* const session = host.session.get();
    polled.push_back({iscsi_get_fd(session), static_cast<short>(iscsi_which_events(session)), 0});
  }
  if (options_.steered && !orders_end_) polled.push_back({STDIN_FILENO, POLLIN, 0});
  if (poll(polled.data(), polled.size(), static_cast<int>(wait.count())) < 0 && errno != EINTR) {
    throw std::runtime_error("poll failed");
  }
  for (std::size_t i = 0; i < hosts_.size(); ++i) {
    if (iscsi_service(hosts_[i].session.get(), polled[i].revents) < 0) {
      throw std::runtime_error(fmt::format("session {}: {}", i, iscsi_get_error(hosts_[i].session.get())));
    }
  }
  if (polled.size() > hosts_.size() && polled.back().revents != 0) read_orders();
}

// A line is the number of a session and the commands a second that it sends from now on, as "3 200". The end of the
// input is the end of the load.
void Load::read_orders() {
  char buffer[4096];
  const ssize_t count = ::read(STDIN_FILENO, buffer, sizeof buffer);
  if (count <= 0) {
    orders_end_ = true;
    return;
  }
  orders_.append(buffer, static_cast<std::size_t>(count));
  for (std::size_t end; (end = orders_.find('\n')) != std::string::npos;) {
    obey(orders_.substr(0, end));
    orders_.erase(0, end + 1);
  }
}

void Load::obey(const std::string& order) {
  std::istringstream words(order);
  std::size_t number = 0;
  double rate = 0;
  if (!(words >> number >> rate) || number >= hosts_.size() || rate < 0) {
    throw std::runtime_error(fmt::format("\"{}\" is not a session and its rate, as \"3 200\"", order));
  }
  hosts_[number].pace = Pace(rate, Clock::now());
}

void Load::run(const volatile std::sig_atomic_t& interrupted) {
  begun_ = last_progress_ = Clock::now();
  const auto end =
      begun_ + std::chrono::duration_cast<Clock::duration>(std::chrono::duration<double>(options_.seconds));
  while (!stopping_ || in_flight_ > 0) {
    const auto now = Clock::now();
    if (!stopping_ && (now >= end || interrupted || orders_end_)) {
      stopping_ = true;
      elapsed_ = std::chrono::duration<double>(now - begun_).count();
    }
    if (now >= end + kDrainLimit) {
      throw std::runtime_error(fmt::format("{} commands are still without an answer", in_flight_));
    }
    if (!stopping_) start_due();
    serve(stopping_ ? kTick : until_due());
    progress();
  }
  if (!options_.as_json && isatty(2)) std::cerr << "\n";
}

void Load::progress() {
  const auto now = Clock::now();
  const std::chrono::duration<double> since = now - last_progress_;
  if (since.count() < 1) return;
  if (options_.every_second) tell_program();
  if (!options_.as_json) tell_person(since.count());
  last_progress_ = now;
  last_count_ = totals_.reads + totals_.writes;
}

void Load::tell_person(double seconds_since) {
  const double rate = static_cast<double>(totals_.reads + totals_.writes - last_count_) / seconds_since;
  std::cerr << fmt::format("{}{:6.0f} s  {:9.0f} IOPS  {:8.1f} MB/s  {} checked, {} failed, {} wrong{}",
                           isatty(2) ? "\r" : "", std::chrono::duration<double>(Clock::now() - begun_).count(), rate,
                           rate * static_cast<double>(block_bytes_) / 1e6, totals_.checked, totals_.failed,
                           totals_.wrong, isatty(2) ? "\x1b[K" : "\n")
            << std::flush;
}

// Of each session: commands answered so far, of these failed, and the longest that one took since the last line.
void Load::tell_program() {
  nlohmann::json line{{"t", std::chrono::duration<double>(Clock::now() - begun_).count()},
                      {"failed", totals_.failed},
                      {"wrong", totals_.wrong}};
  for (Host& host : hosts_) {
    line["answered"].push_back(host.answered);
    line["failures"].push_back(host.failed);
    line["longest_us"].push_back(std::exchange(host.longest_us, 0));
  }
  std::cout << line.dump() << std::endl;
}

}  // namespace shoal::bench

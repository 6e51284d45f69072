#include "target/base/log_writer.h"

#include <poll.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <condition_variable>
#include <csignal>
#include <mutex>
#include <string_view>
#include <thread>
#include <utility>

#include "target/base/log_queue.h"

namespace shoal {
namespace {

constexpr std::size_t kBatchBytes = 64 << 10;

// What is left where the descriptor takes no more: its reader has gone, its disk is full.
std::string_view write_all(int descriptor, std::string_view text) {
  while (!text.empty()) {
    const ssize_t written = ::write(descriptor, text.data(), text.size());
    if (written >= 0) {
      text.remove_prefix(static_cast<std::size_t>(written));
    } else if (errno == EAGAIN) {  // others made it non-blocking
      pollfd room{descriptor, POLLOUT, 0};
      ::poll(&room, 1, -1);
    } else if (errno != EINTR) {
      break;
    }
  }
  return text;
}

std::uint64_t lines_in(std::string_view text) { return static_cast<std::uint64_t>(std::ranges::count(text, '\n')); }

// Signals are for the threads of the program; SIGPIPE, which a write raises in its own thread, is for nobody.
class AllSignalsBlocked {
 public:
  AllSignalsBlocked() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before_);
  }
  ~AllSignalsBlocked() { pthread_sigmask(SIG_SETMASK, &before_, nullptr); }

 private:
  sigset_t before_;
};

}  // namespace

struct LogWriter::Shared {
  Shared(int descriptor, SayMissing say_missing) : descriptor(descriptor), say_missing(std::move(say_missing)) {}

  void run();
  std::uint64_t write(const LogQueue::Batch& batch) const;

  const int descriptor;
  const SayMissing say_missing;
  std::mutex mutex;  // of all below
  std::condition_variable wake, ended;
  LogQueue queue{kMaxWaitingLogBytes};
  bool ending = false, has_ended = false;
};

void LogWriter::Shared::run() {
  std::unique_lock lock(mutex);
  while (true) {
    wake.wait(lock, [this] { return ending || !queue.empty(); });
    if (queue.empty()) break;
    const LogQueue::Batch batch = queue.take(kBatchBytes);
    lock.unlock();
    const std::uint64_t lost = write(batch);
    lock.lock();
    queue.lost(lost);
  }
  has_ended = true;
  ended.notify_all();
}

// Yields how many lines of the batch, and missing before it, were not written.
std::uint64_t LogWriter::Shared::write(const LogQueue::Batch& batch) const {
  if (batch.missing && !write_all(descriptor, say_missing(batch.missing)).empty()) {
    return batch.missing + lines_in(batch.text);
  }
  return lines_in(write_all(descriptor, batch.text));
}

LogWriter::LogWriter(int descriptor, SayMissing say_missing, Duration patience)
    : shared_(std::make_shared<Shared>(descriptor, std::move(say_missing))), patience_(patience) {
  const AllSignalsBlocked here;  // and in the thread, which inherits it
  std::thread([shared = shared_] { shared->run(); }).detach();
}

LogWriter::~LogWriter() {
  std::unique_lock lock(shared_->mutex);
  shared_->ending = true;
  shared_->wake.notify_all();
  shared_->ended.wait_for(lock, patience_, [this] { return shared_->has_ended; });
}

void LogWriter::push(std::string line) {
  const std::lock_guard lock(shared_->mutex);
  const bool idle = shared_->queue.empty();
  shared_->queue.push(std::move(line));
  if (idle) shared_->wake.notify_one();
}

}  // namespace shoal

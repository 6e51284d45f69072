#include "target/runtime/thread_file_engine.h"

#include <fcntl.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/post.hpp>
#include <cerrno>
#include <iterator>

namespace shoal {
namespace {

constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

// Bytes, or a negative error number, as io_uring answers.
int perform(FileOperation& operation) {
  const int fd = operation.file().fd;
  const auto offset = static_cast<off_t>(operation.offset());
  ssize_t result = 0;
  switch (operation.verb()) {
    case FileVerb::read: {
      const auto vectors = operation.vectors();
      result = ::preadv(fd, vectors.data(), static_cast<int>(vectors.size()), offset);
      break;
    }
    case FileVerb::write: {
      const auto vectors = operation.vectors();
      result = ::pwritev2(fd, vectors.data(), static_cast<int>(vectors.size()), offset, operation.write_flags());
      break;
    }
    case FileVerb::sync: result = ::fdatasync(fd); break;
    case FileVerb::punch: result = ::fallocate(fd, kPunch, offset, static_cast<off_t>(operation.length())); break;
  }
  return result < 0 ? -errno : static_cast<int>(result);
}

}  // namespace

ThreadFileEngine::ThreadFileEngine(boost::asio::io_context& context, RunQueue& queue, std::size_t threads)
    : context_(context), queue_(queue), thread_count_(threads) {
  for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this] { work(); });
}

ThreadFileEngine::~ThreadFileEngine() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  work_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void ThreadFileEngine::start(std::unique_ptr<FileOperation> operation) {
  started_.push_back(std::move(operation));
  queue_.wake();
}

bool ThreadFileEngine::turn() {
  if (started_.empty()) return false;
  const bool several = started_.size() > 1;
  {
    const std::lock_guard lock(mutex_);
    std::ranges::move(started_, std::back_inserter(waiting_));
  }
  started_.clear();
  several ? work_.notify_all() : work_.notify_one();
  return false;
}

void ThreadFileEngine::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    FileOperations share = take_share();
    lock.unlock();
    for (const auto& operation : share) {
      while (!operation->advance(perform(*operation))) {
      }
    }
    lock.lock();
    hand_over(std::move(share));
  }
}

// What waits, divided among the threads: few at once keep all of them busy, many cost one change of hands for several.
FileOperations ThreadFileEngine::take_share() {
  const auto end =
      waiting_.begin() + static_cast<std::ptrdiff_t>((waiting_.size() + thread_count_ - 1) / thread_count_);
  FileOperations share(std::make_move_iterator(waiting_.begin()), std::make_move_iterator(end));
  waiting_.erase(waiting_.begin(), end);
  for (const auto& operation : share) running_.push_back(operation.get());
  return share;
}

void ThreadFileEngine::hand_over(FileOperations operations) {
  for (const auto& operation : operations) std::erase(running_, operation.get());
  std::ranges::move(operations, std::back_inserter(answered_));
  idle_.notify_all();
  if (std::exchange(delivery_posted_, true)) return;
  boost::asio::post(context_, [this] { deliver(); });
}

void ThreadFileEngine::deliver() {
  {
    const std::lock_guard lock(mutex_);
    delivery_posted_ = false;
    std::ranges::move(answered_, std::back_inserter(finished_));
    answered_.clear();
  }
  while (!finished_.empty()) {  // a completion may abandon a file
    const auto operation = std::move(finished_.front());
    finished_.pop_front();
    operation->complete();
  }
}

void ThreadFileEngine::abandon(const OpenFile& file) {
  FileOperations dropped;  // what these own ends last, and without the lock
  std::vector<FileOperation::AnyDone> forgotten;
  std::unique_lock lock(mutex_);
  for (FileOperations* operations : {&started_, &waiting_, &answered_, &finished_}) {
    std::ranges::move(take_of(file, *operations), std::back_inserter(dropped));
  }
  // A thread moves bytes and counts them; the completion is the loop's.
  for (FileOperation* operation : running_) {
    if (&operation->file() == &file) forgotten.push_back(operation->forget());
  }
  idle_.wait(lock, [&] {
    return std::ranges::none_of(running_, [&](const FileOperation* operation) {
      return operation->verb() == FileVerb::read && &operation->file() == &file;
    });
  });
  lock.unlock();
}

}  // namespace shoal

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

constexpr int kThreads = 4;
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

ThreadFileEngine::ThreadFileEngine(boost::asio::io_context& context) : context_(context) {
  for (int i = 0; i < kThreads; ++i) threads_.emplace_back([this] { work(); });
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
  {
    const std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(operation));
  }
  work_.notify_one();
}

void ThreadFileEngine::work() {
  std::unique_lock lock(mutex_);
  while (true) {
    work_.wait(lock, [this] { return stopping_ || !waiting_.empty(); });
    if (stopping_) return;
    auto operation = std::move(waiting_.front());
    waiting_.pop_front();
    running_.push_back(operation.get());
    lock.unlock();
    while (!operation->advance(perform(*operation))) {
    }
    lock.lock();
    std::erase(running_, operation.get());
    hand_over(std::move(operation));
  }
}

void ThreadFileEngine::hand_over(std::unique_ptr<FileOperation> operation) {
  answered_.push_back(std::move(operation));
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
  for (FileOperations* operations : {&waiting_, &answered_, &finished_}) {
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

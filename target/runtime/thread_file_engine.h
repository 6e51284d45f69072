// ThreadFileEngine: file operations by preadv and pwritev2 on a few threads: all of them for kernels that forbid
// io_uring (containers often do), the plain writes elsewhere.
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "target/runtime/file_executor.h"
#include "target/runtime/run_queue.h"

namespace shoal {

class ThreadFileEngine final : public FileExecutor {
 public:
  ThreadFileEngine(boost::asio::io_context& context, RunQueue& queue, std::size_t threads);
  ~ThreadFileEngine() override;

  void start(std::unique_ptr<FileOperation> operation) override;
  bool turn() override;
  void abandon(const OpenFile& file) override;

 private:
  void work();
  FileOperations take_share();
  void hand_over(FileOperations operations);
  void deliver();

  boost::asio::io_context& context_;
  RunQueue& queue_;
  const std::size_t thread_count_;
  std::mutex mutex_;  // for what follows, up to the threads
  std::condition_variable work_, idle_;
  FileOperations waiting_, answered_;
  std::vector<FileOperation*> running_;
  bool stopping_ = false;
  bool delivery_posted_ = false;

  // Of the loop's thread alone: started in this turn; answered, not completed yet.
  FileOperations started_, finished_;
  std::vector<std::thread> threads_;
};

}  // namespace shoal

// ThreadFileEngine: file operations by preadv2 and pwritev2 on a few threads, for kernels that forbid io_uring
// (containers often do).
#pragma once

#include <boost/asio/io_context.hpp>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

#include "target/runtime/file_executor.h"

namespace shoal {

class ThreadFileEngine final : public FileExecutor {
 public:
  explicit ThreadFileEngine(boost::asio::io_context& context);
  ~ThreadFileEngine() override;

  void start(std::unique_ptr<FileOperation> operation) override;
  void abandon(const OpenFile& file) override;

 private:
  void work();
  void deliver();
  void hand_over(std::unique_ptr<FileOperation> operation);

  boost::asio::io_context& context_;
  std::mutex mutex_;  // for what follows, up to the threads
  std::condition_variable work_, idle_;
  FileOperations waiting_, answered_;
  std::vector<FileOperation*> running_;
  bool stopping_ = false;
  bool delivery_posted_ = false;

  FileOperations finished_;  // answered, not completed yet; of the loop's thread alone
  std::vector<std::thread> threads_;
};

}  // namespace shoal

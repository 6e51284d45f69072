// MixedFileEngine: a ring for everything but plain writes into the page cache, a thread for those. Such a write is one
// that io_uring cannot carry out at once on ext4: it hands each to a kernel worker, one at a time for a file. Measured
// with 4 KiB and 32 outstanding: 10 k/s and 31 us of processor time each by the ring, 80 k/s and 6 us by one thread, 9
// us by four, which spin for the file's lock. Reads are the other way round: 1 us by the ring, 2 to 4 us by threads.
#pragma once

#include "target/runtime/thread_file_engine.h"
#include "target/runtime/uring_file_engine.h"

namespace shoal {

class MixedFileEngine final : public FileExecutor {
 public:
  // null: the kernel does not permit or know io_uring.
  static std::unique_ptr<MixedFileEngine> create(boost::asio::io_context& context, RunQueue& queue);

  void start(std::unique_ptr<FileOperation> operation) override;
  bool turn() override;
  void abandon(const OpenFile& file) override;
  SharedBytes memory(std::size_t bytes) override { return ring_->memory(bytes); }

 private:
  MixedFileEngine(std::unique_ptr<UringFileEngine> ring, boost::asio::io_context& context, RunQueue& queue)
      : ring_(std::move(ring)), writer_(context, queue, 1) {}

  std::unique_ptr<UringFileEngine> ring_;
  ThreadFileEngine writer_;
};

}  // namespace shoal

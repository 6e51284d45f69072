// UringFileEngine: file operations on one io_uring ring. Operations of one turn of the loop are submitted by one system
// call. Answers are taken at the end of a turn without one; the ring's eventfd wakes the loop only when it would
// otherwise sleep.
#pragma once

#include <liburing.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/posix/basic_stream_descriptor.hpp>
#include <boost/intrusive/list.hpp>
#include <memory>

#include "target/runtime/file_executor.h"
#include "target/runtime/fixed_memory.h"
#include "target/runtime/run_queue.h"

namespace shoal {

class UringFileEngine final : public FileExecutor {
 public:
  // null: the kernel does not permit or know io_uring.
  static std::unique_ptr<UringFileEngine> create(boost::asio::io_context& context, RunQueue& queue);
  ~UringFileEngine() override;

  void start(std::unique_ptr<FileOperation> operation) override;
  bool turn() override;
  void abandon(const OpenFile& file) override;
  SharedBytes memory(std::size_t bytes) override { return memory_.take(bytes); }

 private:
  using Descriptor = boost::asio::posix::basic_stream_descriptor<boost::asio::io_context::executor_type>;
  UringFileEngine(boost::asio::io_context& context, RunQueue& queue, int event);
  bool set_up(int event);
  bool announce(unsigned slot, MutableByteSpan slab);

  bool can_submit() const;
  void wait_for_event();
  void prepare(io_uring_sqe& entry, FileOperation& operation);
  void prepare_write(io_uring_sqe& entry, FileOperation& operation);
  void fill_submission_queue();
  void submit();
  bool collect_answers();
  void take_answer(const io_uring_cqe& answer);
  bool complete_finished();
  bool is_reading(const OpenFile& file) const;
  void wait_for_answers();

  io_uring ring_{};
  bool ring_is_set_up_ = false;
  Descriptor event_;
  std::uint64_t event_count_ = 0;
  RunQueue& queue_;
  FixedMemory memory_;
  FileOperations waiting_;                           // not in the ring yet, in order
  boost::intrusive::list<FileOperation> in_flight_;  // owned by the ring: from submission to answer
  FileOperations finished_;                          // answered, not completed yet
};

}  // namespace shoal

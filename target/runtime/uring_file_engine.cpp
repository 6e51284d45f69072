#include "target/runtime/uring_file_engine.h"

#include <fcntl.h>
#include <sys/eventfd.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>
#include <iterator>
#include <vector>

#include "target/base/check.h"

namespace shoal {
namespace {

constexpr unsigned kMaxInFlight =
    512;  // entries of the ring; its completion side has twice as many and never overflows
constexpr int kPunch = FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE;

// The ring takes a length of 32 bits; what it leaves is asked for by the next step of the operation.
unsigned length_of(const iovec& vector) {
  return static_cast<unsigned>(std::min<std::size_t>(vector.iov_len, std::size_t{1} << 30));
}

// COOP_TASKRUN (Linux 5.19): answers are put in the ring when the thread enters the kernel anyway, without an
// interrupt.
int init_ring(io_uring& ring) {
  const int result = io_uring_queue_init(kMaxInFlight, &ring, IORING_SETUP_COOP_TASKRUN);
  return result == -EINVAL ? io_uring_queue_init(kMaxInFlight, &ring, 0) : result;
}

}  // namespace

UringFileEngine::UringFileEngine(boost::asio::io_context& context, RunQueue& queue, int event)
    : event_(context, event),
      queue_(queue),
      memory_([this](unsigned slot, MutableByteSpan slab) { return announce(slot, slab); }) {}

std::unique_ptr<UringFileEngine> UringFileEngine::create(boost::asio::io_context& context, RunQueue& queue) {
  const int event = ::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
  if (event < 0) return nullptr;
  std::unique_ptr<UringFileEngine> engine(new UringFileEngine(context, queue, event));
  if (!engine->set_up(event)) return nullptr;
  engine->wait_for_event();
  return engine;
}

bool UringFileEngine::set_up(int event) {
  ring_is_set_up_ = init_ring(ring_) == 0;
  return ring_is_set_up_ && io_uring_register_eventfd(&ring_, event) == 0 &&
         io_uring_cq_eventfd_toggle(&ring_, true) == 0;
}

// The table of buffers (Linux 5.19) is made with the first of them: a runtime that writes to no device needs none.
bool UringFileEngine::announce(unsigned slot, MutableByteSpan slab) {
  if (slot == 0 && io_uring_register_buffers_sparse(&ring_, FixedMemory::kMostSlabs) != 0) return false;
  const iovec vector{slab.data(), slab.size()};
  __u64 tag = 0;
  return io_uring_register_buffers_update_tag(&ring_, slot, &vector, &tag, 1) == 1;
}

UringFileEngine::~UringFileEngine() {
  if (!ring_is_set_up_) return;
  const FileOperations dropped = std::move(waiting_);
  std::vector<FileOperation::AnyDone> forgotten;
  for (FileOperation& operation : in_flight_) forgotten.push_back(operation.forget());
  while (!in_flight_.empty()) wait_for_answers();
  io_uring_queue_exit(&ring_);
}

void UringFileEngine::start(std::unique_ptr<FileOperation> operation) {
  waiting_.push_back(std::move(operation));
  queue_.wake();
}

// While it works, the engine looks into the ring itself and needs no event. It asks for one again before the loop
// sleeps, and looks once more after that, so that no answer falls in between.
bool UringFileEngine::turn() {
  io_uring_cq_eventfd_toggle(&ring_, false);
  submit();
  collect_answers();
  if (complete_finished() || can_submit()) return true;
  io_uring_cq_eventfd_toggle(&ring_, true);
  return collect_answers() && complete_finished();
}

bool UringFileEngine::can_submit() const {
  return io_uring_sq_ready(&ring_) > 0 || (!waiting_.empty() && in_flight_.size() < kMaxInFlight);
}

void UringFileEngine::wait_for_event() {
  event_.async_read_some(boost::asio::buffer(&event_count_, sizeof event_count_),
                         [this](const boost::system::error_code& cancelled, std::size_t) {
                           if (cancelled) return;
                           queue_.wake();
                           wait_for_event();
                         });
}

void UringFileEngine::prepare(io_uring_sqe& entry, FileOperation& operation) {
  const int fd = operation.file().fd;
  switch (operation.verb()) {
    case FileVerb::read: {
      const auto vectors = operation.vectors();
      if (vectors.size() == 1)
        return io_uring_prep_read(&entry, fd, vectors[0].iov_base, length_of(vectors[0]), operation.offset());
      return io_uring_prep_readv(&entry, fd, vectors.data(), vectors.size(), operation.offset());
    }
    case FileVerb::write: return prepare_write(entry, operation);
    case FileVerb::sync: return io_uring_prep_fsync(&entry, fd, IORING_FSYNC_DATASYNC);
    case FileVerb::punch:
      return io_uring_prep_fallocate(&entry, fd, kPunch, operation.offset(), static_cast<off_t>(operation.length()));
  }
}

void UringFileEngine::prepare_write(io_uring_sqe& entry, FileOperation& operation) {
  const int fd = operation.file().fd;
  const auto vectors = operation.vectors();
  const iovec& first = vectors[0];
  if (vectors.size() > 1) {
    io_uring_prep_writev(&entry, fd, vectors.data(), vectors.size(), operation.offset());
  } else if (const auto slot = memory_.slot_of({static_cast<const std::byte*>(first.iov_base), first.iov_len})) {
    io_uring_prep_write_fixed(&entry, fd, first.iov_base, length_of(first), operation.offset(),
                              static_cast<int>(*slot));
  } else {
    io_uring_prep_write(&entry, fd, first.iov_base, length_of(first), operation.offset());
  }
  entry.rw_flags = operation.write_flags();
}

void UringFileEngine::fill_submission_queue() {
  while (!waiting_.empty() && in_flight_.size() < kMaxInFlight) {
    io_uring_sqe* entry = io_uring_get_sqe(&ring_);
    if (!entry) return;
    FileOperation* operation = waiting_.front().release();
    waiting_.pop_front();
    in_flight_.push_back(*operation);
    prepare(*entry, *operation);
    io_uring_sqe_set_data(entry, operation);
  }
}

void UringFileEngine::submit() {
  fill_submission_queue();
  if (io_uring_sq_ready(&ring_) == 0) return;
  const int result = io_uring_submit(&ring_);
  // Short of memory for the moment: the entries stay in the queue for the next turn.
  CHECK(result >= 0 || result == -EAGAIN || result == -EBUSY || result == -EINTR, result);
}

bool UringFileEngine::collect_answers() {
  std::array<io_uring_cqe*, 64> answers;
  bool any = false;
  while (const unsigned count = io_uring_peek_batch_cqe(&ring_, answers.data(), answers.size())) {
    for (unsigned i = 0; i < count; ++i) take_answer(*answers[i]);
    io_uring_cq_advance(&ring_, count);
    any = true;
  }
  return any;
}

void UringFileEngine::take_answer(const io_uring_cqe& answer) {
  std::unique_ptr<FileOperation> operation(static_cast<FileOperation*>(io_uring_cqe_get_data(&answer)));
  in_flight_.erase(in_flight_.iterator_to(*operation));
  const bool finished = operation->advance(answer.res);
  (finished ? finished_ : waiting_).push_back(std::move(operation));
}

bool UringFileEngine::complete_finished() {
  const bool any = !finished_.empty();
  while (!finished_.empty()) {  // a completion may abandon a file, which adds to the list
    const auto operation = std::move(finished_.front());
    finished_.pop_front();
    operation->complete();
  }
  return any;
}

void UringFileEngine::abandon(const OpenFile& file) {
  std::vector<FileOperation::AnyDone> forgotten;
  for (FileOperation& operation : in_flight_) {
    if (&operation.file() == &file) forgotten.push_back(operation.forget());
  }
  FileOperations dropped = take_of(file, finished_);
  while (is_reading(file)) wait_for_answers();
  // Last, because a read that came back short waits here for its rest.
  std::ranges::move(take_of(file, waiting_), std::back_inserter(dropped));
  queue_.wake();  // answers of other files may have come
}

bool UringFileEngine::is_reading(const OpenFile& file) const {
  return std::any_of(in_flight_.begin(), in_flight_.end(), [&](const FileOperation& operation) {
    return operation.verb() == FileVerb::read && &operation.file() == &file;
  });
}

void UringFileEngine::wait_for_answers() {
  io_uring_submit_and_wait(&ring_, 1);
  collect_answers();
}

}  // namespace shoal

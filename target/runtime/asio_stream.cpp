#include "target/runtime/asio_stream.h"

#include <limits.h>
#include <sys/socket.h>
#include <sys/uio.h>

#include <algorithm>
#include <array>
#include <boost/asio/buffer.hpp>

#include "target/base/check.h"
#include "target/runtime/slice_cursor.h"

namespace shoal {
namespace {

using boost::system::error_code;
using ReadDone = Completion<Result<std::size_t, NetError>>;
using WriteDone = Completion<Result<void, NetError>>;

constexpr std::size_t kSentPerTurn = 4u << 20;  // of one write

// What a Stream shares with the operations that wait for it: it ends with the last of the two.
// Once closed_, both completions are empty and nothing is begun or called any more.
class StreamState : public std::enable_shared_from_this<StreamState> {
 public:
  StreamState(TcpSocket socket, RunQueue& queue);

  void read_some(MutableByteSpan into, ReadDone done);
  void write(Slices data, WriteDone done);
  std::size_t unsent_bytes() const { return unsent_.left(); }
  void shutdown_send();
  void close();

  const Endpoint& local() const { return local_; }
  const Endpoint& peer() const { return peer_; }

 private:
  enum class Sent { all, part, failed };

  void on_read(const error_code& error, std::size_t count);
  void send();
  Sent send_batch();
  void send_later();
  void wait_writable();
  void finish_write(Result<void, NetError> result);
  void shut_send();

  TcpSocket socket_;
  RunQueue& queue_;
  Endpoint local_, peer_;
  ReadDone read_done_;
  WriteDone write_done_;
  SliceCursor unsent_;
  bool writing_ = false;
  bool shut_after_write_ = false;
  bool closed_ = false;
};

StreamState::StreamState(TcpSocket socket, RunQueue& queue) : socket_(std::move(socket)), queue_(queue) {
  error_code ignored;  // of a connection that was reset meanwhile: the first read tells
  local_ = from_asio(socket_.local_endpoint(ignored));
  peer_ = from_asio(socket_.remote_endpoint(ignored));
}

// Asio tries recv at once where the last event has not been drained yet, and waits for the next event otherwise; either
// way its handler comes from the loop, after other sockets have had their turn.
void StreamState::read_some(MutableByteSpan into, ReadDone done) {
  if (closed_) return;
  CHECK(!into.empty() && !read_done_, into.size());
  read_done_ = std::move(done);
  socket_.async_read_some(
      boost::asio::buffer(into.data(), into.size()),
      [self = shared_from_this()](const error_code& error, std::size_t count) { self->on_read(error, count); });
}

void StreamState::on_read(const error_code& error, std::size_t count) {
  if (closed_) return;
  ReadDone done = std::move(read_done_);
  if (error) {
    done(stream_error(error));
  } else {
    done(count);
  }
}

void StreamState::write(Slices data, WriteDone done) {
  if (closed_) return;
  CHECK(!writing_);
  writing_ = true;
  write_done_ = std::move(done);
  unsent_ = SliceCursor(std::move(data));
  send();
}

// A peer that reads as fast as we send does not keep the loop from the others.
void StreamState::send() {
  const std::size_t until = unsent_.left() - std::min(unsent_.left(), kSentPerTurn);
  while (unsent_.left() > until) {
    switch (send_batch()) {
      case Sent::all: break;
      case Sent::part: return wait_writable();
      case Sent::failed: return finish_write(NetError::closed);
    }
  }
  unsent_.empty() ? finish_write({}) : send_later();
}

void StreamState::send_later() {
  queue_.post([self = shared_from_this()] {
    if (!self->closed_) self->send();
  });
}

StreamState::Sent StreamState::send_batch() {
  std::array<iovec, IOV_MAX> vectors;
  msghdr message{};
  message.msg_iov = vectors.data();
  const auto [count, bytes] = unsent_.gather(vectors);
  message.msg_iovlen = count;
  ssize_t sent;
  do {
    sent = ::sendmsg(socket_.native_handle(), &message, MSG_NOSIGNAL | MSG_DONTWAIT);
  } while (sent < 0 && errno == EINTR);
  if (sent < 0) return errno == EAGAIN ? Sent::part : Sent::failed;
  unsent_.skip(static_cast<std::size_t>(sent));
  return static_cast<std::size_t>(sent) == bytes ? Sent::all : Sent::part;
}

void StreamState::wait_writable() {
  socket_.async_wait(TcpSocket::wait_write, [self = shared_from_this()](const error_code& error) {
    if (self->closed_) return;
    error ? self->finish_write(stream_error(error)) : self->send();
  });
}

void StreamState::finish_write(Result<void, NetError> result) {
  unsent_ = {};
  queue_.post([self = shared_from_this(), result] {
    if (self->closed_) return;
    self->writing_ = false;
    if (self->shut_after_write_) self->shut_send();
    WriteDone done = std::move(self->write_done_);
    done(result);
  });
}

void StreamState::shutdown_send() {
  if (closed_) return;
  if (writing_) {
    shut_after_write_ = true;
  } else {
    shut_send();
  }
}

void StreamState::shut_send() {
  error_code ignored;  // the peer may be gone already: then a read tells
  socket_.shutdown(TcpSocket::shutdown_send, ignored);
}

void StreamState::close() {
  if (std::exchange(closed_, true)) return;
  error_code ignored;
  socket_.close(ignored);
  unsent_ = {};
  // Ended last: they may own the Stream whose call this is.
  const ReadDone read = std::move(read_done_);
  const WriteDone write = std::move(write_done_);
}

class AsioStream final : public Stream {
 public:
  explicit AsioStream(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  ~AsioStream() override { close(); }

  void read_some(MutableByteSpan into, ReadDone done) override { state_->read_some(into, std::move(done)); }
  void write(Slices data, WriteDone done) override { state_->write(std::move(data), std::move(done)); }
  std::size_t unsent_bytes() const override { return state_->unsent_bytes(); }
  void shutdown_send() override { state_->shutdown_send(); }
  void close() override {
    const auto keep = state_;
    keep->close();
  }
  Endpoint local() const override { return state_->local(); }
  Endpoint peer() const override { return state_->peer(); }

 private:
  std::shared_ptr<StreamState> state_;
};

}  // namespace

std::unique_ptr<Stream> make_asio_stream(TcpSocket socket, RunQueue& queue) {
  send_at_once(socket);
  return std::make_unique<AsioStream>(std::make_shared<StreamState>(std::move(socket), queue));
}

}  // namespace shoal

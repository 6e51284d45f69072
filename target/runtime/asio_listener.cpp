#include "target/runtime/asio_listener.h"

#include <sys/socket.h>

#include <boost/asio/ip/v6_only.hpp>
#include <cerrno>

#include "target/runtime/asio_stream.h"
#include "target/runtime/sockets.h"

namespace shoal {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;
using OnAccept = UniqueFunction<void(std::unique_ptr<Stream>)>;

constexpr int kAcceptsPerTurn = 16;
constexpr Duration kShortageBackOff = 100ms;

class ListenerState : public std::enable_shared_from_this<ListenerState> {
 public:
  ListenerState(boost::asio::io_context& context, RunQueue& queue, TimerQueue& timers, OnAccept on_accept)
      : context_(context), acceptor_(context), queue_(queue), timers_(timers), on_accept_(std::move(on_accept)) {}

  error_code open(const tcp::endpoint& at);
  void wait();
  void close();
  Endpoint local() const { return local_; }

 private:
  void accept_some();
  bool accept_one();  // false: nothing more for now
  void back_off();

  boost::asio::io_context& context_;
  TcpAcceptor acceptor_;
  RunQueue& queue_;
  TimerQueue& timers_;
  std::unique_ptr<Timer> retry_;
  OnAccept on_accept_;
  Endpoint local_;
  bool accepting_ = false;  // on_accept_ may be running and must not be ended
  bool closed_ = false;
};

error_code ListenerState::open(const tcp::endpoint& at) {
  error_code error;
  const int fd = open_tcp_socket(at.protocol(), error);
  if (!error) acceptor_.assign(at.protocol(), fd, error);
  if (!error) acceptor_.set_option(TcpAcceptor::reuse_address(true), error);
  if (!error && at.address().is_v6()) acceptor_.set_option(boost::asio::ip::v6_only(true), error);
  if (!error) acceptor_.bind(at, error);
  if (!error) acceptor_.listen(TcpAcceptor::max_listen_connections, error);
  if (!error) local_ = from_asio(acceptor_.local_endpoint(error));
  return error;
}

void ListenerState::wait() {
  acceptor_.async_wait(TcpAcceptor::wait_read, [self = shared_from_this()](const error_code& cancelled) {
    if (!cancelled && !self->closed_) self->accept_some();
  });
}

void ListenerState::accept_some() {
  accepting_ = true;
  for (int i = 0; i < kAcceptsPerTurn && !closed_ && accept_one(); ++i) {
  }
  accepting_ = false;
  if (closed_) {
    on_accept_.reset();
  } else if (!retry_) {
    wait();
  }
}

bool ListenerState::accept_one() {
  const int fd = ::accept4(acceptor_.native_handle(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
  if (fd < 0) {
    const error_code error(errno, boost::system::system_category());
    if (is_shortage(error)) back_off();
    // Anything but "none is waiting" and a shortage is about one connection that has gone again.
    return !is_shortage(error) && error != boost::system::errc::resource_unavailable_try_again;
  }
  error_code error;
  TcpSocket socket(context_);
  socket.assign(acceptor_.local_endpoint(error).protocol(), fd, error);
  if (error) {
    ::close(fd);
    back_off();
    return false;
  }
  on_accept_(make_asio_stream(std::move(socket), queue_));
  return true;
}

void ListenerState::back_off() {
  retry_ = timers_.after(kShortageBackOff, [this] {
    const auto ended = std::move(retry_);
    wait();
  });
}

void ListenerState::close() {
  closed_ = true;
  error_code ignored;
  acceptor_.close(ignored);
  retry_.reset();
  if (!accepting_) on_accept_.reset();
}

class AsioListener final : public Listener {
 public:
  explicit AsioListener(std::shared_ptr<ListenerState> state) : state_(std::move(state)) {}
  ~AsioListener() override { state_->close(); }
  Endpoint local() const override { return state_->local(); }

 private:
  std::shared_ptr<ListenerState> state_;
};

}  // namespace

Result<std::unique_ptr<Listener>, NetError> asio_listen(boost::asio::io_context& context, RunQueue& queue,
                                                        TimerQueue& timers, const Endpoint& at, OnAccept on_accept) {
  error_code error;
  const tcp::endpoint endpoint = to_asio(at, error);
  if (error) return NetError::not_available;
  auto state = std::make_shared<ListenerState>(context, queue, timers, std::move(on_accept));
  error = state->open(endpoint);
  if (error) return listen_error(error);
  state->wait();
  return std::unique_ptr<Listener>(std::make_unique<AsioListener>(std::move(state)));
}

}  // namespace shoal

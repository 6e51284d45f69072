#include "target/runtime/asio_connect.h"

#include "target/runtime/asio_stream.h"
#include "target/runtime/sockets.h"

namespace shoal {
namespace {

using boost::asio::ip::tcp;
using boost::system::error_code;

// Held by the handler of the connection alone; it comes in any case, because the deadline closes the socket.
struct Attempt {
  Attempt(boost::asio::io_context& context, ConnectDone done) : socket(context), done(std::move(done)) {}

  error_code open(const tcp& protocol);
  void finish(const error_code& error, RunQueue& queue);

  TcpSocket socket;
  ConnectDone done;
  std::unique_ptr<Timer> deadline;
};

error_code Attempt::open(const tcp& protocol) {
  error_code error;
  const int fd = open_tcp_socket(protocol, error);
  if (!error) socket.assign(protocol, fd, error);
  return error;
}

// A port of the ephemeral range where nobody listens may be chosen as the local one, and TCP then connects a socket to
// itself.
bool is_connected_to_itself(const TcpSocket& socket) {
  error_code ignored;
  return socket.local_endpoint(ignored) == socket.remote_endpoint(ignored);
}

void Attempt::finish(const error_code& error, RunQueue& queue) {
  deadline.reset();
  if (error) return done(connect_error(error));
  if (!socket.is_open()) return done(NetError::unreachable);  // the deadline came between the event and this
  if (is_connected_to_itself(socket)) return done(NetError::refused);
  done(make_asio_stream(std::move(socket), queue));
}

}  // namespace

void asio_connect(boost::asio::io_context& context, RunQueue& queue, TimerQueue& timers, const Endpoint& to,
                  Duration timeout, ConnectDone done) {
  auto attempt = std::make_shared<Attempt>(context, std::move(done));
  error_code error;
  const tcp::endpoint endpoint = to_asio(to, error);
  if (!error) error = attempt->open(endpoint.protocol());
  if (error) return queue.post([attempt, error, &queue] { attempt->finish(error, queue); });
  attempt->deadline = timers.after(timeout, [raw = attempt.get()] {
    error_code ignored;
    raw->socket.close(ignored);
  });
  attempt->socket.async_connect(endpoint,
                                [attempt, &queue](const error_code& result) { attempt->finish(result, queue); });
}

}  // namespace shoal

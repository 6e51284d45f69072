#include "target/runtime/sockets.h"

#include <sys/socket.h>

#include <cerrno>

namespace shoal {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;
using boost::system::system_category;
namespace errc = boost::system::errc;

tcp::endpoint to_asio(const Endpoint& endpoint, error_code& error) {
  return {asio::ip::make_address(endpoint.host, error), endpoint.port};
}

Endpoint from_asio(const tcp::endpoint& endpoint) { return {endpoint.address().to_string(), endpoint.port()}; }

int open_tcp_socket(const tcp& protocol, error_code& error) {
  const int fd = ::socket(protocol.family(), SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol.protocol());
  if (fd < 0) error = error_code(errno, system_category());
  return fd;
}

void send_at_once(TcpSocket& socket) {
  error_code ignored;  // a socket that is broken already says so at the first read
  socket.set_option(tcp::no_delay(true), ignored);
}

bool is_shortage(const error_code& error) {
  return error == errc::too_many_files_open || error == errc::too_many_files_open_in_system ||
         error == errc::no_buffer_space || error == errc::not_enough_memory;
}

NetError stream_error(const error_code& error) {
  return is_shortage(error) ? NetError::no_resources : NetError::closed;
}

NetError connect_error(const error_code& error) {
  if (error == errc::connection_refused) return NetError::refused;
  // No local port is free: a shortage as well.
  if (is_shortage(error) || error == errc::address_not_available) return NetError::no_resources;
  return NetError::unreachable;
}

NetError listen_error(const error_code& error) {
  if (error == errc::address_in_use) return NetError::in_use;
  return is_shortage(error) ? NetError::no_resources : NetError::not_available;
}

}  // namespace shoal

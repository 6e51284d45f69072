// Sockets as the runtime wants them: non-blocking, closed on exec, without Nagle's delay; addresses and errors in our
// words.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "target/base/endpoint.h"
#include "target/runtime/runtime.h"

namespace shoal {

// With the io_context's own executor instead of the type-erased one: cheaper on every operation.
using TcpSocket = boost::asio::basic_stream_socket<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;
using TcpAcceptor = boost::asio::basic_socket_acceptor<boost::asio::ip::tcp, boost::asio::io_context::executor_type>;

boost::asio::ip::tcp::endpoint to_asio(const Endpoint& endpoint, boost::system::error_code& error);
Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);

int open_tcp_socket(const boost::asio::ip::tcp& protocol, boost::system::error_code& error);
void send_at_once(TcpSocket& socket);  // TCP_NODELAY

bool is_shortage(const boost::system::error_code& error);  // of descriptors or memory
NetError stream_error(const boost::system::error_code& error);
NetError connect_error(const boost::system::error_code& error);
NetError listen_error(const boost::system::error_code& error);

}  // namespace shoal

#include "tools/shoald/control_server.h"

#include <openssl/crypto.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <optional>

namespace shoal {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {
constexpr auto kIdleTimeout = std::chrono::seconds(60);
constexpr auto kAcceptBackOff = std::chrono::milliseconds(100);
}  // namespace

struct ControlServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, std::string token, ControlHandler& handler, Log log)
      : acceptor(context), retry(context), token(std::move(token)), handler(handler), log(std::move(log)) {}

  void accept();
  bool authorised(const http::request<http::string_body>& request) const;

  tcp::acceptor acceptor;
  asio::steady_timer retry;
  std::string token;
  ControlHandler& handler;
  Log log;
  std::size_t connections = 0;
  bool stopped = false;
};

namespace {

http::response<http::string_body> to_http(const ControlResponse& answer, unsigned version, bool keep_alive) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), version);
  response.set(http::field::server, "shoald");
  response.set(http::field::content_type, answer.content_type);
  response.keep_alive(keep_alive);
  response.body() = answer.body;
  response.prepare_payload();
  return response;
}

}  // namespace

// One HTTP connection: read, handle, write, again.
struct HttpSession : std::enable_shared_from_this<HttpSession> {
  HttpSession(tcp::socket socket, std::shared_ptr<ControlServer::Impl> server)
      : stream(std::move(socket)), server(std::move(server)) {
    ++this->server->connections;
  }
  ~HttpSession() { --server->connections; }

  void read() {
    parser.emplace();
    parser->header_limit(kMaxControlHeaderBytes);
    parser->body_limit(kMaxControlBodyBytes);
    stream.expires_after(kIdleTimeout);
    http::async_read(stream, buffer, *parser,
                     [self = shared_from_this()](beast::error_code error, std::size_t) { self->on_read(error); });
  }

  void on_read(beast::error_code error) {
    if (error == http::error::body_limit) return write({413, R"({"error":"request body too large"})"}, false);
    if (error == http::error::header_limit) return write({431, R"({"error":"request header too large"})"}, false);
    if (error || server->stopped) return;
    http::request<http::string_body> request = parser->release();
    version = request.version();
    const bool keep = request.keep_alive();
    if (!server->authorised(request)) {
      return write({401, R"({"error":"missing or wrong token; give it with shoalctl --token-file FILE"})"}, keep);
    }
    server->handler.handle({std::string(request.method_string()), std::string(request.target()), std::move(request.body())},
                           [self = shared_from_this(), keep](ControlResponse answer) { self->write(answer, keep); });
  }

  void write(const ControlResponse& answer, bool keep) {
    response = to_http(answer, version, keep);
    http::async_write(stream, response, [self = shared_from_this(), keep](beast::error_code error, std::size_t) {
      if (error) return;
      if (keep) return self->read();
      beast::error_code ignored;
      self->stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
    });
  }

  beast::tcp_stream stream;
  std::shared_ptr<ControlServer::Impl> server;
  beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
  http::response<http::string_body> response;
  unsigned version = 11;
};

bool ControlServer::Impl::authorised(const http::request<http::string_body>& request) const {
  if (token.empty()) return true;
  const std::string expected = "Bearer " + token;
  const auto given = request[http::field::authorization];
  return given.size() == expected.size() && CRYPTO_memcmp(given.data(), expected.data(), expected.size()) == 0;
}

void ControlServer::Impl::accept() {
  acceptor.async_accept([self = shared_from_this()](beast::error_code error, tcp::socket socket) {
    if (self->stopped) return;
    if (error) {  // out of descriptors: do not spin
      self->retry.expires_after(kAcceptBackOff);
      return self->retry.async_wait([self](beast::error_code cancelled) {
        if (!cancelled) self->accept();
      });
    }
    if (self->connections < kMaxControlConnections) std::make_shared<HttpSession>(std::move(socket), self)->read();
    self->accept();
  });
}

Result<std::unique_ptr<ControlServer>, std::string> ControlServer::start(asio::io_context& context, const Endpoint& at,
                                                                         std::string token, ControlHandler& handler,
                                                                         Log log) {
  auto impl = std::make_shared<Impl>(context, std::move(token), handler, std::move(log));
  const tcp::endpoint endpoint(asio::ip::make_address(at.host), at.port);
  beast::error_code error;
  impl->acceptor.open(endpoint.protocol(), error);
  if (!error) impl->acceptor.set_option(tcp::acceptor::reuse_address(true), error);
  if (!error) impl->acceptor.bind(endpoint, error);
  if (!error) impl->acceptor.listen(asio::socket_base::max_listen_connections, error);
  if (error) return "cannot listen on control port " + at.to_string() + ": " + error.message();
  impl->accept();
  return std::unique_ptr<ControlServer>(new ControlServer(std::move(impl)));
}

ControlServer::~ControlServer() {
  impl_->stopped = true;
  beast::error_code ignored;
  impl_->acceptor.close(ignored);
  impl_->retry.cancel();
}

Endpoint ControlServer::local() const {
  const auto endpoint = impl_->acceptor.local_endpoint();
  return {endpoint.address().to_string(), endpoint.port()};
}

}  // namespace shoal

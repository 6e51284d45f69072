#include "tools/shoald/control_server.h"

#include <openssl/crypto.h>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <map>
#include <optional>
#include <utility>

namespace shoal {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::ip::tcp;

namespace {
constexpr auto kIdleTimeout = std::chrono::seconds(60);   // between requests, and of handling and taking one
constexpr auto kHeaderTimeout = std::chrono::seconds(5);  // from the first byte of a request
constexpr auto kBodyTimeout = std::chrono::seconds(10);
constexpr std::size_t kFirstBytes = 4096;
constexpr auto kLingerTimeout = std::chrono::seconds(2);  // for the rest of a request that was refused
constexpr auto kAcceptBackOff = std::chrono::milliseconds(100);
}  // namespace

struct HttpSession;

struct ControlServer::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, std::string token, ControlHandler& handler, Log log)
      : acceptor(context), retry(context), token(std::move(token)), handler(handler), log(std::move(log)) {}

  void accept();
  void on_accept(tcp::socket socket);
  bool make_room();
  bool authorised(const http::request<http::string_body>& request) const;

  tcp::acceptor acceptor;
  asio::steady_timer retry;
  std::string token;
  ControlHandler& handler;
  Log log;
  std::size_t connections = 0;
  std::map<std::uint64_t, HttpSession*> waiting;  // for a whole request, by when they began
  std::uint64_t latest_wait = 0;
  bool said_full = false;
  bool stopped = false;
};

namespace {

// To HEAD, the answer to GET without its body (RFC 9110 9.3.2).
http::response<http::string_body> to_http(const ControlResponse& answer, unsigned version, bool keep_alive, bool head) {
  http::response<http::string_body> response(static_cast<http::status>(answer.status), version);
  response.set(http::field::server, "shoald");
  response.set(http::field::content_type, answer.content_type);
  response.keep_alive(keep_alive);
  response.content_length(answer.body.size());
  if (!head) response.body() = answer.body;
  return response;
}

// What arrived is no HTTP; other errors are those of the connection, or its end.
bool is_malformed(beast::error_code error) {
  return error.category() == http::make_error_code(http::error::bad_method).category() &&
         error != http::error::end_of_stream && error != http::error::partial_message;
}

}  // namespace

// One HTTP connection: read, handle, write, again.
struct HttpSession : std::enable_shared_from_this<HttpSession> {
  HttpSession(tcp::socket socket, std::shared_ptr<ControlServer::Impl> server)
      : stream(std::move(socket)), server(std::move(server)) {
    ++this->server->connections;
  }
  ~HttpSession() {
    end_wait();
    --server->connections;
  }

  void read();
  void read_header();
  void read_body();
  void on_read(beast::error_code error);
  void handle(http::request<http::string_body> request);
  void write(const ControlResponse& answer, bool keep);
  void pass_over();
  void close();
  void end_wait();

  // A step that is cancelled by its time or by the end of the server goes no further.
  template <class Next>
  auto then(Next next) {
    return [self = shared_from_this(), next](beast::error_code error, std::size_t bytes) {
      if (!self->server->stopped) next(*self, error, bytes);
    };
  }

  beast::tcp_stream stream;
  std::shared_ptr<ControlServer::Impl> server;
  beast::flat_buffer buffer;
  std::optional<http::request_parser<http::string_body>> parser;
  http::response<http::string_body> response;
  std::uint64_t wait = 0;  // in server->waiting; 0: none
  unsigned version = 11;
  bool head = false;
};

void HttpSession::read() {
  head = false;
  wait = ++server->latest_wait;
  server->waiting[wait] = this;
  if (buffer.size() > 0) return read_header();
  stream.expires_after(kIdleTimeout);
  stream.async_read_some(buffer.prepare(kFirstBytes),
                         then([](HttpSession& self, beast::error_code error, std::size_t bytes) {
                           if (error) return;
                           self.buffer.commit(bytes);
                           self.read_header();
                         }));
}

void HttpSession::read_header() {
  parser.emplace();
  parser->header_limit(kMaxControlHeaderBytes);
  parser->body_limit(kMaxControlBodyBytes);
  stream.expires_after(kHeaderTimeout);
  http::async_read_header(stream, buffer, *parser, then([](HttpSession& self, beast::error_code error, std::size_t) {
                            error ? self.on_read(error) : self.read_body();
                          }));
}

void HttpSession::read_body() {
  stream.expires_after(kBodyTimeout);
  http::async_read(stream, buffer, *parser,
                   then([](HttpSession& self, beast::error_code error, std::size_t) { self.on_read(error); }));
}

void HttpSession::on_read(beast::error_code error) {
  end_wait();
  stream.expires_after(kIdleTimeout);
  if (error == http::error::body_limit) return write({413, R"({"error":"request body too large"})"}, false);
  if (error == http::error::header_limit) return write({431, R"({"error":"request header too large"})"}, false);
  if (is_malformed(error)) return write({400, R"({"error":"not an HTTP/1.1 request"})"}, false);
  if (!error) handle(parser->release());
}

void HttpSession::handle(http::request<http::string_body> request) {
  version = request.version();
  head = request.method() == http::verb::head;
  const bool keep = request.keep_alive();
  if (!server->authorised(request)) {
    return write({401, R"({"error":"missing or wrong token; give it with shoalctl --token-file FILE"})"}, keep);
  }
  const std::string method = head ? "GET" : std::string(request.method_string());
  server->handler.handle(
      {method, std::string(request.target()), std::move(request.body())},
      [self = shared_from_this(), keep](const ControlResponse& answer) { self->write(answer, keep); });
}

void HttpSession::write(const ControlResponse& answer, bool keep) {
  response = to_http(answer, version, keep, head);
  http::async_write(stream, response, then([keep](HttpSession& self, beast::error_code error, std::size_t) {
                      if (error) return;
                      if (keep) return self.read();
                      beast::error_code ignored;
                      self.stream.socket().shutdown(tcp::socket::shutdown_send, ignored);
                      self.stream.expires_after(kLingerTimeout);
                      self.pass_over();
                    }));
}

// What the asker still sends is read: closing over it would reset the connection, and our answer with it.
void HttpSession::pass_over() {
  buffer.clear();
  stream.async_read_some(buffer.prepare(kFirstBytes), then([](HttpSession& self, beast::error_code error, std::size_t) {
                           if (!error) self.pass_over();
                         }));
}

void HttpSession::close() {
  end_wait();
  stream.close();
}

void HttpSession::end_wait() { server->waiting.erase(std::exchange(wait, 0)); }

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
    self->on_accept(std::move(socket));
    self->accept();
  });
}

void ControlServer::Impl::on_accept(tcp::socket socket) {
  if (connections < kMaxControlConnections / 2) said_full = false;
  if (connections < kMaxControlConnections || make_room())
    std::make_shared<HttpSession>(std::move(socket), shared_from_this())->read();
}

// For whoever comes, the one goes that has kept us waiting for its request for longest. Whose request is being handled
// stays: false where all are such.
bool ControlServer::Impl::make_room() {
  if (!std::exchange(said_full, true)) {
    log.warn("control_connections_full connections={} advice={}", connections,
             quoted("those that say nothing are closed for others; who holds so many open?"));
  }
  if (waiting.empty()) return false;
  waiting.begin()->second->close();
  return true;
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

#include "cluster/etcd/http_client.h"

#include <netinet/tcp.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <deque>
#include <set>

#include "cluster/etcd/line_buffer.h"

namespace shoal::cluster {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = beast::http;
using asio::awaitable;
using asio::ip::tcp;

namespace {

using Clock = std::chrono::steady_clock;

constexpr auto kConnectTimeout = std::chrono::seconds(1);
constexpr auto kNoThrow = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kMaxHeaderBytes = 16 * 1024;

struct Call {
  std::string path, body;
  Clock::time_point deadline;
  HttpClient::Done done;
};

struct Connection {
  Connection(asio::io_context& context, std::set<Connection*>& all) : stream(context), all(all) { all.insert(this); }
  ~Connection() { all.erase(this); }
  Connection(const Connection&) = delete;

  beast::tcp_stream stream;
  beast::flat_buffer buffer;
  Endpoint server;
  std::set<Connection*>& all;
};

http::request<http::string_body> request(http::verb verb, const Endpoint& server, std::string_view path,
                                         std::string_view body) {
  http::request<http::string_body> request(verb, beast::string_view(path.data(), path.size()), 11);
  request.set(http::field::host, server.to_string());
  request.set(http::field::content_type, "application/json");
  request.body() = body;
  request.prepare_payload();
  return request;
}

// A host that has vanished is noticed on a connection where nothing is sent.
void keep_alive(tcp::socket& socket) {
  boost::system::error_code ignored;
  socket.set_option(tcp::no_delay(true), ignored);
  socket.set_option(asio::socket_base::keep_alive(true), ignored);
  const std::array<std::pair<int, int>, 3> seconds{{{TCP_KEEPIDLE, 5}, {TCP_KEEPINTVL, 3}, {TCP_KEEPCNT, 3}}};
  for (const auto& [option, value] : seconds) {
    ::setsockopt(socket.native_handle(), IPPROTO_TCP, option, &value, sizeof value);
  }
}

// A server that has closed a kept connection (a restart) is noticed before a call is lost on it.
bool is_still_open(Connection& connection) {
  char byte;
  const int fd = connection.stream.socket().native_handle();
  return ::recv(fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

struct Exchanged {
  HttpAnswer answer;
  bool reusable = false;
};

awaitable<std::optional<Exchanged>> exchange(Connection& connection, const http::request<http::string_body>& request,
                                             Clock::time_point deadline) {
  connection.stream.expires_at(deadline);
  const auto [write_error, written] = co_await http::async_write(connection.stream, request, kNoThrow);
  if (write_error) co_return std::nullopt;
  http::response_parser<http::string_body> parser;
  parser.header_limit(kMaxHeaderBytes);
  parser.body_limit(kMaxHttpAnswerBytes);
  const auto [read_error, read] = co_await http::async_read(connection.stream, connection.buffer, parser, kNoThrow);
  if (read_error) co_return std::nullopt;
  connection.stream.expires_never();
  const bool reusable = parser.keep_alive();
  co_return Exchanged{{parser.get().result_int(), std::move(parser.get().body())}, reusable};
}

void rethrow(std::exception_ptr error) {
  if (error) std::rethrow_exception(error);
}

}  // namespace

// A stream of lines, shared by its owner and by who reads it.
struct LineState;

struct HttpClient::Impl : std::enable_shared_from_this<Impl> {
  Impl(asio::io_context& context, std::vector<Endpoint> servers, Duration timeout, Hooks hooks)
      : context(context), servers(std::move(servers)), timeout(timeout), hooks(std::move(hooks)) {}

  void close();
  void start_calls();
  static awaitable<void> serve(std::shared_ptr<Impl> self, Call call);
  awaitable<std::optional<HttpAnswer>> answer_of(const Call& call);
  std::unique_ptr<Connection> take_idle();
  awaitable<std::unique_ptr<Connection>> connect(Clock::time_point deadline);
  awaitable<std::unique_ptr<Connection>> connect_to(Endpoint server, Clock::time_point deadline);
  void avoid(const Endpoint& server);
  static awaitable<void> read_lines(std::shared_ptr<LineState> state);

  asio::io_context& context;
  const std::vector<Endpoint> servers;
  const Duration timeout;
  const Hooks hooks;
  std::set<Connection*> connections;  // all there are, to be closed at the end; ends after those that are in idle
  std::vector<std::unique_ptr<Connection>> idle;
  std::deque<Call> waiting;
  std::size_t active = 0;
  std::size_t current = 0;  // the server that is used
  bool closed = false;
};

void HttpClient::Impl::close() {
  closed = true;
  const auto dropped = std::exchange(waiting, {});
  for (Connection* connection : connections) connection->stream.close();
}

// Calls are served in order and have equal timeouts: those that hold a connection end before those that wait for one.
void HttpClient::Impl::start_calls() {
  while (!closed && !waiting.empty() && active < kMaxHttpConnections) {
    ++active;
    Call call = std::move(waiting.front());
    waiting.pop_front();
    asio::co_spawn(context, serve(shared_from_this(), std::move(call)), rethrow);
  }
}

awaitable<void> HttpClient::Impl::serve(std::shared_ptr<Impl> self, Call call) {
  auto answer = co_await self->answer_of(call);
  --self->active;
  if (self->closed) co_return;
  self->start_calls();
  self->hooks.on_call_ended(answer && answer->status < 500);
  call.done(std::move(answer));
}

awaitable<std::optional<HttpAnswer>> HttpClient::Impl::answer_of(const Call& call) {
  auto connection = take_idle();
  if (!connection) connection = co_await connect(call.deadline);
  if (!connection || closed) co_return std::nullopt;
  const auto post = request(http::verb::post, connection->server, call.path, call.body);
  auto exchanged = co_await exchange(*connection, post, call.deadline);
  if (!exchanged || exchanged->answer.status >= 500) {
    avoid(connection->server);
  } else if (exchanged->reusable && !closed) {
    idle.push_back(std::move(connection));
  }
  if (!exchanged) co_return std::nullopt;
  co_return std::move(exchanged->answer);
}

std::unique_ptr<Connection> HttpClient::Impl::take_idle() {
  while (!idle.empty()) {
    auto connection = std::move(idle.back());
    idle.pop_back();
    if (connection->server == servers[current] && is_still_open(*connection)) return connection;
  }
  return nullptr;
}

// Each server once, beginning with the one that served last.
awaitable<std::unique_ptr<Connection>> HttpClient::Impl::connect(Clock::time_point deadline) {
  for (std::size_t i = 0; i < servers.size() && !closed && Clock::now() < deadline; ++i) {
    const Endpoint server = servers[current];
    auto connection =
        co_await connect_to(server, std::min<Clock::time_point>(deadline, Clock::now() + kConnectTimeout));
    if (connection) co_return connection;
    avoid(server);
  }
  co_return nullptr;
}

awaitable<std::unique_ptr<Connection>> HttpClient::Impl::connect_to(Endpoint server, Clock::time_point deadline) {
  auto connection = std::make_unique<Connection>(context, connections);
  connection->server = server;
  connection->stream.expires_at(deadline);
  const tcp::endpoint address(asio::ip::make_address(server.host), server.port);
  const auto [error] = co_await connection->stream.async_connect(address, kNoThrow);
  if (error || closed) co_return nullptr;
  keep_alive(connection->stream.socket());
  const auto question = request(http::verb::get, server, "/version", "");
  const auto version = co_await exchange(*connection, question, deadline);
  if (closed || !version || !version->reusable || !hooks.admit(server, version->answer)) co_return nullptr;
  co_return connection;
}

void HttpClient::Impl::avoid(const Endpoint& server) {
  if (servers[current] == server) current = (current + 1) % servers.size();
}

namespace {

constexpr std::size_t kLinePieceBytes = 16 * 1024;

// Reads lines until the stream ends, in one way or another.
class LineReader {
 public:
  LineReader(Connection& connection, Duration quiet_limit) : connection_(connection), quiet_limit_(quiet_limit) {
    parser_.header_limit(kMaxHeaderBytes);
    parser_.body_limit(boost::none);  // endless; each line is bounded
  }

  awaitable<bool> open(const http::request<http::string_body>& request, Clock::time_point deadline) {
    connection_.stream.expires_at(deadline);
    const auto [write_error, written] = co_await http::async_write(connection_.stream, request, kNoThrow);
    if (write_error) co_return false;
    const auto [read_error, read] =
        co_await http::async_read_header(connection_.stream, connection_.buffer, parser_, kNoThrow);
    co_return !read_error && parser_.get().result() == http::status::ok;
  }

  awaitable<std::optional<std::string>> next() {
    while (true) {
      if (auto line = lines_.next_line()) co_return line;
      if (parser_.is_done()) co_return std::nullopt;
      const bool got_more = co_await more();  // not in a condition: GCC 12 miscompiles that
      if (!got_more) co_return std::nullopt;
    }
  }

 private:
  awaitable<bool> more() {
    auto& body = parser_.get().body();
    body.data = piece_.data();
    body.size = piece_.size();
    connection_.stream.expires_after(quiet_limit_);
    auto [error, read] = co_await http::async_read_some(connection_.stream, connection_.buffer, parser_, kNoThrow);
    if (error == http::error::need_buffer) error = {};
    co_return !error && lines_.append({piece_.data(), piece_.size() - body.size});
  }

  Connection& connection_;
  Duration quiet_limit_;
  http::response_parser<http::buffer_body> parser_;
  std::array<char, kLinePieceBytes> piece_;
  LineBuffer lines_{kMaxHttpAnswerBytes};
};

}  // namespace

struct LineState {
  bool is_over() const { return ended || client->closed; }

  std::shared_ptr<HttpClient::Impl> client;
  std::string path, body;
  Duration quiet_limit;
  HttpClient::LineEvents events;
  std::unique_ptr<Connection> connection;
  bool ended = false;  // by its owner: nothing is called any more
};

awaitable<void> HttpClient::Impl::read_lines(std::shared_ptr<LineState> state) {
  const auto deadline = Clock::now() + state->client->timeout;
  state->connection = co_await state->client->connect(deadline);
  if (state->connection && !state->is_over()) {
    LineReader reader(*state->connection, state->quiet_limit);
    const auto post = request(http::verb::post, state->connection->server, state->path, state->body);
    bool open = co_await reader.open(post, deadline);
    while (open) {
      const auto line = co_await reader.next();
      open = line && !state->is_over();
      if (open) state->events.on_line(*line);
    }
  }
  state->connection.reset();
  if (!state->is_over()) state->events.on_end();
}

namespace {

class HttpLineStream final : public LineStream {
 public:
  explicit HttpLineStream(std::shared_ptr<LineState> state) : state_(std::move(state)) {}
  ~HttpLineStream() override {
    state_->ended = true;
    if (state_->connection) state_->connection->stream.close();
  }

 private:
  std::shared_ptr<LineState> state_;
};

}  // namespace

HttpClient::HttpClient(asio::io_context& context, std::vector<Endpoint> servers, Duration timeout, Hooks hooks)
    : impl_(std::make_shared<Impl>(context, std::move(servers), timeout, std::move(hooks))) {}

void HttpClient::close() { impl_->close(); }

void HttpClient::post(std::string path, std::string body, Done done) {
  impl_->waiting.push_back({std::move(path), std::move(body), Clock::now() + impl_->timeout, std::move(done)});
  asio::post(impl_->context, [impl = impl_] { impl->start_calls(); });  // nothing is called from inside this call
}

std::unique_ptr<LineStream> HttpClient::post_for_lines(std::string path, std::string body, Duration quiet_limit,
                                                       LineEvents events) {
  auto state = std::make_shared<LineState>(
      LineState{impl_, std::move(path), std::move(body), quiet_limit, std::move(events), nullptr});
  asio::post(impl_->context, [state] { asio::co_spawn(state->client->context, Impl::read_lines(state), rethrow); });
  return std::make_unique<HttpLineStream>(std::move(state));
}

}  // namespace shoal::cluster

#include "tools/shoalctl/control_client.h"

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

namespace shoal {

namespace beast = boost::beast;
namespace http = beast::http;
using boost::asio::ip::tcp;

namespace {

constexpr auto kDeadline = std::chrono::seconds(60);
constexpr std::size_t kMaxAnswerBytes = 256 * 1024 * 1024;  // a map of 64 TiB in small pages

// Runs one asynchronous step of a connection to its end.
struct Exchange {
  explicit Exchange(boost::asio::io_context& context) : context(context), stream(context) {}

  template <class Start>
  beast::error_code run(Start start) {
    beast::error_code result;
    start([&result](beast::error_code error, auto...) { result = error; });
    context.restart();
    context.run();
    return result;
  }

  boost::asio::io_context& context;
  beast::tcp_stream stream;
};

http::request<http::string_body> make_request(const Endpoint& control, const std::string& token,
                                              const std::string& method, const std::string& path,
                                              const std::string& body) {
  http::request<http::string_body> request(http::string_to_verb(method), path, 11);
  request.set(http::field::host, control.to_string());
  if (!token.empty()) request.set(http::field::authorization, "Bearer " + token);
  request.body() = body;
  request.keep_alive(false);
  request.prepare_payload();
  return request;
}

}  // namespace

Result<ControlAnswer, std::string> call_control(const Endpoint& control, const std::string& token,
                                                const std::string& method, const std::string& path,
                                                const std::string& body) {
  boost::asio::io_context context;
  Exchange exchange(context);
  exchange.stream.expires_after(kDeadline);
  const tcp::endpoint endpoint(boost::asio::ip::make_address(control.host), control.port);
  if (auto error = exchange.run([&](auto done) { exchange.stream.async_connect(endpoint, done); })) {
    return "cannot reach the control port at " + control.to_string() + " (" + error.message() +
           "); is shoald running there? Give another one with --control ADDRESS:PORT";
  }
  auto request = make_request(control, token, method, path, body);
  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kMaxAnswerBytes);
  auto error = exchange.run([&](auto done) { http::async_write(exchange.stream, request, done); });
  if (!error) error = exchange.run([&](auto done) { http::async_read(exchange.stream, buffer, parser, done); });
  if (error) return "no answer from the control port at " + control.to_string() + " (" + error.message() + ")";
  return ControlAnswer{static_cast<int>(parser.get().result_int()), parser.get().body()};
}

}  // namespace shoal

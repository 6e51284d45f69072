// A server that answers as a test says: what a real etcd does seldom or only when it is ill.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "target/base/endpoint.h"

namespace shoal::cluster::test {

class FakeGateway {
 public:
  using tcp = boost::asio::ip::tcp;
  // The whole answer, or nothing: silence. An answer that does not announce its end is followed by silence, too.
  using Script = std::function<std::optional<std::string>(const std::string& path, const std::string& body)>;

  FakeGateway(boost::asio::io_context& context, Script script, std::string version = "3.5.28")
      : acceptor_(context, {boost::asio::ip::make_address("127.0.0.1"), 0}),
        script_(std::move(script)),
        version_(std::move(version)) {
    accept();
  }

  Endpoint at() const { return {"127.0.0.1", acceptor_.local_endpoint().port()}; }
  std::vector<std::string> paths;  // asked for, without /version
  std::size_t connections = 0;     // accepted

  static std::string answer(int status, const std::string& body) {
    return "HTTP/1.1 " + std::to_string(status) + " X\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
           body;
  }
  static std::string begin_of_lines(const std::string& lines) {
    return "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + chunk(lines);
  }
  static std::string chunk(const std::string& text) {
    char size[16];
    std::snprintf(size, sizeof size, "%zx", text.size());
    return std::string(size) + "\r\n" + text + "\r\n";
  }

 private:
  struct Session {
    explicit Session(tcp::socket socket) : socket(std::move(socket)) {}
    tcp::socket socket;
    std::string input, output;
  };

  void accept() {
    acceptor_.async_accept([this](boost::system::error_code error, tcp::socket socket) {
      if (error) return;
      ++connections;
      read_header(std::make_shared<Session>(std::move(socket)));
      accept();
    });
  }

  void read_header(std::shared_ptr<Session> session) {
    boost::asio::async_read_until(session->socket, boost::asio::dynamic_buffer(session->input), "\r\n\r\n",
                                  [this, session](boost::system::error_code error, std::size_t size) {
                                    if (!error) read_body(session, size);
                                  });
  }

  void read_body(std::shared_ptr<Session> session, std::size_t header_size) {
    const std::string header = session->input.substr(0, header_size);
    const std::size_t field = header.find("Content-Length: ");
    const std::size_t length = field == header.npos ? 0 : std::stoul(header.substr(field + 16));
    const std::size_t have = session->input.size() - header_size;
    boost::asio::async_read(session->socket, boost::asio::dynamic_buffer(session->input),
                            boost::asio::transfer_exactly(length > have ? length - have : 0),
                            [this, session, header, length](boost::system::error_code error, std::size_t) {
                              if (!error) respond(session, header, session->input.substr(header.size(), length));
                            });
  }

  void respond(std::shared_ptr<Session> session, const std::string& header, const std::string& body) {
    session->input.clear();
    const std::size_t begin = header.find(' ') + 1;
    const std::string path = header.substr(begin, header.find(' ', begin) - begin);
    std::optional<std::string> answer = FakeGateway::answer(200, R"({"etcdserver":")" + version_ + "\"}");
    if (path != "/version") {
      paths.push_back(path);
      answer = script_(path, body);
    }
    if (!answer) return silent_.push_back(session);
    session->output = *answer;
    boost::asio::async_write(session->socket, boost::asio::buffer(session->output),
                             [this, session](boost::system::error_code error, std::size_t) {
                               if (!error) read_header(session);
                             });
  }

  tcp::acceptor acceptor_;
  Script script_;
  std::string version_;
  std::vector<std::shared_ptr<Session>> silent_;
};

}  // namespace shoal::cluster::test

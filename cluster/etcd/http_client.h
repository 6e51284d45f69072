// HttpClient: HTTP/1.1 to one of several equal servers, by Boost.Beast (nowhere else here). Calls share a few
// connections that are kept; a stream of lines has one for itself. When a server does not answer, the next one in the
// list is tried.
//
// A call ends within its timeout. It goes to a second server only as long as nothing of it was sent to the first: a
// call is never made twice. Answers and lines are bounded.
#pragma once

#include <boost/asio/io_context.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "target/base/completion.h"
#include "target/base/endpoint.h"
#include "target/base/time.h"

namespace shoal::cluster {

inline constexpr std::size_t kMaxHttpConnections = 4;
inline constexpr std::size_t kMaxHttpAnswerBytes = 16 * 1024 * 1024;  // a line of a stream as well

struct HttpAnswer {
  unsigned status = 0;
  std::string body;
};

// Ends the stream when destroyed.
class LineStream {
 public:
  virtual ~LineStream() = default;
};

class HttpClient {
 public:
  using Done = Completion<std::optional<HttpAnswer>>;  // nullopt: no answer; perhaps the call has had its effect
  struct Hooks {
    // Asked once a connection: may this server be used, judging by its answer to GET /version?
    std::function<bool(const Endpoint& server, const HttpAnswer& version)> admit;
    std::function<void(bool)> on_call_ended;  // with an answer, other than one of a server that is out of order (5xx)?
  };

  struct LineEvents {
    std::function<void(std::string_view line)> on_line;
    std::function<void()> on_end;  // once, whatever the reason
  };

  HttpClient(boost::asio::io_context& context, std::vector<Endpoint> servers, Duration timeout, Hooks hooks);
  ~HttpClient() { close(); }
  HttpClient(const HttpClient&) = delete;

  void close();  // nothing is called any more
  void post(std::string path, std::string body, Done done);
  // `quiet_limit`: without a line for so long the stream is ended (a server may stand still behind a healthy
  // connection).
  std::unique_ptr<LineStream> post_for_lines(std::string path, std::string body, Duration quiet_limit,
                                             LineEvents events);

  struct Impl;

 private:
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

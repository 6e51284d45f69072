// ControlServer: HTTP/1.1 on the control port, by Boost.Beast. Every request is bounded in size and time; where a token is
// set, each request must carry "Authorization: Bearer TOKEN". Beyond the connections that it holds, whoever comes takes the
// place of the one that has waited longest with its request.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>

#include "target/base/endpoint.h"
#include "target/base/log.h"
#include "target/base/result.h"
#include "tools/node/control_handler.h"

namespace shoal {

inline constexpr std::size_t kMaxControlConnections = 64;
inline constexpr std::size_t kMaxControlBodyBytes = 64 * 1024;
inline constexpr std::size_t kMaxControlHeaderBytes = 8 * 1024;

class ControlServer {
 public:
  // The error is one line for people.
  static Result<std::unique_ptr<ControlServer>, std::string> start(boost::asio::io_context& context, const Endpoint& at,
                                                                   std::string token, ControlHandler& handler, Log log);
  ~ControlServer();
  Endpoint local() const;

  struct Impl;

 private:
  explicit ControlServer(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal

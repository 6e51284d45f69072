// ToolRunner: runs a program at a time, as a child that does not outlive shoalctl.
//
// While a runner exists, SIGINT, SIGTERM and SIGHUP end the child, if there is one, and make run() throw Interrupted,
// so that who called cleans up.
#pragma once

#include <boost/asio/io_context.hpp>
#include <boost/asio/signal_set.hpp>
#include <functional>
#include <stdexcept>
#include <string>

#include "tools/shoalctl/image_steps.h"

namespace shoal {

struct Interrupted : std::runtime_error {
  explicit Interrupted(int signal) : std::runtime_error("interrupted"), signal(signal) {}
  Interrupted(int signal, const std::string& what) : std::runtime_error(what), signal(signal) {}
  int signal;
};

class ToolRunner {
 public:
  using OnPercent = std::function<void(double percent)>;

  ToolRunner();
  // What it printed, but for its progress. Throws std::runtime_error where it is missing or fails.
  std::string run(const ToolStep& step, const OnPercent& on_percent);

 private:
  struct Child;

  void await_signal();
  void check_interrupted() const;

  boost::asio::io_context context_{1};
  boost::asio::signal_set signals_;
  int signal_ = 0;  // that came
  pid_t running_ = 0;
};

}  // namespace shoal

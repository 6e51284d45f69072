#include "tools/shoalctl/tool_runner.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <boost/process.hpp>
#include <boost/process/extend.hpp>

#include "tools/shoalctl/tool_output.h"

namespace shoal {

namespace process = boost::process;

namespace {

struct Stream {
  explicit Stream(boost::asio::io_context& context) : pipe(context) {}

  void read(const ToolRunner::OnPercent& on_percent) {
    pipe.async_read_some(boost::asio::buffer(bytes), [this, &on_percent](boost::system::error_code error, auto count) {
      const auto percent = text.take({bytes.data(), count});
      if (percent) on_percent(*percent);
      if (error) return void(at_end = true);
      read(on_percent);
    });
  }

  process::async_pipe pipe;
  std::array<char, 4096> bytes{};
  ToolText text;
  bool at_end = false;
};

// Boost's own search wants the library of Boost.Filesystem, which nothing else here needs.
std::string found_in_path(const std::string& program) {
  for (const auto& folder : boost::this_process::path()) {
    const std::string at = folder.string() + "/" + program;
    if (::access(at.c_str(), X_OK) == 0) return at;
  }
  throw std::runtime_error(tool_missing(program));
}

// A kill of shoalctl that nothing can catch must not leave somebody who writes to the volume.
void end_with_parent() { ::prctl(PR_SET_PDEATHSIG, SIGTERM); }

}  // namespace

struct ToolRunner::Child {
  Child(boost::asio::io_context& context, const std::string& program, const ToolStep& step)
      : output(context),
        errors(context),
        child(
            program, process::args(step.words), (process::std_in < process::null), (process::std_out > output.pipe),
            (process::std_err > errors.pipe), context,
            process::on_exit = [this](int, const std::error_code&) { over = true; },
            process::extend::on_exec_setup = [](auto&) { end_with_parent(); }) {}

  Stream output, errors;
  bool over = false;
  process::child child;
};

ToolRunner::ToolRunner() : signals_(context_, SIGINT, SIGTERM, SIGHUP) { await_signal(); }

void ToolRunner::await_signal() {
  signals_.async_wait([this](boost::system::error_code error, int number) {
    if (error) return;
    signal_ = number;
    if (running_ != 0) ::kill(running_, SIGTERM);
    await_signal();
  });
}

void ToolRunner::check_interrupted() const {
  if (signal_ != 0) throw Interrupted(signal_);
}

std::string ToolRunner::run(const ToolStep& step, const OnPercent& on_percent) {
  const std::string program = found_in_path(step.program);
  context_.poll();
  check_interrupted();
  Child child(context_, program, step);
  running_ = child.child.id();
  child.output.read(on_percent);
  child.errors.read(on_percent);
  while (!child.over || !child.output.at_end || !child.errors.at_end) context_.run_one();
  running_ = 0;
  check_interrupted();
  const int status = child.child.native_exit_code();
  if (WIFSIGNALED(status)) throw Interrupted(WTERMSIG(status), step.program + " was killed");
  if (WEXITSTATUS(status) != 0) {
    throw std::runtime_error(
        tool_failure(step, WEXITSTATUS(status), child.output.text.text(), child.errors.text.text()));
  }
  return child.output.text.text();
}

}  // namespace shoal

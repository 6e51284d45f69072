#include "target/base/log_writer.h"

#include <fcntl.h>
#include <unistd.h>

#include <catch2/catch.hpp>

#include "target/base/log_queue.h"

using namespace shoal;

namespace {

std::string line(int number) { return "line " + std::to_string(number) + "\n"; }

std::string line_of(std::size_t bytes) {
  std::string text(bytes, 'x');
  text.back() = '\n';
  return text;
}

std::string missing_line(std::uint64_t lines) { return "missing " + std::to_string(lines) + "\n"; }

struct Pipe {
  Pipe() { REQUIRE(::pipe2(ends, O_CLOEXEC) == 0); }
  ~Pipe() {
    close_reader();
    close_writer();
  }
  void close_reader() { close(ends[0]); }
  void close_writer() { close(ends[1]); }
  std::string read_some() const {
    char text[4096];
    const ssize_t count = ::read(ends[0], text, sizeof text);
    return std::string(text, static_cast<std::size_t>(std::max<ssize_t>(0, count)));
  }
  std::string read_to_end() const {
    std::string all;
    for (std::string some = read_some(); !some.empty(); some = read_some()) all += some;
    return all;
  }
  static void close(int& end) {
    if (end >= 0) ::close(end);
    end = -1;
  }
  int ends[2];
};

// What a reader makes of it.
struct Heard {
  std::uint64_t lines = 0, missing = 0;
  std::string last, begun;

  void on(const std::string& some) {
    for (const char c : some) {
      if (c != '\n') {
        begun += c;
        continue;
      }
      last = std::exchange(begun, "");
      const bool is_missing = last.starts_with("missing ");
      lines += !is_missing;
      if (is_missing) missing += std::stoull(last.substr(8));
    }
  }
};

}  // namespace

TEST_CASE("lines that wait keep their order, and are taken in batches") {
  LogQueue queue(1000);
  for (int i = 0; i < 3; ++i) queue.push(line(i));
  const auto first = queue.take(10), second = queue.take(10);
  CHECK(first.text == line(0) + line(1));
  CHECK(second.text == line(2));
  CHECK(first.missing + second.missing == 0);
  CHECK(queue.empty());
}

TEST_CASE("beyond the bytes that may wait the oldest lines go and are counted in front of those that follow") {
  LogQueue queue(3 * line(0).size());
  for (int i = 0; i < 5; ++i) queue.push(line(i));
  const auto batch = queue.take(1000);
  CHECK(batch.missing == 2);
  CHECK(batch.text == line(2) + line(3) + line(4));
  queue.lost(3);
  queue.push(std::string(1000, 'x'));  // longer than all that may wait
  CHECK(queue.empty());
  queue.push(line(5));
  CHECK(queue.take(1000).missing == 4);
  CHECK(queue.take(1000).missing == 0);
}

TEST_CASE("a writer's end comes after its last line") {
  Pipe pipe;
  std::string expected;
  {
    LogWriter writer(pipe.ends[1], missing_line);
    for (int i = 0; i < 1000; ++i) {
      writer.push(line(i));
      expected += line(i);
    }
  }
  pipe.close_writer();
  CHECK(pipe.read_to_end() == expected);
}

TEST_CASE("a reader that does not read holds up neither who logs nor the end, and hears how much it missed") {
  constexpr std::uint64_t kLines = 64;
  const std::string long_line = line_of((64 << 10) + 1);
  Pipe pipe;
  {
    LogWriter writer(pipe.ends[1], missing_line, 20ms);
    for (std::uint64_t i = 0; i < kLines; ++i) writer.push(long_line);
  }
  Heard heard;  // of the thread that was left behind
  while (heard.lines + heard.missing < kLines) heard.on(pipe.read_some());
  CHECK(heard.missing > 0);
  CHECK(heard.lines >= kMaxWaitingLogBytes / long_line.size());
  CHECK(heard.last.ends_with("x"));
}

TEST_CASE("a reader that has gone ends nobody, and lines for it are lost") {
  Pipe pipe;
  pipe.close_reader();
  LogWriter writer(pipe.ends[1], missing_line);
  for (int i = 0; i < 100; ++i) writer.push(line(i));
}

TEST_CASE("a device without room loses lines and ends nobody") {
  const int full = ::open("/dev/full", O_WRONLY | O_CLOEXEC);
  REQUIRE(full >= 0);
  {
    LogWriter writer(full, missing_line);
    writer.push(line(1));
  }
  ::close(full);
}

TEST_CASE("a descriptor that others made non-blocking is waited for") {
  Pipe pipe;
  REQUIRE(::fcntl(pipe.ends[1], F_SETFL, O_NONBLOCK) == 0);
  constexpr std::size_t kBytes = 512 << 10;  // more than a pipe holds
  std::string all;
  {
    LogWriter writer(pipe.ends[1], missing_line);
    writer.push(line_of(kBytes));
    while (all.size() < kBytes) all += pipe.read_some();
  }
  CHECK(all.back() == '\n');
}

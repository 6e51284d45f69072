// An AsioRuntime that a test drives until something has happened, two ends of a connection over loopback, and a folder
// of its own.
#pragma once

#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include <catch2/catch.hpp>
#include <filesystem>
#include <optional>
#include <string>

#include "target/runtime/asio_runtime.h"

namespace shoal::test {

class RuntimeRig {
 public:
  explicit RuntimeRig(FileEngine engine = FileEngine::best) : runtime(engine) {}

  // False: it has not happened within a time that is too long for anything here.
  template <class Predicate>
  bool run_until(Predicate happened, std::chrono::steady_clock::duration limit = std::chrono::seconds(10)) {
    const auto end = std::chrono::steady_clock::now() + limit;
    while (!happened()) {
      if (runtime.context().run_one_until(end) == 0) return false;
    }
    return true;
  }

  // Everything that is ready now is handled, what comes of it as well.
  void settle() {
    bool quiet = false;
    const auto timer = runtime.after(20ms, [&] { quiet = true; });
    REQUIRE(run_until([&] { return quiet; }));
  }

  AsioRuntime runtime;
};

struct Pair {
  explicit Pair(RuntimeRig& rig, const std::string& host = "127.0.0.1") {
    auto listening =
        rig.runtime.listen({host, 0}, [this](std::unique_ptr<Stream> stream) { server = std::move(stream); });
    REQUIRE(listening.has_value());
    listener = std::move(*listening);
    rig.runtime.connect(listener->local(), 5s, [this](Result<std::unique_ptr<Stream>, NetError> result) {
      if (result) client = std::move(*result);
    });
    REQUIRE(rig.run_until([&] { return client && server; }));
  }

  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> client, server;
};

// Reads from a stream until it ends, and keeps all of it.
struct Reader {
  Reader(Stream& stream, std::size_t at_once = 65536) : stream(stream), buffer(at_once) { read(); }

  void read() {
    stream.read_some(buffer, [this](Result<std::size_t, NetError> result) {
      if (!result) {
        error = result.error();
        return;
      }
      text.append(as_text(ByteSpan(buffer).first(*result)));
      read();
    });
  }

  Stream& stream;
  std::vector<std::byte> buffer;
  std::string text;
  std::optional<NetError> error;
};

// As few descriptors as are open now, until it ends.
class NoDescriptorsLeft {
 public:
  NoDescriptorsLeft() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::open("/dev/null", O_RDONLY);
    ::close(next);
    rlimit none = before_;
    none.rlim_cur = static_cast<rlim_t>(next);
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~NoDescriptorsLeft() { ::setrlimit(RLIMIT_NOFILE, &before_); }

 private:
  rlimit before_;
};

class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoal-runtime-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    path_ = pattern;
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;

  std::string operator/(const std::string& name) const { return path_ + "/" + name; }
  const std::string& path() const { return path_; }

 private:
  std::string path_;
};

}  // namespace shoal::test

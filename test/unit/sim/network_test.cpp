// Streams between simulated hosts: the contract of runtime.h, and what networks do to it.
#include <catch2/catch.hpp>

#include "test/sim/world.h"

namespace shoal::sim {
namespace {

using Received = Result<std::size_t, NetError>;

// Reads all that comes, and remembers how it ended.
struct Reader {
  explicit Reader(std::unique_ptr<Stream> of) : stream(std::move(of)) { read(); }
  void read() {
    stream->read_some(buffer, [this](Received got) {
      if (!got) {
        end = got.error();
        return;
      }
      text.append(reinterpret_cast<const char*>(buffer), *got);
      read();
    });
  }
  std::unique_ptr<Stream> stream;
  std::byte buffer[4096];
  std::string text;
  std::optional<NetError> end;
};

struct Pair {
  explicit Pair(std::uint64_t seed = 1)
      : world(seed), a(world.add_host("a", {"10.0.0.1"})), b(world.add_host("b", {"10.0.0.2"})) {
    listener =
        *b.runtime().listen({"10.0.0.2", 3260}, [this](std::unique_ptr<Stream> stream) { server = std::move(stream); });
    a.runtime().connect({"10.0.0.2", 3260}, 1s, [this](auto result) {
      if (result) client = std::move(*result);
    });
    world.run_until([&] { return client && server; }, 1s);
    REQUIRE(client);
    REQUIRE(server);
  }
  void send(const std::unique_ptr<Stream>& stream, std::string_view text) {
    stream->write({Slice::copy_of(text)}, [](auto) {});
  }
  World world;
  Host& a;
  Host& b;
  std::unique_ptr<Listener> listener;
  std::unique_ptr<Stream> client, server;
};

TEST_CASE("bytes arrive in order, once, at both ends") {
  Pair pair;
  Reader at_server(std::move(pair.server));
  std::string sent;
  std::function<void(int)> more = [&](int i) {
    if (i == 200) return;
    std::string piece = std::to_string(i) + std::string(i * 7, 'x');
    sent += piece;
    pair.client->write({Slice::copy_of(piece)}, [&, i](auto result) {
      REQUIRE(result.has_value());
      more(i + 1);
    });
  };
  more(0);
  CHECK(pair.world.run_until([&] { return at_server.text.size() == sent.size() && sent.size() > 100000; }, 1s));
  CHECK(at_server.text == sent);
}

TEST_CASE("a half-close lets the other direction go on") {
  Pair pair;
  Reader at_server(std::move(pair.server)), at_client(std::move(pair.client));
  pair.send(at_client.stream, "question");
  pair.world.run_for(10ms);
  at_client.stream->shutdown_send();
  pair.world.run_for(10ms);
  CHECK(at_server.text == "question");
  CHECK(at_server.end == NetError::closed);
  pair.send(at_server.stream, "answer");
  pair.world.run_for(10ms);
  CHECK(at_client.text == "answer");
  CHECK_FALSE(at_client.end);
}

TEST_CASE("a write beyond what the peer reads waits for the peer") {
  Pair pair;
  bool written = false;
  pair.client->write({Slice::copy_of(std::string(1'000'000, 'x'))}, [&](auto result) { written = bool(result); });
  pair.world.run_for(1s);
  CHECK_FALSE(written);
  Reader at_server(std::move(pair.server));
  CHECK(pair.world.run_until([&] { return written && at_server.text.size() == 1'000'000; }, 1s));
}

TEST_CASE("a completion is never called inside the call that was given it") {
  Pair pair;
  bool called = false, inside = false;
  pair.a.runtime().post([&] {
    inside = true;
    pair.client->write({Slice::copy_of("x")}, [&](auto) { called = !inside; });
    inside = false;
  });
  pair.world.run_for(1ms);
  CHECK(called);
}

TEST_CASE("destroying a stream cancels what is pending on it") {
  Pair pair;
  Reader at_client(std::move(pair.client));
  bool called = false;
  std::byte buffer[16];
  pair.server->read_some(buffer, [&](auto) { called = true; });
  pair.server.reset();
  pair.world.run_for(1s);
  CHECK_FALSE(called);
  CHECK(at_client.end == NetError::closed);
}

TEST_CASE("what was written before the close is delivered") {
  Pair pair;
  Reader at_server(std::move(pair.server));
  pair.send(pair.client, "last words");
  pair.client.reset();
  pair.world.run_for(10ms);
  CHECK(at_server.text == "last words");
  CHECK(at_server.end == NetError::closed);
}

TEST_CASE("a connection to nobody is refused, and one to a silent host times out") {
  World world(1);
  Host& a = world.add_host("a", {"10.0.0.1"});
  Host& b = world.add_host("b", {"10.0.0.2"});
  std::optional<NetError> error;
  const auto done = [&](auto result) { error = result ? std::optional<NetError>() : result.error(); };
  a.runtime().connect({"10.0.0.2", 1}, 1s, done);
  world.run_for(10ms);
  CHECK(error == NetError::refused);
  error.reset();
  world.network().partition(a, b);
  a.runtime().connect({"10.0.0.2", 1}, 1s, done);
  world.run_for(999ms);
  CHECK_FALSE(error);
  world.run_for(2ms);
  CHECK(error == NetError::unreachable);
}

TEST_CASE("an address is listened at once, and only where it belongs") {
  Pair pair;
  const auto ignore = [](std::unique_ptr<Stream>) {};
  CHECK(pair.b.runtime().listen({"10.0.0.2", 3260}, ignore).error() == NetError::in_use);
  CHECK(pair.a.runtime().listen({"10.0.0.2", 3261}, ignore).error() == NetError::not_available);
  pair.listener.reset();
  CHECK(pair.b.runtime().listen({"10.0.0.2", 3260}, ignore).has_value());
  CHECK((*pair.b.runtime().listen({"10.0.0.2", 0}, ignore))->local().port != 0);
}

TEST_CASE("a partition holds bytes back until it is healed") {
  Pair pair;
  Reader at_server(std::move(pair.server));
  pair.world.network().partition(pair.a, pair.b);
  pair.send(pair.client, "late");
  pair.world.run_for(5s);
  CHECK(at_server.text.empty());
  pair.world.network().heal(pair.a, pair.b);
  pair.world.run_for(2s);
  CHECK(at_server.text == "late");
  CHECK_FALSE(at_server.end);
}

TEST_CASE("a path that is cut one way still carries the other way") {
  Pair pair;
  Reader at_server(std::move(pair.server)), at_client(std::move(pair.client));
  pair.world.network().cut(pair.a, pair.b);
  pair.send(at_client.stream, "up");
  pair.send(at_server.stream, "down");
  pair.world.run_for(1s);
  CHECK(at_server.text.empty());
  CHECK(at_client.text == "down");
}

TEST_CASE("a paused process reads later what its kernel received") {
  Pair pair;
  Reader at_server(std::move(pair.server));
  pair.b.pause();
  pair.send(pair.client, "while you slept");
  pair.world.run_for(3s);
  CHECK(at_server.text.empty());
  pair.b.resume();
  pair.world.run_for(1us);
  CHECK(at_server.text == "while you slept");
}

TEST_CASE("a paused process still gets connections from its kernel") {
  Pair pair;
  pair.b.pause();
  bool connected = false;
  pair.server.reset();
  pair.a.runtime().connect({"10.0.0.2", 3260}, 1s, [&](auto result) {
    connected = bool(result);
    if (result) pair.client = std::move(*result);
  });
  pair.world.run_for(100ms);
  CHECK(connected);
  CHECK_FALSE(pair.server);
  pair.b.resume();
  pair.world.run_for(1ms);
  CHECK(pair.server);
}

TEST_CASE("a killed process' connections end, and its port is free again") {
  Pair pair;
  Reader at_client(std::move(pair.client));
  pair.b.kill();
  pair.world.run_for(10ms);
  CHECK(at_client.end == NetError::closed);
  pair.b.start();
  CHECK(pair.b.runtime().listen({"10.0.0.2", 3260}, [](std::unique_ptr<Stream>) {}).has_value());
}

TEST_CASE("the peer of a machine that lost power learns it when it sends, after the machine is back") {
  Pair pair;
  Reader at_client(std::move(pair.client));
  pair.b.crash();
  pair.send(at_client.stream, "anybody?");
  pair.world.run_for(10s);
  CHECK_FALSE(at_client.end);
  pair.b.start();
  pair.world.run_for(2s);
  CHECK(at_client.end == NetError::closed);
}

TEST_CASE("a reset ends both ends") {
  Pair pair;
  Reader at_server(std::move(pair.server)), at_client(std::move(pair.client));
  CHECK(pair.world.network().reset_connections(pair.a, pair.b) == 1);
  pair.world.run_for(1ms);
  CHECK(at_server.end == NetError::closed);
  CHECK(at_client.end == NetError::closed);
  std::optional<bool> ok;
  at_client.stream->write({Slice::copy_of("x")}, [&](auto result) { ok = bool(result); });
  pair.world.run_for(1ms);
  CHECK(ok == false);
}

TEST_CASE("a connection that one end takes for ended still brings the other what was sent before") {
  Pair pair;
  Reader at_server(std::move(pair.server));
  Network& network = pair.world.network();
  network.partition(pair.a, pair.b);
  pair.send(pair.client, "late");
  pair.world.run_for(1ms);
  Reader at_client(std::move(pair.client));
  network.end_connections(pair.a, pair.b);
  pair.world.run_for(1ms);
  CHECK(at_client.end == NetError::closed);
  at_client.stream.reset();
  network.heal(pair.a, pair.b);
  pair.world.run_for(2s);
  CHECK(at_server.text == "late");
  CHECK(at_server.end == NetError::closed);
  CHECK(network.connection_count() == 1);  // until the server closes its end
}

TEST_CASE("connections that have ended are forgotten") {
  Pair pair;
  pair.client.reset();
  pair.server.reset();
  pair.world.run_for(1s);
  CHECK(pair.world.network().connection_count() == 0);
}

}  // namespace
}  // namespace shoal::sim

#include <sys/socket.h>

#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>

#include "test/unit/runtime/runtime_rig.h"

using namespace shoal;
using namespace shoal::test;

namespace {

Slices text(const std::string& words) { return {Slice::copy_of(words)}; }

std::string pattern(std::size_t size) {
  std::string bytes(size, '\0');
  for (std::size_t i = 0; i < size; ++i) bytes[i] = static_cast<char>(i * 31 + i / 251);
  return bytes;
}

// A client that resets the connection instead of ending it.
void reset_peer_of(RuntimeRig& rig, const Endpoint& at, std::unique_ptr<Stream>& accepted) {
  boost::asio::ip::tcp::socket socket(rig.runtime.context());
  socket.connect({boost::asio::ip::make_address(at.host), at.port});
  REQUIRE(rig.run_until([&] { return accepted != nullptr; }));
  socket.set_option(boost::asio::socket_base::linger(true, 0));
  socket.close();
}

}  // namespace

TEST_CASE("what one end writes the other reads, and both know their addresses") {
  RuntimeRig rig;
  Pair pair(rig);
  CHECK(pair.client->peer() == pair.listener->local());
  CHECK(pair.client->local() == pair.server->peer());
  bool written = false;
  pair.client->write(text("hello"), [&](Result<void, NetError> result) { written = result.has_value(); });
  CHECK_FALSE(written);  // never inside the call
  Reader reader(*pair.server);
  REQUIRE(rig.run_until([&] { return reader.text == "hello"; }));
  CHECK(rig.run_until([&] { return written; }));
}

TEST_CASE("a read takes what is there, and no more than there is room for") {
  RuntimeRig rig;
  Pair pair(rig);
  pair.client->write(text("abcdefgh"), [](auto) {});
  rig.settle();
  std::array<std::byte, 3> small;
  std::string seen;
  pair.server->read_some(small,
                         [&](Result<std::size_t, NetError> count) { seen = as_text(ByteSpan(small).first(*count)); });
  CHECK(seen.empty());
  REQUIRE(rig.run_until([&] { return !seen.empty(); }));
  CHECK(seen == "abc");
  Reader rest(*pair.server);
  CHECK(rig.run_until([&] { return rest.text == "defgh"; }));
}

TEST_CASE("a write of no bytes completes") {
  RuntimeRig rig;
  Pair pair(rig);
  int done = 0;
  pair.client->write({}, [&](Result<void, NetError> result) {
    done += result.has_value();
    pair.client->write({Slice(), Slice()}, [&](Result<void, NetError> empty) { done += empty.has_value(); });
  });
  CHECK(rig.run_until([&] { return done == 2; }));
}

TEST_CASE("a gathered write larger than every buffer arrives whole and in order at a slow reader") {
  RuntimeRig rig;
  Pair pair(rig);
  std::string sent;
  Slices slices;
  for (std::size_t i = 0; i < 5000; ++i) {
    const std::string piece = pattern(1 + i * 37 % 9000);
    slices.push_back(Slice::copy_of(piece));
    if (i % 7 == 0) slices.emplace_back();
    sent += piece;
  }
  bool written = false;
  pair.client->write(std::move(slices), [&](Result<void, NetError> result) { written = result.has_value(); });
  rig.settle();
  CHECK_FALSE(written);  // nobody reads yet
  Reader reader(*pair.server, 1000);
  REQUIRE(rig.run_until([&] { return reader.text.size() == sent.size(); }));
  CHECK(reader.text == sent);
  CHECK(rig.run_until([&] { return written; }));
}

TEST_CASE("both directions at once do not wait for each other") {
  RuntimeRig rig;
  Pair pair(rig);
  const std::string up = pattern(3'000'000), down = pattern(2'500'000);
  int written = 0;
  pair.client->write(text(up), [&](Result<void, NetError> result) { written += result.has_value(); });
  pair.server->write(text(down), [&](Result<void, NetError> result) { written += result.has_value(); });
  Reader at_server(*pair.server), at_client(*pair.client);
  REQUIRE(rig.run_until([&] { return at_server.text.size() == up.size() && at_client.text.size() == down.size(); }));
  CHECK(at_server.text == up);
  CHECK(at_client.text == down);
  CHECK(rig.run_until([&] { return written == 2; }));
}

TEST_CASE("a half-closed stream ends for the peer after all that was written, and still reads") {
  RuntimeRig rig;
  Pair pair(rig);
  const std::string sent = pattern(4'000'000);
  pair.client->write(text(sent), [](auto) {});
  pair.client->shutdown_send();  // while the write still waits for room
  Reader at_server(*pair.server);
  REQUIRE(rig.run_until([&] { return at_server.error.has_value(); }));
  CHECK(at_server.error == NetError::closed);
  CHECK(at_server.text == sent);
  pair.server->write(text("answer"), [](auto) {});
  Reader at_client(*pair.client);
  CHECK(rig.run_until([&] { return at_client.text == "answer"; }));
}

TEST_CASE("data and the end that arrive together are both seen") {
  RuntimeRig rig;
  Pair pair(rig);
  pair.client->write(text("last words"), [](auto) {});
  pair.client->shutdown_send();
  rig.settle();
  Reader reader(*pair.server);
  REQUIRE(rig.run_until([&] { return reader.error.has_value(); }));
  CHECK(reader.text == "last words");
}

TEST_CASE("a read and a write after the peer has reset the connection say closed") {
  RuntimeRig rig;
  std::unique_ptr<Stream> accepted;
  const auto listener = rig.runtime.listen({"127.0.0.1", 0}, [&](auto stream) { accepted = std::move(stream); });
  REQUIRE(listener.has_value());
  reset_peer_of(rig, (*listener)->local(), accepted);
  Reader reader(*accepted);
  REQUIRE(rig.run_until([&] { return reader.error.has_value(); }));
  CHECK(reader.error == NetError::closed);
  std::optional<Result<void, NetError>> written;
  accepted->write(text("too late"), [&](Result<void, NetError> result) { written = result; });
  REQUIRE(rig.run_until([&] { return written.has_value(); }));
  CHECK(written->error() == NetError::closed);
}

TEST_CASE("a reset ends a write that waits for room") {
  RuntimeRig rig;
  std::unique_ptr<Stream> accepted;
  const auto listener = rig.runtime.listen({"127.0.0.1", 0}, [&](auto stream) { accepted = std::move(stream); });
  boost::asio::ip::tcp::socket peer(rig.runtime.context());
  peer.connect({boost::asio::ip::make_address("127.0.0.1"), (*listener)->local().port});
  REQUIRE(rig.run_until([&] { return accepted != nullptr; }));
  std::optional<Result<void, NetError>> written;
  accepted->write(text(pattern(20'000'000)), [&](Result<void, NetError> result) { written = result; });
  rig.settle();
  CHECK_FALSE(written);
  peer.set_option(boost::asio::socket_base::linger(true, 0));
  peer.close();
  REQUIRE(rig.run_until([&] { return written.has_value(); }));
  CHECK(written->error() == NetError::closed);
}

TEST_CASE("a stream that is destroyed calls nothing any more and leaves the reader's buffer alone") {
  RuntimeRig rig;
  Pair pair(rig);
  bool called = false;
  const auto owned = std::make_shared<int>(1);
  {
    std::vector<std::byte> buffer(4096);
    pair.server->read_some(buffer, [&called, owned](auto) { called = true; });
    pair.server->write(text(pattern(30'000'000)), [&called, owned](auto) { called = true; });
    pair.client->write(text("for nobody"), [](auto) {});
    pair.server.reset();
  }
  CHECK(owned.use_count() == 1);  // what the completions owned is released at once
  rig.settle();
  CHECK_FALSE(called);
  Reader reader(*pair.client);
  CHECK(rig.run_until([&] { return reader.error.has_value(); }));
}

TEST_CASE("a write that is done but not yet told is not told after close") {
  RuntimeRig rig;
  Pair pair(rig);
  bool called = false;
  pair.client->write(text("x"), [&](auto) { called = true; });
  pair.client->close();
  pair.client->close();
  pair.client->write(text("y"), [&](auto) { called = true; });
  std::array<std::byte, 1> byte;
  pair.client->read_some(byte, [&](auto) { called = true; });
  pair.client->shutdown_send();
  rig.settle();
  CHECK_FALSE(called);
}

TEST_CASE("a stream may be destroyed by its own completion, or by what the completion owns") {
  RuntimeRig rig;
  Pair pair(rig);
  bool called = false;
  std::array<std::byte, 16> buffer;
  pair.server->read_some(buffer, [&](auto) {
    pair.server.reset();
    called = true;
  });
  pair.client->write(text("x"), [](auto) {});
  REQUIRE(rig.run_until([&] { return called; }));

  std::shared_ptr<Stream> self = std::move(pair.client);
  std::array<std::byte, 16> into;
  self->read_some(into, [self](auto) {});  // the completion owns the stream; close breaks the circle
  Stream& stream = *self;
  self.reset();
  stream.close();
  rig.settle();
}

TEST_CASE("a busy stream does not starve another") {
  RuntimeRig rig;
  Pair busy(rig), calm(rig);
  bool stop = false;
  const Slice flood = Slice::copy_of(pattern(1 << 20));
  std::function<void()> send = [&] {
    if (!stop) busy.client->write({flood}, [&](auto) { send(); });
  };
  send();
  Reader sink(*busy.server, 512);
  Reader reader(*calm.server);
  calm.client->write(text("hello"), [](auto) {});
  CHECK(rig.run_until([&] { return reader.text == "hello"; }));
  stop = true;
}

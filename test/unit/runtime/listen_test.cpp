#include <sys/resource.h>

#include <fcntl.h>
#include <catch2/catch.hpp>
#include <ctime>

#include "test/unit/runtime/runtime_rig.h"

using namespace shoal;
using namespace shoal::test;

namespace {

using Connected = std::optional<Result<std::unique_ptr<Stream>, NetError>>;

NetError connect_error(RuntimeRig& rig, const Endpoint& to, Duration timeout = 5s) {
  Connected result;
  rig.runtime.connect(to, timeout, [&](auto outcome) { result = std::move(outcome); });
  CHECK_FALSE(result);  // never inside the call
  REQUIRE(rig.run_until([&] { return result.has_value(); }));
  REQUIRE(result->has_error());
  return result->error();
}

}  // namespace

TEST_CASE("a listener at port 0 tells the port it got") {
  RuntimeRig rig;
  const auto listener = rig.runtime.listen({"127.0.0.1", 0}, [](auto) {});
  REQUIRE(listener.has_value());
  CHECK((*listener)->local().host == "127.0.0.1");
  CHECK((*listener)->local().port != 0);
}

TEST_CASE("an address that is taken, foreign or no address is refused as what it is") {
  RuntimeRig rig;
  const auto listener = rig.runtime.listen({"127.0.0.1", 0}, [](auto) {});
  CHECK(rig.runtime.listen((*listener)->local(), [](auto) {}).error() == NetError::in_use);
  CHECK(rig.runtime.listen({"203.0.113.7", 0}, [](auto) {}).error() == NetError::not_available);
  CHECK(rig.runtime.listen({"not an address", 0}, [](auto) {}).error() == NetError::not_available);
}

TEST_CASE("an address can be listened at again as soon as its connections have ended") {
  RuntimeRig rig;
  auto pair = std::make_optional<Pair>(rig);
  const Endpoint at = pair->listener->local();
  pair->server.reset();  // this side closes first and keeps TIME_WAIT
  rig.settle();
  pair.reset();
  CHECK(rig.runtime.listen(at, [](auto) {}).has_value());
}

TEST_CASE("IPv6 works, and leaves the same port of IPv4 alone") {
  RuntimeRig rig;
  const auto six = rig.runtime.listen({"::", 0}, [](auto) {});
  if (!six) {
    WARN("no IPv6 here: nothing shown");
    return;
  }
  CHECK(rig.runtime.listen({"0.0.0.0", (*six)->local().port}, [](auto) {}).has_value());
  Pair pair(rig, "::1");
  CHECK(pair.server->local().host == "::1");
  Reader reader(*pair.server);
  pair.client->write({Slice::copy_of("six")}, [](auto) {});
  CHECK(rig.run_until([&] { return reader.text == "six"; }));
}

TEST_CASE("a connection where nobody listens is refused") {
  RuntimeRig rig;
  Endpoint nobody;
  {
    const auto listener = rig.runtime.listen({"127.0.0.1", 0}, [](auto) {});
    nobody = (*listener)->local();
  }
  CHECK(connect_error(rig, nobody) == NetError::refused);
}

TEST_CASE("a connection that nobody answers ends at its deadline") {
  RuntimeRig rig;
  // A full backlog drops further requests: a listener of the kernel that nobody accepts from.
  const int silent = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t length = sizeof address;
  REQUIRE(::bind(silent, reinterpret_cast<sockaddr*>(&address), length) == 0);
  REQUIRE(::listen(silent, 0) == 0);
  REQUIRE(::getsockname(silent, reinterpret_cast<sockaddr*>(&address), &length) == 0);
  const Endpoint at{"127.0.0.1", ntohs(address.sin_port)};
  std::vector<std::unique_ptr<Stream>> held;
  int refused = 0;
  const Time begin = rig.runtime.now();
  for (int i = 0; i < 4; ++i) {
    rig.runtime.connect(at, 100ms, [&](Result<std::unique_ptr<Stream>, NetError> result) {
      if (result) return held.push_back(std::move(*result));
      CHECK(result.error() == NetError::unreachable);
      ++refused;
    });
  }
  REQUIRE(rig.run_until([&] { return refused + held.size() == 4; }));
  CHECK(refused > 0);
  CHECK(rig.runtime.now() - begin >= 100ms);
  ::close(silent);
}

TEST_CASE("a name instead of an address is unreachable") {
  RuntimeRig rig;
  CHECK(connect_error(rig, {"localhost", 1}) == NetError::unreachable);
}

TEST_CASE("a connection that the runtime does not live to see is not told") {
  bool called = false;
  {
    AsioRuntime runtime;
    const auto listener = runtime.listen({"127.0.0.1", 0}, [&](auto) { called = true; });
    runtime.connect((*listener)->local(), 5s, [&](auto) { called = true; });
  }
  CHECK_FALSE(called);
}

TEST_CASE("a listener that is destroyed accepts nothing more, even from its own callback") {
  RuntimeRig rig;
  std::unique_ptr<Listener> listener;
  int accepted = 0;
  const auto owned = std::make_shared<int>(1);
  auto listening = rig.runtime.listen({"127.0.0.1", 0}, [&accepted, &listener, owned](auto) {
    ++accepted;
    listener.reset();
  });
  listener = std::move(*listening);
  const Endpoint at = listener->local();
  int finished = 0;
  for (int i = 0; i < 3; ++i) rig.runtime.connect(at, 1s, [&](auto) { ++finished; });
  REQUIRE(rig.run_until([&] { return finished == 3 && !listener; }));
  rig.settle();
  CHECK(accepted == 1);
  CHECK(owned.use_count() == 1);
  CHECK(connect_error(rig, at) == NetError::refused);
}

TEST_CASE("without descriptors a listener pauses, does not spin, and goes on when there are some again") {
  RuntimeRig rig;
  std::vector<std::unique_ptr<Stream>> accepted;
  const auto listener =
      rig.runtime.listen({"127.0.0.1", 0}, [&](auto stream) { accepted.push_back(std::move(stream)); });
  std::unique_ptr<Stream> client;
  {
    const int socket = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in address{};
    address.sin_family = AF_INET;
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    address.sin_port = htons((*listener)->local().port);
    const NoDescriptorsLeft none;
    REQUIRE(::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address) == 0);
    const std::clock_t begin = std::clock();
    CHECK_FALSE(rig.run_until([&] { return !accepted.empty(); }, 250ms));
    CHECK(std::clock() - begin < CLOCKS_PER_SEC / 20);
    CHECK(connect_error(rig, (*listener)->local()) == NetError::no_resources);
    ::close(socket);
  }
  CHECK(rig.run_until([&] { return !accepted.empty(); }));
}

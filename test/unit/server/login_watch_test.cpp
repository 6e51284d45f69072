#include "target/server/login_watch.h"

#include <catch2/catch.hpp>
#include <vector>

using namespace shoal;
using namespace shoal::server;

namespace {
struct Watched {
  std::vector<std::string> lines;
  Log log{LogLevel::info, [this](LogLevel, std::string_view line) { lines.emplace_back(line); }};
  LoginWatch watch{Time{5s}};
};
}  // namespace

TEST_CASE("of a login only the time from a host's PDU to the answer is ours") {
  Watched login;
  login.watch.heard(Time{6s});
  login.watch.heard(Time{6s + 1ms});  // the rest of the same PDU
  login.watch.names("iqn.x:a", 0x23d000000);
  login.watch.answered(Time{6s + 3ms});
  login.watch.answered(Time{7s});  // nothing was asked
  login.watch.heard(Time{9s});
  login.watch.answered(Time{9s + 4ms});
  CHECK(login.watch.own() == 7ms);
  CHECK_FALSE(login.watch.over());
  login.watch.end("served", Time{9s + 4ms}, login.log);
  CHECK(login.watch.over());
  CHECK(login.lines == std::vector<std::string>{"login_over outcome=served initiator=\"iqn.x:a\" isid=00023d000000 "
                                                "accepted_ms=5000 answered_ms=9004 own_us=7000"});
}

TEST_CASE("a connection that never said who it is leaves no line behind") {
  Watched login;
  login.watch.heard(Time{6s});
  login.watch.end("refused", Time{6s}, login.log);
  CHECK(login.lines.empty());
}

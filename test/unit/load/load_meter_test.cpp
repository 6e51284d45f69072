#include "cluster/load/load_meter.h"

#include <catch2/catch.hpp>
#include <numeric>

#include "test/unit/load/group.h"

using namespace shoal;
using namespace shoal::load;

namespace {

constexpr MemberId kSelf{1};
constexpr MemberId kOther{2};
constexpr ImageId kImage{5};

// A member and its hosts, second by second.
struct Member {
  LoadMeter meter{kSelf, at(0)};
  Readings readings;
  double now = 0;
  std::uint64_t opened = 0;
  LoadReport report;

  std::shared_ptr<SessionMeter> session(const std::string& initiator = "host", ImageId image = kImage) {
    return meter.open({kSelf, ++opened}, image, initiator);
  }
  // A request of 4 KiB for one page, answered after `latency_s`.
  static void request(SessionMeter& session, double when, PageIndex page = {}, MemberId owner = kSelf,
                      double latency_s = 0.001, bool is_write = false) {
    session.started({is_write, Lba{page.value * 32768}, 8}, at(when));
    session.placed({page, owner, 8});
    session.ended(at(when + latency_s));
  }
  // For so many seconds `each` is called in every one, then a report is made.
  template <class F>
  Member& goes_on(int seconds, F each) {
    for (int i = 0; i < seconds; ++i) {
      each(now);
      now += 1;
      report = meter.report(at(now), readings);
    }
    return *this;
  }
  Member& rests(int seconds) {
    return goes_on(seconds, [](double) {});
  }
};

// So many requests in each second.
auto requests(SessionMeter& session, int count, PageIndex page = {}, MemberId owner = kSelf, double latency_s = 0.001) {
  return [&session, count, page, owner, latency_s](double second) {
    for (int i = 0; i < count; ++i) Member::request(session, second + i * 0.5 / count, page, owner, latency_s);
  };
}

}  // namespace

TEST_CASE("a member without sessions reports zeros, with its number counted up") {
  Member member;
  CHECK(member.rests(1).report.sequence == 1);
  CHECK(member.rests(1).report.sequence == 2);
  LoadReport nothing;
  nothing.member = kSelf;
  nothing.sequence = 2;
  CHECK(member.report == nothing);
}

TEST_CASE("requests are placed here or at another member, and counted there") {
  Member member;
  const auto session = member.session();
  member.goes_on(40, [&](double second) {
    requests(*session, 30)(second);
    requests(*session, 10, PageIndex{9}, kOther)(second);
  });
  CHECK(member.report.local.requests == Approx(30).epsilon(0.01));
  CHECK(member.report.local.bytes == Approx(30 * 4096).epsilon(0.01));
  CHECK(member.report.forwarded.requests == Approx(10).epsilon(0.01));
  const SessionLoad& load = member.report.sessions.at(0);
  CHECK(load.rate.requests == Approx(40).epsilon(0.01));
  CHECK(load.owners.at(kSelf) == Approx(0.75));
  CHECK(load.owners.at(kOther) == Approx(0.25));
  CHECK(load.session == SessionName{kSelf, 1});
  CHECK(load.image == kImage);
  CHECK(load.initiator_name == "host");
}

TEST_CASE("what is placed at members adds up to what the host asked for, of however many parts a request is") {
  Member member;
  const auto session = member.session();
  member.goes_on(30, [&](double second) {
    session->started({false, Lba{0}, 24}, at(second));
    session->placed({PageIndex{0}, kSelf, 8, true});
    session->placed({PageIndex{1}, kOther, 8, false});
    session->placed({PageIndex{2}, kOther, 8, false});
    session->ended(at(second + 0.01));
  });
  const LoadReport& report = member.report;
  CHECK(report.local.requests + report.forwarded.requests == Approx(report.volumes.at(0).reads.requests));
  CHECK(report.local.bytes + report.forwarded.bytes == Approx(report.volumes.at(0).reads.bytes));
  CHECK(report.sessions.at(0).rate.units() == Approx(report.local.units() + report.forwarded.units()));
}

TEST_CASE("latency is from arrival to answer, per session and over all, by the number of requests") {
  Member member;
  const auto fast = member.session(), slow = member.session();
  member.goes_on(40, [&](double second) {
    requests(*fast, 30, {}, kSelf, 0.001)(second);
    requests(*slow, 10, {}, kSelf, 0.101)(second);
  });
  CHECK(member.report.latency_s == Approx(0.026));
  CHECK(member.report.sessions.at(0).latency_s == Approx(0.001));
  CHECK(member.report.sessions.at(1).latency_s == Approx(0.101));
}

TEST_CASE(
    "a request that is never answered shows in the latency while it waits, and wears off when its session is gone") {
  Member member;
  auto session = member.session();
  requests(*session, 100)(0);
  for (int i = 0; i < 32; ++i) session->started({true, Lba{0}, 8}, at(0.9));
  member.rests(10);
  CHECK(member.report.latency_s > 1);
  CHECK(member.report.sessions.at(0).latency_s > 1);
  session = member.session();
  member.goes_on(60, requests(*session, 100));
  CHECK(member.report.latency_s == Approx(0.001).epsilon(0.1));
}

TEST_CASE("a session is reported while somebody holds its meter, and what it did decays afterwards") {
  Member member;
  auto session = member.session();
  member.goes_on(30, requests(*session, 100));
  const std::shared_ptr<SessionMeter> of_a_request = session;
  session.reset();
  CHECK(member.rests(1).report.server.sessions == 1);
}

TEST_CASE("the load of a session that has gone decays, and its name is gone") {
  Member member;
  auto session = member.session("gone");
  member.goes_on(40, requests(*session, 100));
  session.reset();
  member.rests(5);
  CHECK(member.report.server.sessions == 0);
  CHECK(member.report.sessions.empty());
  CHECK(member.report.local.requests == Approx(50).epsilon(0.01));
  CHECK(member.report.pages.at(0).hottest_initiator.empty());
  CHECK(member.report.volumes.size() == 1);
  member.rests(300);
  CHECK(member.report.volumes.empty());
  CHECK(member.report.pages.empty());
}

TEST_CASE("a session that was gone within its period still counts") {
  Member member;
  auto session = member.session();
  requests(*session, 100)(0);
  session.reset();
  member.rests(1);
  CHECK(member.report.local.requests > 10);
  CHECK(member.report.latency_s == Approx(0.001));
}

TEST_CASE("of a host's sessions the last one takes its name along") {
  Member member;
  auto first = member.session("host"), second = member.session("host");
  member.goes_on(5, requests(*first, 10));
  first.reset();
  CHECK(member.rests(1).report.pages.at(0).hottest_initiator == "host");
  second.reset();
  CHECK(member.rests(1).report.pages.at(0).hottest_initiator.empty());
}

TEST_CASE("of many sessions the busiest are reported, and all are counted") {
  Member member;
  std::vector<std::shared_ptr<SessionMeter>> sessions;
  for (int i = 0; i < 100; ++i) sessions.push_back(member.session());
  member.goes_on(3, [&](double second) {
    for (int i = 0; i < 100; ++i) requests(*sessions[i], 1 + i % 50)(second);
  });
  const auto& reported = member.report.sessions;
  CHECK(member.report.server.sessions == 100);
  CHECK(reported.size() == kMaxReportedSessions);
  CHECK(reported[0].session.number == 50);  // of the two busiest the one that is older
  CHECK(reported[1].session.number == 100);
  CHECK(reported[0].rate.units() > reported[63].rate.units());
}

TEST_CASE("pages are hot in units per second, whoever owns them") {
  Member member;
  const auto session = member.session("host"), other = member.session("other");
  member.goes_on(60, [&](double second) {
    requests(*session, 20, PageIndex{1})(second);
    requests(*other, 80, PageIndex{2}, kOther)(second);
  });
  REQUIRE(member.report.pages.size() == 2);
  const PageHeat& hottest = member.report.pages[0];
  CHECK(hottest.page == PageIndex{2});
  CHECK(hottest.image == kImage);
  CHECK(hottest.units == Approx(80 * (1 + 4096 / kBytesPerUnit)).epsilon(0.01));
  CHECK(hottest.error == 0);
  CHECK(hottest.hottest_initiator == "other");
  CHECK(member.report.pages[1].units == Approx(20 * (1 + 4096 / kBytesPerUnit)).epsilon(0.01));
}

TEST_CASE("a volume has its pattern and its rates, over all sessions") {
  Member member;
  const auto one = member.session("a"), two = member.session("b"), quiet = member.session("c", ImageId{9});
  std::uint64_t next = 0;
  member.goes_on(20, [&](double second) {
    for (int i = 0; i < 50; ++i) {
      for (SessionMeter* session : {one.get(), two.get()}) {
        session->started({true, Lba{next}, 8}, at(second));
        session->placed({PageIndex{next / 32768}, kSelf, 8});
        session->ended(at(second));
        next += 8;
      }
    }
  });
  REQUIRE(member.report.volumes.size() == 2);
  const VolumeLoad& busy = member.report.volumes[0];
  CHECK(busy.image == kImage);
  CHECK(busy.pattern == Pattern::sequential_write);
  CHECK(busy.writes.requests == Approx(100).epsilon(0.1));
  CHECK(busy.reads.requests == 0);
  CHECK(member.report.volumes[1] == VolumeLoad{ImageId{9}, Pattern::idle, {}, {}});
}

TEST_CASE("the store has requests, bytes, latency, depth, and the time in which it had anything to do") {
  Member member;
  member.goes_on(60, [&](double second) {
    for (int i = 0; i < 10; ++i) {  // two at a time, for 50 ms of each 100
      const double begin = second + i * 0.1;
      member.meter.store().started(at(begin));
      member.meter.store().started(at(begin));
      member.meter.store().ended(at(begin + 0.05), 4096);
      member.meter.store().ended(at(begin + 0.05), 4096);
    }
  });
  const StoreLoad& store = member.report.store;
  CHECK(store.requests == Approx(20).epsilon(0.01));
  CHECK(store.bytes == Approx(20 * 4096).epsilon(0.01));
  CHECK(store.latency_s == Approx(0.05));
  CHECK(store.queue_depth == Approx(1).epsilon(0.01));
  CHECK(store.busy == Approx(0.5).epsilon(0.01));
}

TEST_CASE("a store that answers nothing is busy all the time") {
  Member member;
  member.meter.store().started(at(0));
  member.rests(60);
  CHECK(member.report.store.busy == Approx(1).epsilon(0.001));
  CHECK(member.report.store.busy <= 1);
  CHECK(member.report.store.queue_depth == Approx(1).epsilon(0.001));
}

TEST_CASE("what is done for other members counts apart") {
  Member member;
  member.goes_on(60, [&](double) {
    member.readings.served_requests += 10;
    member.readings.served_bytes += 10 * 8192;
  });
  CHECK(member.report.served.requests == Approx(10).epsilon(0.01));
  CHECK(member.report.served.bytes == Approx(10 * 8192).epsilon(0.01));
  CHECK(member.report.local.units() == 0);
}

TEST_CASE("counters that are read give rates; what was before the first reading is not of it") {
  Member member;
  member.readings = {.host_bytes_in = 1'000'000'000, .peer_bytes_out = 500, .cpu_time = 100s, .processors = 2};
  member.goes_on(60, [&](double) {
    member.readings.host_bytes_in += 1000;
    member.readings.host_bytes_out += 3000;
    member.readings.peer_bytes_out += 500;
    member.readings.cpu_time += 500ms;
  });
  CHECK(member.report.hosts.in == Approx(1000).epsilon(0.01));
  CHECK(member.report.hosts.out == Approx(3000).epsilon(0.01));
  CHECK(member.report.peers.in == 0);
  CHECK(member.report.peers.out == Approx(500).epsilon(0.01));
  CHECK(member.report.server.cpu == Approx(0.25).epsilon(0.01));
}

TEST_CASE("a counter that goes back adds nothing, and goes on from there") {
  Member member;
  member.readings.host_bytes_in = 5000;
  member.rests(1);
  member.readings.host_bytes_in = 10;
  CHECK(member.rests(1).report.hosts.in == 0);
  member.readings.host_bytes_in = 1010;
  CHECK(member.rests(1).report.hosts.in > 0);
}

TEST_CASE("fractions stay within 0 and 1, and without a limit there is none") {
  Member member;
  member.readings = {.memory_bytes = 300, .memory_limit_bytes = 200, .host_bytes_per_second_limit = 10};
  member.goes_on(60, [&](double) {
    member.readings.cpu_time += 3s;
    member.readings.host_bytes_in += 100;
  });
  CHECK(member.report.server.cpu == 1);
  CHECK(member.report.server.memory == 1);
  CHECK(member.report.server.network == 1);
  member.readings.memory_limit_bytes = 0;
  member.readings.host_bytes_per_second_limit = 0;
  member.readings.processors = 0;
  member.rests(1);
  CHECK(member.report.server == ServerLoad{});
}

TEST_CASE("a report that is asked for again at once has the same rates under a new number, and loses nothing") {
  Member member;
  const auto session = member.session();
  member.goes_on(3, requests(*session, 10));
  requests(*session, 10)(member.now);
  LoadReport again = member.meter.report(at(member.now), member.readings);
  CHECK(again.sequence == member.report.sequence + 1);
  CHECK(again.local == member.report.local);
  CHECK(again.sessions == member.report.sessions);
  CHECK(member.rests(1).report.local.requests > again.local.requests);
}

TEST_CASE("a report that comes late has the same rates") {
  Member punctual, late;
  const auto of_punctual = punctual.session(), of_late = late.session();
  punctual.goes_on(12, requests(*of_punctual, 100));
  for (int second = 0; second < 12; ++second) {
    requests(*of_late, 100)(second);
    if (second % 3 == 2) late.report = late.meter.report(at(second + 1), late.readings);
  }
  CHECK(late.report.local.requests == Approx(punctual.report.local.requests));
  CHECK(late.report.pages.at(0).units == Approx(punctual.report.pages.at(0).units).epsilon(0.2));
}

TEST_CASE("every owner is counted as itself, while others come and go") {
  Member member;
  const auto session = member.session();
  const auto to = [&](std::uint32_t owner, int count) {
    for (int i = 0; i < count; ++i) Member::request(*session, member.now, PageIndex{owner}, MemberId{owner});
  };
  to(17, 10), to(1, 20), to(33, 30), to(17, 40);  // all of them in one shortcut
  const auto before = member.rests(1).report.sessions.at(0).owners;
  CHECK(before.size() == 3);
  CHECK(before.at(MemberId{1}) == Approx(0.2));
  CHECK(before.at(MemberId{17}) == Approx(0.5));
  CHECK(before.at(MemberId{33}) == Approx(0.3));
  for (int second = 0; second < 200; ++second) to(33, 1), member.rests(1);
  CHECK(member.report.sessions.at(0).owners.size() == 1);
  to(1, 1), to(33, 1);
  const auto& owners = member.rests(1).report.sessions.at(0).owners;
  CHECK(owners.at(MemberId{33}) > owners.at(MemberId{1}));
  CHECK(owners.size() == 2);
}

TEST_CASE("more owners than a report tells apart count as nobody's") {
  Member member;
  const auto session = member.session();
  for (std::uint32_t owner = 1; owner <= 200; ++owner) Member::request(*session, 0, PageIndex{owner}, MemberId{owner});
  const auto& owners = member.rests(1).report.sessions.at(0).owners;
  CHECK(owners.size() == kMaxReportedOwners);
  CHECK(owners.at(MemberId{}) == Approx(73.0 / 200));
  CHECK(std::accumulate(owners.begin(), owners.end(), 0.0,
                        [](double sum, const auto& each) { return sum + each.second; }) == Approx(1));
}

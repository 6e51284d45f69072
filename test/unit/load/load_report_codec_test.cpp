#include "cluster/load/load_report_codec.h"

#include <catch2/catch.hpp>
#include <cmath>
#include <limits>

#include "target/base/bytes.h"
#include "target/base/iscsi_name.h"
#include "target/base/random.h"

using namespace shoal;
using namespace shoal::load;

namespace {

SessionLoad session_load(std::uint64_t number) {
  return {{MemberId{2}, number}, ImageId{7}, "iqn.2004-01.org.example:host" + std::to_string(number),
          {120.5, 4096.25},      0.0031,     {{MemberId{1}, 0.25}, {MemberId{2}, 0.75}},
          "has just moved"};
}

LoadReport small_report() {
  LoadReport report;
  report.member = MemberId{2};
  report.incarnation = 3;
  report.sequence = 4;
  return report;
}

LoadReport full_report() {
  LoadReport report = small_report();
  report.weight = 2.5;
  report.draining = true;
  report.hosts = {1, 2};
  report.peers = {3, 4};
  report.local = {5, 6};
  report.forwarded = {7, 8};
  report.served = {9, 10};
  report.latency_s = 0.011;
  report.store = {12, 13, 0.014, 15, 0.16};
  report.server = {0.17, 0.18, 0.19, 20};
  report.unlisted_page_units = 21;
  report.sessions = {session_load(1), session_load(2)};
  report.pages = {{ImageId{7}, PageIndex{22}, 23, 24, "iqn.2004-01.org.example:host1"},
                  {ImageId{8}, PageIndex{1}, 2, 0}};
  report.volumes = {{ImageId{7}, Pattern::mixed, {25, 26}, {27, 28}}, {ImageId{8}, Pattern::idle, {}, {}}};
  StoreId store;
  store.bytes[3] = 29;
  report.rooms = {{store, 30, 31, 32, 33, 34, 35}, {StoreId{}, 0, 33, 0}};
  return report;
}

LoadReport arrived(const LoadReport& report) {
  const auto decoded = decode_load_report(encode(report));
  REQUIRE(decoded.has_value());
  return *decoded;
}

std::string fault_of(std::string_view bytes) {
  const auto decoded = decode_load_report(bytes);
  return decoded ? "none" : to_string(decoded.error());
}
std::string fault_of(const LoadReport& report) { return fault_of(std::string_view(encode(report))); }

template <class Change>
std::string fault_after(Change change) {
  LoadReport report = full_report();
  change(report);
  return fault_of(report);
}

const std::string kBadFigure = to_string(ReportFault::bad_figure);
const std::string kBadField = to_string(ReportFault::bad_field);

}  // namespace

TEST_CASE("a report arrives as it was sent") {
  CHECK(arrived(full_report()) == full_report());
  CHECK(arrived(small_report()) == small_report());
}

TEST_CASE("the bytes are those of the format's page") {
  const std::string bytes = encode(small_report());
  const unsigned char head[] = {3, 2, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0,    4,    0,
                                0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f, 0};
  const std::string expected(std::begin(head), std::end(head));
  CHECK(bytes == expected + std::string(164 + 8, '\0'));
}

TEST_CASE("a report that is cut anywhere is refused") {
  const std::string bytes = encode(full_report());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    INFO("the first " << length << " bytes");
    CHECK(fault_of(bytes.substr(0, length)) == to_string(ReportFault::cut_short));
  }
}

TEST_CASE("bytes behind the end are refused") {
  CHECK(fault_of(encode(full_report()) + '\0') == to_string(ReportFault::too_long));
}

TEST_CASE("another format is refused, whatever follows") {
  std::string bytes = encode(full_report());
  bytes[0] = 1;
  CHECK(fault_of(bytes) == to_string(ReportFault::other_format));
  CHECK(fault_of(std::string("\0", 1)) == to_string(ReportFault::other_format));
  CHECK(fault_of(std::string("{\"member\": 1}")) == to_string(ReportFault::other_format));
}

TEST_CASE("what is not a number, infinite, negative or enormous is no figure") {
  for (const double bad : {std::nan(""), -std::nan(""), std::numeric_limits<double>::infinity(),
                           -std::numeric_limits<double>::infinity(), -1e-9, 1.01 * kMaxFigure}) {
    CHECK(fault_after([&](auto& report) { report.hosts.in = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.peers.out = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.local.requests = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.forwarded.bytes = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.served.bytes = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.latency_s = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.weight = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.store.queue_depth = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.store.busy = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.server.cpu = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.unlisted_page_units = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.sessions[1].rate.bytes = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.sessions[0].latency_s = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.sessions[0].owners[MemberId{2}] = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.pages[0].units = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.pages[1].error = bad; }) == kBadFigure);
    CHECK(fault_after([&](auto& report) { report.volumes[1].writes.bytes = bad; }) == kBadFigure);
  }
  CHECK(fault_after([](auto& report) { report.local.bytes = kMaxFigure; }) == "none");
}

TEST_CASE("a fraction is at most 1, and a weight is neither nothing nor endless") {
  CHECK(fault_after([](auto& report) { report.server.memory = 1.0001; }) == kBadFigure);
  CHECK(fault_after([](auto& report) { report.server.network = 2; }) == kBadFigure);
  CHECK(fault_after([](auto& report) { report.store.busy = 1; }) == "none");
  CHECK(fault_after([](auto& report) { report.sessions[0].owners[MemberId{1}] = 1.5; }) == kBadFigure);
  CHECK(fault_after([](auto& report) { report.weight = 0; }) == kBadFigure);
  CHECK(fault_after([](auto& report) { report.weight = 1e9; }) == kBadFigure);
}

TEST_CASE("nobody reports, and no report is the zeroth") {
  CHECK(fault_after([](auto& report) { report.member = MemberId{}; }) == kBadField);
  CHECK(fault_after([](auto& report) { report.sequence = 0; }) == kBadField);
  CHECK(fault_after([](auto& report) { report.incarnation = 0; }) == "none");
}

TEST_CASE("a pattern, a flag and the order of owners have the values that they have") {
  CHECK(fault_after([](auto& report) { report.volumes[0].pattern = static_cast<Pattern>(6); }) == kBadField);
  std::string bytes = encode(small_report());
  bytes[29] = 2;  // draining
  CHECK(fault_of(bytes) == kBadField);
  bytes = encode(full_report());
  const std::size_t owner = bytes.find(std::string("\x02\0\x01\0\0\0", 6));  // two, of which the first is member 1
  REQUIRE(owner != bytes.npos);
  for (const char first : {2, 3}) {
    bytes[owner + 2] = first;
    CHECK(fault_of(bytes) == kBadField);
  }
}

TEST_CASE("more than the limits is not sent, and refused when it comes") {
  LoadReport report = small_report();
  for (std::uint64_t i = 1; i <= kMaxReportedSessions + 5; ++i) report.sessions.push_back(session_load(i));
  report.pages.resize(kMaxReportedPages + 1);
  report.volumes.resize(kMaxReportedVolumes + 1);
  report.rooms.resize(kMaxReportedStores + 1);
  const LoadReport there = arrived(report);
  CHECK(there.sessions.size() == kMaxReportedSessions);
  CHECK(there.sessions.back() == session_load(kMaxReportedSessions));
  CHECK(there.pages.size() == kMaxReportedPages);
  CHECK(there.volumes.size() == kMaxReportedVolumes);
  CHECK(there.rooms.size() == kMaxReportedStores);

  for (std::size_t list : {0u, 2u, 4u, 6u}) {
    std::string bytes = encode(small_report());
    bytes[bytes.size() - 8 + list] = bytes[bytes.size() - 7 + list] = '\xff';
    CHECK(fault_of(bytes) == to_string(ReportFault::bad_count));
  }
}

TEST_CASE("names of full length pass, and longer texts are cut") {
  LoadReport report = full_report();
  report.sessions[0].initiator_name = std::string(kMaxNameBytes, 'n');
  report.sessions[0].may_not_move = std::string(1000, 'w');
  const LoadReport there = arrived(report);
  CHECK(there.sessions[0].initiator_name == report.sessions[0].initiator_name);
  CHECK(there.sessions[0].may_not_move == std::string(kMaxReportText, 'w'));
}

TEST_CASE("the largest report is within its limit") {
  LoadReport report = small_report();
  SessionLoad session = session_load(1);
  session.initiator_name = session.may_not_move = std::string(300, 'x');
  for (std::uint32_t member = 1; member <= kMaxReportedOwners + 9; ++member) session.owners[MemberId{member}] = 0.001;
  report.sessions.assign(kMaxReportedSessions, session);
  report.pages.assign(kMaxReportedPages, {ImageId{1}, PageIndex{1}, 1, 0, std::string(300, 'x')});
  report.volumes.resize(kMaxReportedVolumes);
  report.rooms.resize(kMaxReportedStores);
  const std::string bytes = encode(report);
  CHECK(bytes.size() > kMaxLoadReportBytes / 2);
  CHECK(bytes.size() <= kMaxLoadReportBytes);
  CHECK(arrived(report).sessions[0].owners.size() == kMaxReportedOwners);
}

TEST_CASE("bytes that are changed anywhere give a report that keeps the rules, or none") {
  const std::string bytes = encode(full_report());
  SeededRandom random(11);
  int taken = 0;
  for (int round = 0; round < 20'000; ++round) {
    std::string changed = bytes;
    for (int i = 0; i < 3; ++i) changed[random.below(changed.size())] = static_cast<char>(random.below(256));
    const auto decoded = decode_load_report(changed);
    if (!decoded) continue;
    ++taken;
    CHECK(fault_of(*decoded) == "none");
  }
  CHECK(taken > 0);
}

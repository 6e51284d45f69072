#include "cluster/load/load_report_codec.h"

#include "cluster/load/report_bytes.h"

namespace shoal::load {
namespace {

constexpr std::size_t kFixedBytes = 512;  // more than is outside of lists
constexpr std::size_t kTextBytes = 1 + kMaxReportText;
constexpr std::size_t kSessionBytes = 4 + 6 * 8 + 2 * kTextBytes + kMaxReportedOwners * (4 + 8);
static_assert(kFixedBytes + kMaxReportedSessions * kSessionBytes + kMaxReportedPages * (4 * 8 + kTextBytes) +
                  kMaxReportedVolumes * (5 * 8 + 1) + kMaxReportedStores * (16 + 3 * 8) <=
              kMaxLoadReportBytes);

// Each of these is the place of some fields, for both ways: Io is Writer with a const value, or Reader.
template <class Io, class Value>
void rate_fields(Io& io, Value& rate) {
  io.figure(rate.requests);
  io.figure(rate.bytes);
}

template <class Io, class Value>
void network_fields(Io& io, Value& network) {
  io.figure(network.in);
  io.figure(network.out);
}

template <class Io, class Value>
void store_fields(Io& io, Value& store) {
  io.figure(store.requests);
  io.figure(store.bytes);
  io.figure(store.latency_s);
  io.figure(store.queue_depth);
  io.fraction(store.busy);
}

template <class Io, class Value>
void server_fields(Io& io, Value& server) {
  io.fraction(server.cpu);
  io.fraction(server.memory);
  io.fraction(server.network);
  io.number(server.sessions);
}

template <class Io, class Value>
void session_fields(Io& io, Value& load) {
  io.number(load.session.member.value);
  io.number(load.session.number);
  io.number(load.image.value);
  io.text(load.initiator_name);
  rate_fields(io, load.rate);
  io.figure(load.latency_s);
  io.owners(load.owners);
  io.text(load.may_not_move);
}

template <class Io, class Value>
void page_fields(Io& io, Value& heat) {
  io.number(heat.image.value);
  io.number(heat.page.value);
  io.figure(heat.units);
  io.figure(heat.error);
  io.text(heat.hottest_initiator);
}

template <class Io, class Value>
void volume_fields(Io& io, Value& load) {
  io.number(load.image.value);
  io.pattern(load.pattern);
  rate_fields(io, load.reads);
  rate_fields(io, load.writes);
}

template <class Io, class Value>
void room_fields(Io& io, Value& room) {
  for (auto& byte : room.store.bytes) io.number(byte);
  io.number(room.total_bytes);
  io.number(room.used_bytes);
  io.number(room.free_bytes);
  io.number(room.growth_bytes);
  io.number(room.file_system);
  io.number(room.file_system_free_bytes);
}

template <class Io, class Value>
void report_fields(Io& io, Value& report) {
  io.number(report.member.value);
  io.number(report.incarnation);
  io.number(report.sequence);
  io.weight(report.weight);
  io.flag(report.draining);
  network_fields(io, report.hosts);
  network_fields(io, report.peers);
  rate_fields(io, report.local);
  rate_fields(io, report.forwarded);
  rate_fields(io, report.served);
  io.figure(report.latency_s);
  store_fields(io, report.store);
  server_fields(io, report.server);
  io.figure(report.unlisted_page_units);
  io.list(report.sessions, kMaxReportedSessions, [&](auto& session) { session_fields(io, session); });
  io.list(report.pages, kMaxReportedPages, [&](auto& page) { page_fields(io, page); });
  io.list(report.volumes, kMaxReportedVolumes, [&](auto& volume) { volume_fields(io, volume); });
  io.list(report.rooms, kMaxReportedStores, [&](auto& room) { room_fields(io, room); });
}

}  // namespace

std::string encode(const LoadReport& report) {
  Writer writer;
  writer.number(kLoadReportFormat);
  report_fields(writer, report);
  return writer.take();
}

Result<LoadReport, ReportFault> decode_load_report(std::string_view bytes) {
  Reader reader(bytes);
  std::uint8_t format = 0;
  reader.number(format);
  if (format != kLoadReportFormat) reader.fail(ReportFault::other_format);
  LoadReport report;
  report_fields(reader, report);
  if (report.member == MemberId{} || report.sequence == 0) reader.fail(ReportFault::bad_field);
  if (const auto fault = reader.finish()) return *fault;
  return report;
}

const char* to_string(ReportFault fault) {
  switch (fault) {
    case ReportFault::other_format: return "a format that this version does not know";
    case ReportFault::cut_short: return "cut short";
    case ReportFault::too_long: return "bytes behind its end";
    case ReportFault::bad_count: return "more of something than a report has";
    case ReportFault::bad_figure: return "a figure out of its range";
    case ReportFault::bad_field: return "a value without meaning";
  }
  return "?";
}

}  // namespace shoal::load

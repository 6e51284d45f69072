#include "cluster/load/load_view.h"

#include <fmt/format.h>

#include <utility>
#include <vector>

#include "cluster/load/decaying_rate.h"

namespace shoal::load {
namespace {

using nlohmann::json;

json rate_json(const Rate& rate) {
  return {{"requests", rate.requests}, {"bytes", rate.bytes}, {"units", rate.units()}};
}

json network_json(const NetworkRate& network) { return {{"bytes_in", network.in}, {"bytes_out", network.out}}; }

json store_json(const StoreLoad& store) {
  return {{"requests", store.requests},
          {"bytes", store.bytes},
          {"latency_s", store.latency_s},
          {"queue_depth", store.queue_depth},
          {"busy", store.busy}};
}

json server_json(const ServerLoad& server) {
  return {{"cpu", server.cpu}, {"memory", server.memory}, {"network", server.network}, {"sessions", server.sessions}};
}

json inputs_json(const LoadReport& report) {
  return {
      {"weight", report.weight},       {"local", rate_json(report.local)},  {"forwarded", rate_json(report.forwarded)},
      {"latency_s", report.latency_s}, {"store", store_json(report.store)}, {"server", server_json(report.server)}};
}

// Of a member that is not heard of there is no share: it counts in no sum.
json measures_json(const MemberLoad& member) {
  json measures{{"work", member.work},
                {"stretch", member.stretch},
                {"client_load", member.client_load},
                {"pressure", member.pressure}};
  if (!member.heard) return measures;
  measures["share"] = member.share;
  measures["fair"] = member.fair;
  measures["threshold"] = member.threshold;
  measures["disproportionate"] = member.disproportionate;
  return measures;
}

json owners_json(const std::map<MemberId, double>& owners) {
  json list = json::array();
  for (const auto& [member, part] : owners) list.push_back({{"member", member.value}, {"fraction", part}});
  return list;
}

json session_json(const SessionLoad& load) {
  return {{"session", to_string(load.session)}, {"image", load.image.value},   {"initiator", load.initiator_name},
          {"rate", rate_json(load.rate)},       {"latency_s", load.latency_s}, {"owners", owners_json(load.owners)},
          {"may_not_move", load.may_not_move}};
}

json volume_json(const VolumeLoad& load) {
  return {{"image", load.image.value},
          {"pattern", to_string(load.pattern)},
          {"reads", rate_json(load.reads)},
          {"writes", rate_json(load.writes)}};
}

json page_json(const PageHeat& heat) {
  return {{"image", heat.image.value},
          {"page", heat.page.value},
          {"units", heat.units},
          {"error", heat.error},
          {"hottest_initiator", heat.hottest_initiator}};
}

template <class T>
json list_json(const std::vector<T>& all, json (*one_json)(const T&)) {
  json list = json::array();
  for (const T& one : all) list.push_back(one_json(one));
  return list;
}

json member_json(MemberId id, const LoadTable::Entry& entry, const MemberLoad& load, Time now) {
  json member{{"member", id.value}, {"heard", load.heard}, {"ready", load.ready}, {"ignored_reports", entry.ignored}};
  if (!entry.report) return member;
  const LoadReport& report = *entry.report;
  member["draining"] = report.draining;
  member["incarnation"] = report.incarnation;
  member["sequence"] = report.sequence;
  member["age_s"] = seconds(entry.age(now));
  member["inputs"] = inputs_json(report);
  member["measures"] = measures_json(load);
  member["served"] = rate_json(report.served);
  member["network"] = {{"hosts", network_json(report.hosts)}, {"peers", network_json(report.peers)}};
  member["sessions"] = list_json(report.sessions, session_json);
  member["volumes"] = list_json(report.volumes, volume_json);
  return member;
}

json formulas_json() {
  return {{"bytes_per_unit", kBytesPerUnit},       {"carried_latency_s", kCarriedLatencyS},
          {"disproportion", kDisproportion},       {"least_group_work", kLeastGroupWork},
          {"half_life_s", seconds(kLoadHalfLife)}, {"silent_after_s", seconds(kSilentAfter)}};
}

}  // namespace

std::string_view to_string(Pattern pattern) {
  switch (pattern) {
    case Pattern::idle: return "idle";
    case Pattern::sequential_read: return "sequential read";
    case Pattern::sequential_write: return "sequential write";
    case Pattern::random_read: return "random read";
    case Pattern::random_write: return "random write";
    case Pattern::mixed: return "mixed";
  }
  return "?";
}

HotPageList hot_pages(const LoadTable& table, Time now) {
  std::vector<HotPageList> lists;
  for (const auto& [id, entry] : table.entries()) {
    if (entry.heard(now)) lists.push_back({entry.report->pages, entry.report->unlisted_page_units});
  }
  return merge(lists, kMaxReportedPages);
}

json load_json(const LoadTable& table, Time now) {
  const GroupLoad group = measure(table, now);
  const HotPageList pages = hot_pages(table, now);
  json members = json::array();
  for (const auto& [id, entry] : table.entries()) {
    members.push_back(member_json(id, entry, group.members.at(id), now));
  }
  return {{"formulas", formulas_json()},
          {"group", {{"work", group.work}, {"system_load", group.system_load}}},
          {"members", std::move(members)},
          {"hot_pages", {{"pages", list_json(pages.pages, page_json)}, {"unlisted_units", pages.unlisted}}}};
}

}  // namespace shoal::load

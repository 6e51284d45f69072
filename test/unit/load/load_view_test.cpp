#include "cluster/load/load_view.h"

#include <catch2/catch.hpp>

#include "test/unit/load/reports.h"

using namespace shoal;
using namespace shoal::load;
using nlohmann::json;

namespace {

// The measures again, by someone who has nothing but what was exported.
struct Again {
  const json& view;

  double constant(const char* name) const { return view.at("formulas").at(name).get<double>(); }
  double units(const json& rate) const {
    return rate.at("requests").get<double>() + rate.at("bytes").get<double>() / constant("bytes_per_unit");
  }
  double work(const json& member) const {
    return units(member.at("inputs").at("local")) + units(member.at("inputs").at("forwarded"));
  }
  double carried(const json& member) const {
    const double latency = member.at("inputs").at("latency_s").get<double>();
    return work(member) * std::max(1.0, latency / constant("carried_latency_s"));
  }
  double weight(const json& member) const { return member.at("inputs").at("weight").get<double>(); }
  double pressure(const json& member) const {
    const json &store = member.at("inputs").at("store"), &server = member.at("inputs").at("server");
    return std::max({store.at("busy").get<double>(), server.at("cpu").get<double>(), server.at("memory").get<double>(),
                     server.at("network").get<double>()});
  }
  template <class Figure>
  double sum(Figure figure) const {
    double sum = 0;
    for (const json& member : view.at("members")) {
      if (member.at("heard") == true) sum += figure(member);
    }
    return sum;
  }
  double group_work() const {
    return sum([this](const json& member) { return work(member); });
  }
  double share(const json& member) const {
    return carried(member) / sum([this](const json& each) { return carried(each); });
  }
  double ready_weight(const json& member) const { return member.at("ready") == true ? weight(member) : 0; }
  double fair(const json& member) const {
    return ready_weight(member) / sum([this](const json& each) { return ready_weight(each); });
  }
  double system_load() const {
    return sum([this](const json& each) { return pressure(each) * weight(each); }) /
           sum([this](const json& each) { return weight(each); });
  }
  bool disproportionate(const json& member) const {
    return member.at("ready") == true && group_work() >= constant("least_group_work") &&
           share(member) >= constant("disproportion") * fair(member);
  }
};

Reports busy_group() {
  Reports reports = Reports::of({900, 200, 100, 50, 70});
  reports.member(1).forwarded = {30, 5e6};
  reports.member(1).latency_s = 0.045;
  reports.member(2).weight = 2;
  reports.member(2).store.busy = 0.7;
  reports.member(3).server = {.cpu = 0.4, .memory = 0.3, .network = 0.1, .sessions = 12};
  reports.member(5).draining = true;
  return reports.all_at(1);
}

}  // namespace

TEST_CASE("every measure can be computed again from what is exported") {
  Reports reports = busy_group();
  reports.said_at(1, 4).said_at(2, 4).said_at(3, 4).said_at(5, 4);  // the fourth is silent
  const json view = json::parse(load_json(reports.table, at(5)).dump());
  const Again again{view};
  CHECK(view.at("group").at("work").get<double>() == Approx(again.group_work()));
  CHECK(view.at("group").at("system_load").get<double>() == Approx(again.system_load()));
  int heard = 0, disproportionate = 0;
  for (const json& member : view.at("members")) {
    const json& measures = member.at("measures");
    CHECK(measures.at("work").get<double>() == Approx(again.work(member)));
    CHECK(measures.at("client_load").get<double>() == Approx(again.carried(member) / again.weight(member)));
    CHECK(measures.at("pressure").get<double>() == Approx(again.pressure(member)));
    if (member.at("heard") == false) continue;
    ++heard;
    CHECK(measures.at("share").get<double>() == Approx(again.share(member)));
    CHECK(measures.at("fair").get<double>() == Approx(again.fair(member)));
    CHECK(measures.at("disproportionate") == again.disproportionate(member));
    disproportionate += again.disproportionate(member) ? 1 : 0;
  }
  CHECK(heard == 4);
  CHECK(disproportionate == 1);
}

TEST_CASE("each member stands there with the number and the age of its report, heard of or not") {
  Reports reports = busy_group();
  reports.said_at(1, 4);
  reports.table.take(reports.member(1), at(4));  // again
  reports.table.set_members({MemberId{1}, MemberId{2}, MemberId{9}});
  const json members = load_json(reports.table, at(5.5)).at("members");
  REQUIRE(members.size() == 3);
  CHECK(members[0].at("sequence") == 2);
  CHECK(members[0].at("age_s") == 1.5);
  CHECK(members[0].at("heard") == true);
  CHECK(members[0].at("ignored_reports") == 1);
  CHECK(members[1].at("age_s") == 4.5);
  CHECK(members[1].at("heard") == false);
  CHECK_FALSE(members[1].at("measures").contains("share"));
  CHECK(members[2] == json{{"member", 9}, {"heard", false}, {"ready", false}, {"ignored_reports", 0}});
}

TEST_CASE("sessions, volumes and their patterns are listed with the member that serves them") {
  Reports reports = Reports::of({10});
  LoadReport& report = reports.member(1);
  report.sessions = {
      {{MemberId{1}, 17}, ImageId{3}, "iqn.host", {4, 32768}, 0.002, {{MemberId{1}, 0.5}, {MemberId{2}, 0.5}}, ""}};
  report.volumes = {{ImageId{3}, Pattern::random_write, {}, {4, 32768}}};
  const json member = load_json(reports.all_at(1).table, at(1)).at("members").at(0);
  CHECK(member.at("sessions").at(0).at("session") == "1-17");
  CHECK(member.at("sessions").at(0).at("rate").at("units") == 5);
  CHECK(member.at("sessions").at(0).at("owners").at(1) == json{{"member", 2}, {"fraction", 0.5}});
  CHECK(member.at("volumes").at(0).at("pattern") == "random write");
}

TEST_CASE("hot pages are those of all members that are heard of, with their bounds") {
  Reports reports = Reports::of({1, 1, 1});
  reports.member(1).pages = {{ImageId{1}, PageIndex{5}, 70, 1, "a"}};
  reports.member(2).pages = {{ImageId{1}, PageIndex{5}, 40, 2, "b"}, {ImageId{1}, PageIndex{6}, 30, 2, "b"}};
  reports.member(2).unlisted_page_units = 2;
  reports.member(3).pages = {{ImageId{1}, PageIndex{7}, 1000, 0, "silent"}};
  reports.all_at(1).said_at(1, 4).said_at(2, 4);
  const json hot = load_json(reports.table, at(5)).at("hot_pages");
  REQUIRE(hot.at("pages").size() == 2);
  CHECK(hot.at("pages").at(0) ==
        json{{"image", 1}, {"page", 5}, {"units", 110.0}, {"error", 3.0}, {"hottest_initiator", "a"}});
  CHECK(hot.at("pages").at(1).at("page") == 6);
  CHECK(hot.at("unlisted_units") == 2.0);
}

TEST_CASE("the same reports give the same text, and an empty group has one, too") {
  CHECK(load_json(busy_group().table, at(2)).dump() == load_json(busy_group().table, at(2)).dump());
  CHECK(load_json(LoadTable{}, at(1)).at("members").empty());
}

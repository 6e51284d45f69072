#include "cluster/load/load_meter.h"

#include <algorithm>
#include <tuple>
#include <utility>
#include <vector>

namespace shoal::load {
namespace {

double fraction(double part, double whole) { return whole > 0 ? std::clamp(part / whole, 0.0, 1.0) : 0; }

}  // namespace

InitiatorNumber InitiatorNames::add(const std::string& name) {
  const auto [known, is_new] = known_.try_emplace(name);
  if (is_new) {
    known->second.number = ++last_;
    names_.emplace(last_, name);
  }
  ++known->second.sessions;
  return known->second.number;
}

std::optional<InitiatorNumber> InitiatorNames::remove(const std::string& name) {
  const auto known = known_.find(name);
  if (known == known_.end() || --known->second.sessions != 0) return std::nullopt;
  const InitiatorNumber number = known->second.number;
  names_.erase(number);
  known_.erase(known);
  return number;
}

std::string InitiatorNames::name_of(InitiatorNumber number) const {
  const auto name = names_.find(number);
  return name == names_.end() ? std::string() : name->second;
}

std::shared_ptr<SessionMeter> LoadMeter::open(SessionName session, ImageId image, const std::string& initiator_name) {
  VolumeMeter& volume = volumes_[image];
  ++volume.sessions;
  auto meter =
      std::make_shared<SessionMeter>(session, image, initiator_name, initiators_.add(initiator_name), volume, pages_);
  sessions_[session] = meter;
  return meter;
}

LoadReport LoadMeter::report(Time now, const Readings& readings) {
  if (now > rolled_) roll(now, readings);
  LoadReport report;
  report.member = self_;
  report.sequence = ++sequence_;
  report.hosts = {hosts_in_.rate.per_second(), hosts_out_.rate.per_second()};
  report.peers = {peers_in_.rate.per_second(), peers_out_.rate.per_second()};
  report.local = local_.rate();
  report.forwarded = forwarded_.rate();
  report.served = {served_requests_.rate.per_second(), served_bytes_.rate.per_second()};
  report.latency_s = latency_.mean_s();
  report.store = store_.load();
  report.server = server_load(readings);
  list_sessions(report);
  list_pages(report);
  list_volumes(report);
  return report;
}

void LoadMeter::roll(Time now, const Readings& readings) {
  const Duration elapsed = now - std::exchange(rolled_, now);
  const DecayStep step = DecayStep::over(elapsed, kLoadHalfLife);
  roll_sessions(step, now);
  roll_pages(step);
  for (TrafficRate* traffic : {&local_, &forwarded_}) traffic->roll(step);
  latency_.roll(step);
  store_.roll(step, now);
  read(readings);
  for (CumulativeRate* each :
       {&hosts_in_, &hosts_out_, &peers_in_, &peers_out_, &served_requests_, &served_bytes_, &cpu_ns_}) {
    each->rate.roll(step);
  }
  for (auto& [image, volume] : volumes_) volume.roll(step, elapsed);
  std::erase_if(volumes_, [](const auto& each) { return each.second.sessions == 0 && each.second.nothing(); });
}

void LoadMeter::roll_sessions(const DecayStep& step, Time now) {
  for (const auto& [name, session] : sessions_) {
    for (const auto& [owner, traffic] : session->owners().all()) {
      (owner == self_ ? local_ : forwarded_).add_pending_of(traffic);
    }
    latency_.add(session->take_wait(now));
    session->roll(step);
  }
  std::erase_if(sessions_, [this](const auto& each) { return forget_if_gone(*each.second, each.second.use_count()); });
}

bool LoadMeter::forget_if_gone(const SessionMeter& session, long holders) {
  if (holders > 1) return false;
  --volumes_.at(session.image()).sessions;
  if (const auto last = initiators_.remove(session.initiator_name())) pages_.forget(*last);
  return true;
}

// The sketch does not tell this period's units from those before and decays them all, while a rate counts those of the
// period as `gain`: with this scale the two agree, as long as periods are alike.
void LoadMeter::roll_pages(const DecayStep& step) {
  pages_.decay(step.kept);
  page_scale_ = step.gain / step.kept;
}

void LoadMeter::read(const Readings& readings) {
  hosts_in_.read(readings.host_bytes_in);
  hosts_out_.read(readings.host_bytes_out);
  peers_in_.read(readings.peer_bytes_in);
  peers_out_.read(readings.peer_bytes_out);
  served_requests_.read(readings.served_requests);
  served_bytes_.read(readings.served_bytes);
  cpu_ns_.read(static_cast<std::uint64_t>(std::max(readings.cpu_time.count(), Duration::rep{0})));
}

ServerLoad LoadMeter::server_load(const Readings& readings) const {
  const double host_bytes = hosts_in_.rate.per_second() + hosts_out_.rate.per_second();
  return {
      .cpu = fraction(cpu_ns_.rate.per_second() / 1e9, readings.processors),
      .memory = fraction(static_cast<double>(readings.memory_bytes), static_cast<double>(readings.memory_limit_bytes)),
      .network = fraction(host_bytes, readings.host_bytes_per_second_limit),
      .sessions = static_cast<std::uint32_t>(sessions_.size())};
}

std::map<std::uint64_t, SessionLoad> LoadMeter::sessions() const {
  std::map<std::uint64_t, SessionLoad> loads;
  for (const auto& [name, session] : sessions_) loads.emplace_hint(loads.end(), name.number, session->load());
  return loads;
}

void LoadMeter::list_sessions(LoadReport& report) const {
  std::vector<const SessionMeter*> order;
  for (const auto& [name, session] : sessions_) order.push_back(session.get());
  const std::size_t listed = std::min(order.size(), kMaxReportedSessions);
  std::ranges::partial_sort(
      order, order.begin() + static_cast<std::ptrdiff_t>(listed), [](const SessionMeter* a, const SessionMeter* b) {
        return std::make_tuple(b->units(), a->session()) < std::make_tuple(a->units(), b->session());
      });
  for (std::size_t i = 0; i < listed; ++i) report.sessions.push_back(order[i]->load());
}

void LoadMeter::list_pages(LoadReport& report) const {
  HotPageList list = pages_.list(kMaxReportedPages, page_scale_,
                                 [this](InitiatorNumber number) { return initiators_.name_of(number); });
  report.pages = std::move(list.pages);
  report.unlisted_page_units = list.unlisted;
}

void LoadMeter::list_volumes(LoadReport& report) const {
  for (const auto& [image, volume] : volumes_) report.volumes.push_back(volume.load(image));
  std::ranges::sort(report.volumes, [](const VolumeLoad& a, const VolumeLoad& b) {
    return std::make_tuple(b.reads.units() + b.writes.units(), a.image) <
           std::make_tuple(a.reads.units() + a.writes.units(), b.image);
  });
  if (report.volumes.size() > kMaxReportedVolumes) report.volumes.resize(kMaxReportedVolumes);
}

}  // namespace shoal::load

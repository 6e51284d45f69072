// LoadMonitor: measures what this member carries, once a period tells the other members' monitors and hears theirs, and
// makes of all of it the picture that placement and balancing decide by. The rules are cluster/load's.
//
// What is counted anyway is read once a period; only what nobody counts is told as it happens (probe(), store_probe()).
//
// The caller guarantees: parts that hold a probe may outlive the monitor's timers, but not the monitor.
#pragma once

#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "cluster/load/load_meter.h"
#include "cluster/load/load_table.h"
#include "cluster/load/measure.h"
#include "cluster/members.h"
#include "routing/metered_store.h"
#include "routing/peer_channel.h"
#include "routing/request_probe.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal {

class LoadMonitor final : public routing::StoreProbe {
 public:
  using Read = std::function<void(load::Readings& readings)>;      // fills in what it knows
  using Complete = std::function<void(load::LoadReport& report)>;  // what meters do not know of sessions
  using Listener = std::function<void()>;                          // a period of this member has ended

  LoadMonitor(Runtime& runtime, MemberId self, Log log);
  LoadMonitor(const LoadMonitor&) = delete;

  // From now on, once a period. `peers` null: a single server.
  void start(const cluster::Members& members, routing::PeerChannel* peers, Read read, Complete complete);
  void on_period(Listener listener) { listeners_.push_back(std::move(listener)); }
  void on_members();                         // who belongs to the group has changed
  void mute(bool muted) { muted_ = muted; }  // a fault: it goes on measuring and tells nobody

  std::shared_ptr<routing::RequestProbe> probe(std::uint64_t session, ImageId image, const std::string& initiator_name);
  void started(Time now) override { meter_->store().started(now); }
  void ended(Time now, std::uint64_t bytes) override { meter_->store().ended(now, bytes); }

  const load::LoadTable& table() const { return table_; }
  load::GroupLoad picture() const { return load::measure(table_, runtime_.now()); }
  // As it was when this member's last period ended: for decisions, which share it. Null before the first.
  const load::Picture& latest() const { return latest_; }
  // Of the sessions here, by their numbers.
  std::map<std::uint64_t, load::SessionLoad> sessions() const { return meter_->sessions(); }

 private:
  void arm();
  void end_period();
  void tell(MemberId member, const std::string& report);
  void on_told(MemberId from, const std::string& report);

  Runtime& runtime_;
  const MemberId self_;
  Log log_;
  std::unique_ptr<load::LoadMeter> meter_;
  load::LoadTable table_;
  load::Picture latest_;
  const cluster::Members* members_ = nullptr;
  routing::PeerChannel* peers_ = nullptr;
  Read read_;
  Complete complete_;
  std::vector<Listener> listeners_;
  std::set<MemberId> telling_;  // who has not answered the last report: it gets none until then
  std::unique_ptr<Timer> timer_;
  bool muted_ = false;
  std::shared_ptr<char> alive_ = std::make_shared<char>();  // what completes later looks whether this is still there
};

}  // namespace shoal

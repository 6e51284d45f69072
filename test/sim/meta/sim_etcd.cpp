#include "test/sim/meta/sim_etcd.h"

#include <algorithm>

#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::sim {

// ---- the register

std::uint64_t EtcdRegister::current(const std::string& key) const {
  const auto found = keys_.find(key);
  return found == keys_.end() || !found->second.back().value ? 0 : found->second.back().revision;
}

cluster::CasResult EtcdRegister::apply(const std::vector<cluster::Expect>& expect,
                                       const std::vector<cluster::Write>& writes) {
  for (const auto& [key, revision] : expect) {
    if (current(key) != revision) return {cluster::CasOutcome::conflict, 0};
  }
  ++revision_;
  for (const auto& [key, value] : writes) keys_[key].push_back({revision_, value});
  return {cluster::CasOutcome::done, revision_};
}

cluster::Listing EtcdRegister::list(const std::string& prefix, const std::string& after, std::size_t limit,
                                    std::uint64_t at_revision) const {
  cluster::Listing listing{.ok = true, .revision = at_revision};
  auto at = after.empty() ? keys_.lower_bound(prefix) : keys_.upper_bound(after);
  for (; at != keys_.end() && at->first.starts_with(prefix); ++at) {
    const auto& versions = at->second;
    const auto newer = std::find_if(versions.begin(), versions.end(),
                                    [&](const Version& version) { return version.revision > at_revision; });
    if (newer == versions.begin() || !std::prev(newer)->value) continue;
    if (listing.entries.size() == limit) {
      listing.more = true;
      break;
    }
    listing.entries.push_back({at->first, *std::prev(newer)->value, std::prev(newer)->revision});
  }
  return listing;
}

// ---- what is around it

struct SimEtcd::Watcher {
  Host& host;
  std::uint64_t process;
  std::string prefix;
  OnChange on_change;
  bool gap = false;  // events were lost and the client was not told yet
};

struct SimEtcd::Lease {
  Host& host;
  std::uint64_t process;
  std::string value;
};

SimEtcd::SimEtcd(World& world, Host& host) : world_(world), host_(host), random_(world.random_for("etcd")) {}

void SimEtcd::set_available(bool available) {
  world_.note(&host_, available ? "etcd-up" : "etcd-down");
  available_ = available;
}

std::vector<cluster::Entry> SimEtcd::contents(const std::string& prefix) const {
  return register_.list(prefix, {}, ~std::size_t{0}, register_.revision()).entries;
}

SimEtcd::Fate SimEtcd::draw_fate() {
  if (one_in(conditions_.lost_requests)) return Fate::lost;
  if (one_in(conditions_.lost_answers)) return Fate::answer_lost;
  if (one_in(conditions_.late_requests)) return Fate::late;
  return Fate::arrives;
}

bool SimEtcd::reaches(const Host& from) const { return available_ && world_.network().open(from, host_); }
bool SimEtcd::answers(const Host& to) const { return available_ && world_.network().open(host_, to); }
Duration SimEtcd::draw_latency() { return conditions_.latency + up_to(conditions_.jitter); }

cluster::CasResult SimEtcd::cas(const std::vector<cluster::Expect>& expect, const std::vector<cluster::Write>& writes) {
  CHECK(expect.size() <= cluster::kMaxCasKeys && writes.size() <= cluster::kMaxCasKeys, expect.size(), writes.size());
  const cluster::CasResult result = register_.apply(expect, writes);
  for (const auto& write : writes) {
    world_.note(&host_, result.outcome == cluster::CasOutcome::done ? "cas" : "cas-conflict", register_.revision(),
                crc32c(as_bytes(write.value.value_or("")), crc32c(as_bytes(write.key))));
  }
  if (result.outcome == cluster::CasOutcome::done) notify(writes, result.revision);
  return result;
}

cluster::Listing SimEtcd::list(const std::string& prefix, const std::string& after, std::size_t limit) {
  std::uint64_t revision = register_.revision();
  if (one_in(conditions_.stale_lists)) revision -= random_.below(std::min(revision, conditions_.most_stale) + 1);
  return register_.list(prefix, after, limit, revision);
}

// ---- watches

std::shared_ptr<void> SimEtcd::watch(Host& host, std::string prefix, OnChange on_change) {
  auto watcher = std::make_shared<Watcher>(Watcher{host, host.process(), std::move(prefix), std::move(on_change)});
  std::erase_if(watchers_, [](const auto& each) { return each.expired(); });
  watchers_.push_back(watcher);
  return watcher;
}

void SimEtcd::notify(const std::vector<cluster::Write>& writes, std::uint64_t revision) {
  for (const auto& each : watchers_) {
    const auto watcher = each.lock();
    if (!watcher) continue;
    for (const auto& write : writes) {
      if (!write.key.starts_with(watcher->prefix)) continue;
      const cluster::Change change{write.key, write.value, revision};
      if (one_in(conditions_.lost_events)) {
        tell_of_gap(watcher);
        continue;
      }
      deliver(watcher, change, draw_latency());
      if (one_in(conditions_.repeated_events)) deliver(watcher, change, draw_latency() + up_to(1s));
    }
  }
}

void SimEtcd::deliver(const std::shared_ptr<Watcher>& watcher, const cluster::Change& change, Duration delay) {
  world_.after(delay, [this, weak = std::weak_ptr(watcher), change] {
    const auto held = weak.lock();
    if (!held || held->host.process() != held->process) return;
    if (!answers(held->host)) return tell_of_gap(held);
    held->host.post([weak, change] {
      if (const auto still = weak.lock()) still->on_change(change);
    });
  });
}

// The connection of the watch is made anew some time after the loss, as soon as etcd can be reached.
void SimEtcd::tell_of_gap(const std::shared_ptr<Watcher>& watcher) {
  if (std::exchange(watcher->gap, true)) return;
  world_.after(100ms + up_to(1s), [this, weak = std::weak_ptr(watcher)] {
    const auto held = weak.lock();
    if (!held || held->host.process() != held->process) return;
    held->gap = false;
    if (!reaches(held->host) || !answers(held->host)) return tell_of_gap(held);
    held->host.post([weak] {
      if (const auto still = weak.lock()) still->on_change(std::nullopt);
    });
  });
}

// ---- announcements

std::shared_ptr<void> SimEtcd::announce(Host& host, std::string key, std::string value, Duration ttl) {
  auto lease = std::make_shared<Lease>(Lease{host, host.process(), std::move(value)});
  keep_alive(lease, std::move(key), world_.now() + ttl, ttl);
  return lease;
}

bool SimEtcd::alive(const Lease& lease) const {
  return lease.host.process() == lease.process && !lease.host.paused() && reaches(lease.host);
}

// Every third of the ttl the holder renews its lease and puts the key back; when it is silent for the ttl the key goes.
void SimEtcd::keep_alive(const std::weak_ptr<Lease>& held, std::string key, Time expires, Duration ttl) {
  const auto lease = held.lock();
  if (lease && alive(*lease)) {
    expires = world_.now() + ttl;
    const auto there = contents(key);
    if (there.empty() || there.front().value != lease->value) cas({}, {{key, lease->value}});
  }
  if (world_.now() >= expires) {
    if (available_ && !contents(key).empty()) cas({}, {{key, std::nullopt}});
    if (!lease) return;
  }
  world_.after(ttl / 3, [this, held, key, expires, ttl] { keep_alive(held, key, expires, ttl); });
}

}  // namespace shoal::sim

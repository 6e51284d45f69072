#include "test/sim/world.h"

#include <algorithm>

#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::sim {
namespace {

std::string_view name_of(const Host* host) { return host ? std::string_view(host->name()) : "world"; }

}  // namespace

World::World(std::uint64_t seed) : seed_(seed), network_(*this) {}

World::~World() {
  for (auto& host : hosts_) host->kill();
  queue_.clear();
}

SeededRandom World::random_for(std::string_view purpose) const {
  return SeededRandom(seed_ * 0x9e3779b97f4a7c15u ^ std::uint64_t{crc32c(as_bytes(purpose))} << 17 ^ purpose.size());
}

Host& World::add_host(const std::string& name, std::vector<std::string> addresses) {
  hosts_.push_back(std::make_unique<Host>(*this, name, std::move(addresses)));
  return *hosts_.back();
}

Host& World::host(std::string_view name) {
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& host) { return host->name() == name; });
  CHECK(found != hosts_.end(), name);
  return **found;
}

Host* World::host_at(const std::string& address) {
  const auto found = std::find_if(hosts_.begin(), hosts_.end(), [&](const auto& host) { return host->has(address); });
  return found == hosts_.end() ? nullptr : found->get();
}

EventKey World::at(Time time, Completion<> task) {
  const EventKey key = next_key(std::max(time, now_));
  queue_.add(key, std::move(task));
  return key;
}

void World::note(const Host* host, std::string_view kind, std::uint64_t a, std::uint64_t b) {
  trace_.add(now_, name_of(host), kind, a, b);
}

EventQueue* World::earliest(Host*& of) {
  EventQueue* best = queue_.empty() ? nullptr : &queue_;
  of = nullptr;
  for (auto& host : hosts_) {
    EventQueue& queue = host->queue();
    if (host->paused() || queue.empty() || (best && best->first() < queue.first())) continue;
    best = &queue;
    of = host.get();
  }
  return best;
}

bool World::step_before(Time end) {
  Host* host = nullptr;
  EventQueue* queue = earliest(host);
  if (!queue || queue->first().at > end) return false;
  const EventKey key = queue->first();
  now_ = std::max(now_, key.at);
  trace_.add_step(now_, name_of(host), key.number);
  Completion<> task = queue->take_first();
  host ? host->run(task) : task();
  return true;
}

bool World::step() { return step_before(Time::max()); }

bool World::run_until(const std::function<bool()>& done, Duration limit) {
  const Time end = now_ + limit;
  while (!done()) {
    if (step_before(end)) continue;
    now_ = std::max(now_, end);
    return done();
  }
  return true;
}

void World::run_for(Duration time) {
  run_until([] { return false; }, time);
}

}  // namespace shoal::sim

#include "test/sim/host.h"

#include <algorithm>

#include "target/base/check.h"
#include "test/sim/sim_runtime.h"
#include "test/sim/world.h"

namespace shoal::sim {

Host::Host(World& world, std::string name, std::vector<std::string> addresses)
    : world_(world), name_(std::move(name)), addresses_(std::move(addresses)), disk_(world, *this) {
  SeededRandom random = world.random_for("clock of " + name_);
  clock_base_ = Time(std::chrono::milliseconds(random.below(3'600'000)));
  world_base_ = world.now();
  start();
}

Host::~Host() = default;

bool Host::has(std::string_view address) const {
  return std::find(addresses_.begin(), addresses_.end(), address) != addresses_.end();
}

Log Host::log(LogLevel level) {
  return Log(level, [this](LogLevel, std::string_view line) { world_.trace().add_text(world_.now(), name_, line); });
}

Runtime& Host::runtime() {
  CHECK(runtime_ != nullptr, name_);
  return *runtime_;
}

void Host::run_application(std::shared_ptr<void> application) { application_ = std::move(application); }

void Host::start() {
  CHECK(!runtime_, name_);
  powered_ = true;
  paused_ = false;
  ++process_;
  world_.note(this, "start", process_);
  runtime_ = std::make_unique<SimRuntime>(*this);
  world_.network().paths_changed();
}

void Host::kill() { end_process(false); }

void Host::crash() {
  end_process(true);
  powered_ = false;
  disk_.lose_power();
}

// The kernel's part comes first: destructors of the application find a process that can do nothing any more.
void Host::end_process(bool power_lost) {
  if (!runtime_) return;
  CHECK(!in_task_, name_);
  world_.note(this, power_lost ? "crash" : "kill", process_);
  disk_.settle(power_lost);
  world_.network().process_ended(*this, power_lost);
  auto runtime = std::move(runtime_);
  ++process_;
  queue_.clear();
  application_.reset();
  queue_.clear();
  paused_ = false;
}

void Host::pause() {
  world_.note(this, "pause");
  paused_ = running();
}

void Host::resume() {
  world_.note(this, "resume");
  paused_ = false;
}

void Host::set_clock_rate(double rate) {
  clock_base_ = clock();
  world_base_ = world_.now();
  clock_rate_ = rate;
}

Time Host::clock() const {
  const double passed = static_cast<double>((world_.now() - world_base_).count()) * clock_rate_;
  return clock_base_ + Duration(static_cast<Duration::rep>(passed));
}

std::uint64_t Host::wall_clock_ms() const {
  constexpr std::uint64_t kStart = 1'790'000'000'000;
  return kStart + static_cast<std::uint64_t>(world_.now().time_since_epoch() / 1ms);
}

EventKey Host::post(Completion<> task) { return post_after(Duration::zero(), std::move(task)); }

EventKey Host::post_after(Duration delay, Completion<> task) {
  const double scaled = static_cast<double>(std::max(delay, Duration::zero()).count()) / clock_rate_;
  const EventKey key = world_.next_key(world_.now() + Duration(static_cast<Duration::rep>(scaled + 0.5)));
  if (running()) queue_.add(key, std::move(task));
  return key;
}

void Host::cancel(std::uint64_t process, const EventKey& key) {
  if (process == process_) queue_.cancel(key);
}

void Host::run(Completion<>& task) {
  in_task_ = true;
  task();
  task.reset();
  in_task_ = false;
}

}  // namespace shoal::sim

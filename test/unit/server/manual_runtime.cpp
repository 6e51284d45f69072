#include "test/unit/server/manual_runtime.h"

#include <algorithm>

namespace shoal::test {

struct ManualTimer final : Timer {
  ManualTimer(ManualRuntime& its_runtime, std::pair<Time, std::uint64_t> its_key)
      : runtime(its_runtime), key(its_key) {}
  ~ManualTimer() override { runtime.timers_.erase(key); }
  ManualRuntime& runtime;
  std::pair<Time, std::uint64_t> key;
};

struct ManualListener final : Listener {
  explicit ManualListener(ManualRuntime& its_runtime, Endpoint its_local)
      : runtime(its_runtime), endpoint(std::move(its_local)) {}
  ~ManualListener() override { runtime.on_accept_.reset(); }
  Endpoint local() const override { return endpoint; }
  ManualRuntime& runtime;
  Endpoint endpoint;
};

namespace {

void pump(Wire& wire) {
  if (wire.reader && (wire.broken || (wire.fin && wire.arriving.empty()))) {
    return std::exchange(wire.reader, {})(NetError::closed);
  }
  if (wire.writer && (!wire.hold_writes || wire.unsent == 0)) {
    wire.unsent = 0;
    std::exchange(wire.writer, {})(Result<void, NetError>());
  }
  if (wire.reader && !wire.arriving.empty()) {
    const std::size_t count = std::min(wire.into.size(), wire.arriving.size());
    std::copy_n(as_bytes(wire.arriving).begin(), count, wire.into.begin());
    wire.arriving.erase(0, count);
    std::exchange(wire.reader, {})(count);
  }
}

struct ManualStream final : Stream {
  ManualStream(ManualRuntime& its_runtime, std::shared_ptr<Wire> its_wire)
      : runtime(its_runtime), wire(std::move(its_wire)) {}
  ~ManualStream() override { close(); }
  void read_some(MutableByteSpan into, Completion<Result<std::size_t, NetError>> done) override {
    wire->into = into;
    wire->reader = std::move(done);
    runtime.changed(wire);
  }
  void write(Slices data, Completion<Result<void, NetError>> done) override {
    wire->unsent = total_size(data);
    wire->writes.push_back(std::move(data));
    wire->writer = std::move(done);
    runtime.changed(wire);
  }
  std::size_t unsent_bytes() const override { return wire->unsent; }
  void shutdown_send() override { wire->half_closed = true; }
  void close() override {
    wire->closed = true;
    wire->reader.reset();
    wire->writer.reset();
  }
  Endpoint local() const override { return wire->local; }
  Endpoint peer() const override { return wire->peer; }
  ManualRuntime& runtime;
  std::shared_ptr<Wire> wire;
};

}  // namespace

std::unique_ptr<Timer> ManualRuntime::after(Duration delay, Completion<> task) {
  const std::pair key(now_ + delay, next_timer_++);
  timers_.emplace(key, std::move(task));
  return std::make_unique<ManualTimer>(*this, key);
}

Result<std::unique_ptr<Listener>, NetError> ManualRuntime::listen(
    const Endpoint& at, UniqueFunction<void(std::unique_ptr<Stream>)> on_accept) {
  if (on_accept_) return NetError::in_use;
  on_accept_ = std::move(on_accept);
  return std::unique_ptr<Listener>(std::make_unique<ManualListener>(*this, at));
}

std::shared_ptr<Wire> ManualRuntime::connect_host(const Endpoint& peer) {
  auto wire = std::make_shared<Wire>();
  wire->peer = peer;
  on_accept_(std::make_unique<ManualStream>(*this, wire));
  return wire;
}

void ManualRuntime::changed(const std::shared_ptr<Wire>& wire) {
  post([weak = std::weak_ptr(wire)] {
    if (const auto alive = weak.lock()) pump(*alive);
  });
}

void ManualRuntime::turn() {
  for (std::size_t count = ready_.size(); count != 0 && !ready_.empty(); --count) {
    Completion<> task = std::move(ready_.front());
    ready_.pop_front();
    task();
  }
}

void ManualRuntime::pass_time(Duration time) {
  const Time end = now_ + time;
  settle();
  while (!timers_.empty() && timers_.begin()->first.first <= end) {
    now_ = std::max(now_, timers_.begin()->first.first);
    Completion<> task = std::move(timers_.begin()->second);
    timers_.erase(timers_.begin());
    task();
    settle();
  }
  now_ = end;
}

}  // namespace shoal::test

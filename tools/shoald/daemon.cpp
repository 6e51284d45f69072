#include "tools/shoald/daemon.h"

#include <boost/asio/signal_set.hpp>
#include <csignal>
#include <memory>
#include <optional>
#include <utility>

#include "cluster/etcd/etcd_store.h"
#include "cluster/sqlite_store.h"
#include "target/runtime/asio_runtime.h"
#include "tools/node/descriptor_budget.h"
#include "tools/node/memory_budget.h"
#include "tools/shoald/control_server.h"
#include "tools/shoald/machine.h"

namespace shoal {
namespace {

using Outcome = Result<void, std::string>;

class Daemon {
 public:
  Daemon(const NodeConfig& config, WhenReady when_ready)
      : config_(config),
        when_ready_(std::move(when_ready)),
        log_(Log::to_stderr(config.log_level)),
        signals_(runtime_.context(), SIGTERM, SIGINT) {}

  Outcome run();

 private:
  Outcome fit_to_machine();
  void fit_to_process(std::uint64_t memory);
  Outcome open_metadata();
  Outcome open_control();
  void await_signal();
  void on_started(Outcome result);
  void stop();
  void end(Outcome outcome);

  NodeConfig config_;
  WhenReady when_ready_;
  Log log_;
  AsioRuntime runtime_;
  boost::asio::signal_set signals_;
  std::unique_ptr<cluster::MetaStore> meta_;
  std::unique_ptr<Node> node_;
  std::unique_ptr<ControlServer> control_;
  Outcome outcome_;
  bool stopping_ = false;
};

Outcome Daemon::run() {
  if (auto fits = fit_to_machine(); !fits) return fits;
  if (auto opened = open_metadata(); !opened) return opened;
  NodeSeams seams;
  seams.read_process = [limits = process_limits()](load::Readings& readings) { read_process(limits, readings); };
  seams.file_system_room = file_system_room;
  node_ = std::make_unique<Node>(runtime_, config_, *meta_, log_, std::move(seams));
  node_->on_fatal([this](std::string reason) { end(std::move(reason)); });
  if (auto opened = open_control(); !opened) return opened;
  await_signal();
  runtime_.post([this] { node_->start([this](Outcome result) { on_started(std::move(result)); }); });
  runtime_.run();
  control_.reset();
  node_.reset();
  return outcome_;
}

Outcome Daemon::fit_to_machine() {
  const std::uint64_t descriptors = raise_descriptor_limit();
  const auto limits = fit_to_descriptors(config_, descriptors);
  if (!limits) return limits.error();
  if (limits->connections < config_.limits.connections) {
    log_.warn("limits_lowered descriptors={} connections={} half_open={}", descriptors, limits->connections,
              limits->half_open);
  }
  config_.limits = *limits;
  fit_to_process(process_limits().memory_bytes);
  return {};
}

void Daemon::fit_to_process(std::uint64_t memory) {
  const NodeLimits asked = std::exchange(config_.limits, fit_to_memory(config_.limits, memory));
  const NodeLimits& fitting = config_.limits;
  const bool lowered =
      fitting.held_read_bytes < asked.held_read_bytes || fitting.held_write_bytes < asked.held_write_bytes ||
      fitting.memory_store_bytes < asked.memory_store_bytes || fitting.store_cache_bytes < asked.store_cache_bytes;
  if (!lowered) return;
  log_.warn(
      "limits_lowered memory_bytes={} held_read_bytes={} held_write_bytes={} memory_store_bytes={} "
      "store_cache_bytes={}",
      memory, fitting.held_read_bytes, fitting.held_write_bytes, *fitting.memory_store_bytes,
      fitting.store_cache_bytes);
}

Outcome Daemon::open_metadata() {
  if (!config_.etcd.empty()) {
    meta_ = std::make_unique<cluster::EtcdStore>(runtime_.context(), config_.etcd, "/shoal/" + config_.group, log_);
    return {};
  }
  auto store = cluster::SqliteStore::open(runtime_, config_.sqlite);
  if (!store) return store.error() + " (key \"metadata.sqlite\")";
  meta_ = std::move(*store);
  return {};
}

Outcome Daemon::open_control() {
  if (!config_.control) return {};
  auto server = ControlServer::start(runtime_.context(), *config_.control, config_.control_token, *node_, log_);
  if (!server) return server.error() + " (key \"control\")";
  control_ = std::move(*server);
  return {};
}

void Daemon::await_signal() {
  signals_.async_wait([this](const boost::system::error_code& error, int number) {
    if (error) return;
    log_.info("signal number={} again={}", number, stopping_);
    if (stopping_) return end({});
    await_signal();
    stop();
  });
}

void Daemon::on_started(Outcome result) {
  if (!result) return end(std::move(result));
  if (stopping_) return;
  when_ready_(*node_, [this](Outcome ready) {
    if (!ready) end(std::move(ready));
  });
}

void Daemon::stop() {
  stopping_ = true;
  node_->stop(kPoliteStop, [this] { end({}); });
}

void Daemon::end(Outcome outcome) {
  outcome_ = std::move(outcome);
  runtime_.stop();
}

}  // namespace

Outcome run_daemon(const NodeConfig& config, WhenReady when_ready) {
  return Daemon(config, std::move(when_ready)).run();
}

}  // namespace shoal

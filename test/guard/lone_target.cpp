#include "test/guard/lone_target.h"

#include <optional>
#include <stdexcept>

#include "cluster/sqlite_store.h"
#include "test/guard/counters.h"
#include "tools/node/ephemeral.h"

namespace shoal::test {

namespace {

NodeConfig config_for(Medium medium) {
  NodeConfig config = ephemeral_config({"127.0.0.1", 0}, medium == Medium::store ? "store" : "");
  config.limits.store_journal_bytes = 4u << 20;  // wraps while it is counted: home writes and checkpoints are among it
  return config;
}

}  // namespace

LoneTarget::LoneTarget(std::uint64_t volume_bytes, Medium medium) {
  const bool stores = medium == Medium::store;
  const NodeConfig config = config_for(medium);
  auto meta = cluster::SqliteStore::open(runtime_, config.sqlite);
  if (!meta) throw std::runtime_error(meta.error());
  meta_ = std::move(*meta);
  Runtime& runtime = stores ? static_cast<Runtime&>(device_runtime_) : runtime_;
  NodeSeams seams;
  seams.standstill = 1h;  // a busy machine may keep this process from running for seconds
  node_ = std::make_unique<Node>(runtime, config, *meta_, Log::to_stderr(config.log_level), seams);
  start();
  make_volume(volume_bytes, stores ? routing::DurabilityPolicy::sync : routing::DurabilityPolicy::memory);
  target_name_ = node_->target_names().front();
  portal_ = node_->group_portals().front();
}

LoneTarget::~LoneTarget() = default;

void LoneTarget::start() {
  std::optional<Result<void, std::string>> started;
  node_->start([&](Result<void, std::string> result) { started = std::move(result); });
  while (!started) runtime_.context().run_one();
  if (!*started) throw std::runtime_error(started->error());
}

void LoneTarget::make_volume(std::uint64_t bytes, routing::DurabilityPolicy durability) {
  std::optional<ControlResponse> made;
  node_->handle({"POST", "/volumes", volume_request({"guard", bytes}, durability)},
                [&](const ControlResponse& answer) { made = answer; });
  while (!made) runtime_.context().run_one();
  if (made->status != 200) throw std::runtime_error(made->body);
}

void LoneTarget::work() {
  while (runtime_.context().poll() > 0) {
  }
}

[[gnu::noinline]] void LoneTarget::work_counted() {
  const Counting counting;
  work();
}

}  // namespace shoal::test

#include "test/guard/lone_target.h"

#include <optional>
#include <stdexcept>

#include "cluster/sqlite_store.h"
#include "test/guard/counters.h"
#include "tools/node/ephemeral.h"

namespace shoal::test {

LoneTarget::LoneTarget(std::uint64_t volume_bytes) {
  const NodeConfig config = ephemeral_config({"127.0.0.1", 0}, "");
  auto meta = cluster::SqliteStore::open(runtime_, config.sqlite);
  if (!meta) throw std::runtime_error(meta.error());
  meta_ = std::move(*meta);
  node_ = std::make_unique<Node>(runtime_, config, *meta_, Log::to_stderr(config.log_level));
  start();
  make_volume(volume_bytes);
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

void LoneTarget::make_volume(std::uint64_t bytes) {
  std::optional<ControlResponse> made;
  node_->handle({"POST", "/volumes", volume_request({"guard", bytes}, routing::DurabilityPolicy::memory)},
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

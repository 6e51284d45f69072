#include "tools/node/faults.h"

#include <fmt/format.h>

#include <utility>

#include "tools/node/control_views.h"
#include "tools/node/request_json.h"

namespace shoal {

using nlohmann::json;

namespace {

constexpr const char* kPaceKey = "host_requests_per_second";

// Answers wait, not operations: what is aborted has ended, only its answer may have to be let go.
class PacedDevice final : public BlockDevice {
 public:
  PacedDevice(std::shared_ptr<BlockDevice> device, std::shared_ptr<Pace> pace)
      : device_(std::move(device)), pace_(std::move(pace)) {}

  std::uint64_t size_blocks() const override { return device_->size_blocks(); }
  void submit(Operation operation, Completion<IoResult> done) override {
    device_->submit(std::move(operation), [pace = pace_, done = std::move(done)](IoResult result) mutable {
      pace->pass([done = std::move(done), result = std::move(result)]() mutable { done(std::move(result)); });
    });
  }
  void abort(const AbortSelection& selection, Completion<> done) override {
    device_->abort(selection, [pace = pace_, done = std::move(done)]() mutable {
      pace->let_all_go();
      done();
    });
  }

 private:
  std::shared_ptr<BlockDevice> device_;
  std::shared_ptr<Pace> pace_;
};

std::optional<double> pace_in(const json& body, const char* key) {
  const json& value = body.at(key);
  if (value.is_null()) return std::nullopt;
  if (value.is_number() && value >= kLeastPace && value <= kMostPace) return value.get<double>();
  throw BadRequest{fmt::format("\"{}\": expected null, or a number from {} to {}", key, kLeastPace, kMostPace)};
}

}  // namespace

Result<FaultSettings, std::string> changed_faults(const FaultSettings& now, const std::string& body) {
  try {
    const json order = object_in(body);
    expect_keys(order, {"mute_load", kPaceKey});
    FaultSettings settings = now;
    if (order.contains("mute_load")) settings.mute_load = truth_in(order, "mute_load");
    if (order.contains(kPaceKey)) settings.host_requests_per_second = pace_in(order, kPaceKey);
    return settings;
  } catch (const BadRequest& bad) {
    return bad.text;
  }
}

json faults_json(const FaultSettings& settings) {
  const auto& pace = settings.host_requests_per_second;
  return {{"mute_load", settings.mute_load}, {kPaceKey, pace ? json(*pace) : json(nullptr)}};
}

ControlResponse Faults::handle(const ControlRequest& request) {
  if (request.method == "GET") return ok(faults_json(settings_));
  if (request.method != "POST") return failure(405, request.method + " is not possible at " + request.path);
  const auto changed = changed_faults(settings_, request.body);
  if (!changed) return failure(400, "faults: " + changed.error());
  settings_ = *changed;
  load_.mute(settings_.mute_load);
  pace_->set(settings_.host_requests_per_second);
  return ok(faults_json(settings_));
}

std::shared_ptr<BlockDevice> Faults::paced(std::shared_ptr<BlockDevice> device) const {
  return std::make_shared<PacedDevice>(std::move(device), pace_);
}

}  // namespace shoal

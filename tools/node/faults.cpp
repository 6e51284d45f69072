#include "tools/node/faults.h"

#include <fmt/format.h>

#include <utility>

#include "tools/node/control_views.h"

namespace shoal {

using nlohmann::json;

namespace {

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

std::string take(const std::string& key, const json& value, FaultSettings& settings) {
  if (key == "mute_load") {
    if (!value.is_boolean()) return "mute_load is true or false";
    settings.mute_load = value.get<bool>();
    return {};
  }
  if (key != "host_requests_per_second")
    return "\"" + key + "\" is no fault; there are mute_load, host_requests_per_second";
  settings.host_requests_per_second.reset();
  if (value.is_null()) return {};
  if (!value.is_number() || value < kLeastPace || value > kMostPace) {
    return fmt::format("host_requests_per_second is null, or a number from {} to {}", kLeastPace, kMostPace);
  }
  settings.host_requests_per_second = value.get<double>();
  return {};
}

}  // namespace

Result<FaultSettings, std::string> changed_faults(const FaultSettings& now, const std::string& body) {
  const json value = json::parse(body, nullptr, false);
  if (!value.is_object()) return std::string("expected a JSON object");
  FaultSettings settings = now;
  for (const auto& [key, one] : value.items()) {
    if (std::string wrong = take(key, one, settings); !wrong.empty()) return wrong;
  }
  return settings;
}

json faults_json(const FaultSettings& settings) {
  const auto& pace = settings.host_requests_per_second;
  return {{"mute_load", settings.mute_load}, {"host_requests_per_second", pace ? json(*pace) : json(nullptr)}};
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

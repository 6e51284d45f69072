// Faults: what tests do on purpose to a member that was started with --allow-faults, by the control port. At any other
// member they do not exist.
//
//   GET  /faults
//   POST /faults {mute_load?, host_requests_per_second?}
//
//   mute_load                  its load monitor tells the other members nothing
//   host_requests_per_second   as if the machine carried no more than that of its hosts' requests; null: no limit
#pragma once

#include <memory>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>

#include "target/base/result.h"
#include "target/ports/block_device.h"
#include "target/runtime/runtime.h"
#include "tools/node/control_handler.h"
#include "tools/node/load_monitor.h"
#include "tools/node/pace.h"

namespace shoal {

inline constexpr double kLeastPace = 1, kMostPace = 1e6;  // requests per second

struct FaultSettings {
  bool mute_load = false;
  std::optional<double> host_requests_per_second;
  bool operator==(const FaultSettings&) const = default;
};

// `now` with what the body changes. The error is one line.
Result<FaultSettings, std::string> changed_faults(const FaultSettings& now, const std::string& body);
nlohmann::json faults_json(const FaultSettings& settings);

class Faults {
 public:
  Faults(Runtime& runtime, LoadMonitor& load) : load_(load), pace_(std::make_shared<Pace>(runtime)) {}

  ControlResponse handle(const ControlRequest& request);
  // The device of a session, as it is to be used here.
  std::shared_ptr<BlockDevice> paced(std::shared_ptr<BlockDevice> device) const;

 private:
  LoadMonitor& load_;
  std::shared_ptr<Pace> pace_;  // devices keep it, too
  FaultSettings settings_;
};

}  // namespace shoal

// Files of load traces (cluster/load/trace.h): written from what a member answers each second, and replayed.
#pragma once

#include <functional>
#include <nlohmann/json.hpp>
#include <string>

namespace shoal {

inline constexpr std::size_t kMaxRecordSeconds = std::size_t{24} * 3600;
inline constexpr std::size_t kMaxRecordBytes = std::size_t{1} << 30;

// One line a second, as `sample` answers. Ends with what there is when the file would become longer than
// kMaxRecordBytes. Throws std::runtime_error where the file exists or cannot be written.
nlohmann::json record_trace(const std::string& path, std::size_t seconds,
                            const std::function<nlohmann::json()>& sample);

struct ReplayRules {
  std::string policy;           // of placement
  std::string balance = "act";  // or off
};
// Throws std::runtime_error where the file is no trace, or the rules are none.
nlohmann::json replay_trace(const std::string& path, const ReplayRules& rules);

}  // namespace shoal

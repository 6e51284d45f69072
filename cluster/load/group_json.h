// Pictures of load as JSON and back, with nothing left out: records of decisions and traces hold them. What reads
// throws json::exception where the text is not what writes, or a figure is none that the formulas can take.
#pragma once

#include <nlohmann/json.hpp>

#include "cluster/load/measure.h"
#include "cluster/load/session_balancer.h"

namespace shoal::load {

inline constexpr std::size_t kMaxPictureMembers = 1024;
inline constexpr std::size_t kMaxPictureOwners = 1024;  // of one session

nlohmann::json group_json(const GroupLoad& group);
GroupLoad group_of(const nlohmann::json& json);

nlohmann::json own_session_json(const OwnSession& session);
OwnSession own_session_of(const nlohmann::json& json);

}  // namespace shoal::load

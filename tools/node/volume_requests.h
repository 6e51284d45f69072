// What the control port's requests about volumes ask for. Pure: their JSON in, orders or a refusal out.
#pragma once

#include <string>
#include <string_view>

#include "cluster/volumes.h"
#include "target/base/result.h"

namespace shoal {

// The body of POST /volumes.
Result<cluster::VolumeRequest, cluster::VolumeError> parse_volume_request(const std::string& body);

// POST /volumes/NAME/ORDER: "allow", "deny" and "forget" with {initiator}; "chap" with {user, secret_file,
// mutual_user?, mutual_secret_file?}.
bool is_access_order(std::string_view order);
Result<cluster::Volumes::ChangeAccess, cluster::VolumeError> parse_access_order(std::string_view order,
                                                                                const std::string& body);
// DELETE /volumes/NAME/chap
cluster::Volumes::ChangeAccess without_chap();

}  // namespace shoal

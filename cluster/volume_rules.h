// What a volume may be, and where a new one is placed. Pure: values in, values or one line for people out.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cluster/members.h"
#include "cluster/volumes.h"
#include "target/base/random.h"

namespace shoal::cluster {

// nullopt: right. Else what is wrong and what would be right.
std::optional<std::string> check_name(const std::string& name);
std::optional<std::string> check_shape(std::uint64_t size_bytes, std::uint32_t page_bytes);

// One store of every one of these members that can be what the volume is to be, in the order of their ids.
Result<routing::Image, std::string> place_image(const VolumeRequest& request, ImageId id,
                                                const std::map<MemberId, MemberRecord>& members);

// NAA 3 (locally assigned): the top nibble, then 60 random bits, so that identities differ from the first bytes on.
UnitIdentity new_identity(Random& random);

}  // namespace shoal::cluster

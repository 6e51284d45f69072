// What a volume may be, and where a new one is placed. Pure: values in, values or one line for people out.
#pragma once

#include <map>
#include <optional>
#include <string>

#include "cluster/members.h"
#include "cluster/volumes.h"
#include "routing/page_store.h"
#include "target/base/random.h"

namespace shoal::cluster {

// nullopt: right. Else what is wrong and what would be right.
std::optional<std::string> check_name(const std::string& name);
std::optional<std::string> check_shape(std::uint64_t size_bytes, std::uint32_t page_bytes);

// What stores hold and have room for, as far as it is known.
using KnownSpace = std::map<StoreId, routing::StoreSpace>;
inline constexpr unsigned kNearlyFullPercent = 90;
bool is_nearly_full(const routing::StoreSpace& space);

// A store with this space takes no part of a new volume of which it would have to hold `share_bytes`, were it written
// as a whole: why, for people. nullopt: it does, also where nobody knows how much it could hold.
std::optional<std::string> why_no_room(const routing::StoreSpace& space, std::uint64_t share_bytes);

// One store of every one of these members that can be what the volume is to be, in the order of their ids. Without
// those that have no room (why_no_room), as long as any other is left; if all are only too small, for a volume that is
// larger than what there is, on all that are not nearly full.
Result<routing::Image, std::string> place_image(const VolumeRequest& request, ImageId id,
                                                const std::map<MemberId, MemberRecord>& members,
                                                const KnownSpace& space = {});

// NAA 3 (locally assigned): the top nibble, then 60 random bits, so that identities differ from the first bytes on.
UnitIdentity new_identity(Random& random);

}  // namespace shoal::cluster

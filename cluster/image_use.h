// ImageUse: the sessions of an image, as the members that hold records of it tell. What stands in the way of deleting a
// volume.
#pragma once

#include <cstddef>
#include <map>
#include <vector>

#include "target/base/ids.h"

namespace shoal::cluster {

struct ImageUse {
  std::map<MemberId, std::size_t> live;  // members with sessions, and how many
  std::vector<MemberId> silent;          // holders of records that did not answer
};

}  // namespace shoal::cluster

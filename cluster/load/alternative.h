// Alternative: one of the things that a decision could have been, as it stands in the decision's record.
#pragma once

#include <optional>
#include <string>

#include "cluster/load/load.h"
#include "target/base/ids.h"

namespace shoal::load {

struct Alternative {
  MemberId member;
  std::optional<SessionName> session;  // that would go there; of a login, none
  double score = 0;                    // by the decision's formula, which says which end of it is better
  std::string note;                    // why it was not to be had; empty: it was
  bool operator==(const Alternative&) const = default;
};

}  // namespace shoal::load

// What one nexus' copies have come to, by list identifier, for RECEIVE COPY RESULTS (SPC-4 5.17.4). A copy that is
// under way holds its result; one that nobody else holds has ended, be it by an abort. At most kMaxCopyResults: the
// oldest that has ended is forgotten for another.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "target/scsi/sense.h"

namespace shoal::scsi {

struct CopyResult {
  std::uint8_t list_id = 0;
  std::uint16_t segments = 0;  // that have ended well
  std::uint64_t bytes = 0;     // that were written
  bool complete = false;       // all that was asked for
  std::optional<Sense> failure{};
};

class CopyResults {
 public:
  using Shared = std::shared_ptr<CopyResult>;

  // null: there is none.
  Shared find(std::uint8_t list_id) const;
  bool under_way(std::uint8_t list_id) const;
  // In the place of an older one of that identifier. null: too many are under way.
  Shared begin(std::uint8_t list_id);
  void forget(std::uint8_t list_id);

 private:
  std::vector<Shared> results_;  // in the order in which they began
};

}  // namespace shoal::scsi

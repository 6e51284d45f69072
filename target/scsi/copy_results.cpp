#include "target/scsi/copy_results.h"

#include <algorithm>

#include "target/scsi/limits.h"

namespace shoal::scsi {

namespace {
bool has_ended(const CopyResults::Shared& result) { return result.use_count() == 1; }
}  // namespace

CopyResults::Shared CopyResults::find(std::uint8_t list_id) const {
  const auto found = std::ranges::find(results_, list_id, [](const Shared& result) { return result->list_id; });
  return found == results_.end() ? nullptr : *found;
}

bool CopyResults::under_way(std::uint8_t list_id) const {
  return std::ranges::any_of(results_,
                             [&](const Shared& result) { return result->list_id == list_id && !has_ended(result); });
}

CopyResults::Shared CopyResults::begin(std::uint8_t list_id) {
  forget(list_id);
  if (results_.size() == kMaxCopyResults) {
    const auto oldest = std::ranges::find_if(results_, has_ended);
    if (oldest == results_.end()) return nullptr;
    results_.erase(oldest);
  }
  return results_.emplace_back(std::make_shared<CopyResult>(CopyResult{.list_id = list_id}));
}

void CopyResults::forget(std::uint8_t list_id) {
  std::erase_if(results_, [&](const Shared& result) { return result->list_id == list_id; });
}

}  // namespace shoal::scsi

#include "target/iscsi/write_budget.h"

#include <algorithm>

#include "target/base/check.h"

namespace shoal::iscsi {

void WriteBudget::change(std::uint64_t before, std::uint64_t after) {
  CHECK(held_ >= before, held_, before);
  held_ = held_ - before + after;
  most_held_ = std::max(most_held_, held_);
}

}  // namespace shoal::iscsi

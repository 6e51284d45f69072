#include "target/scsi/operation_numbers.h"

#include "target/base/check.h"

namespace shoal::scsi {

OperationId OperationNumbers::next() {
  finished_.push_back(false);
  return {lowest_ + finished_.size() - 1};
}

void OperationNumbers::finish(OperationId id) {
  CHECK(id.value >= lowest_ && id.value < lowest_ + finished_.size(), id.value, lowest_, finished_.size());
  bool& finished = finished_[id.value - lowest_];
  CHECK(!finished, id.value);
  finished = true;
  for (; !finished_.empty() && finished_.front(); ++lowest_) finished_.pop_front();
}

}  // namespace shoal::scsi

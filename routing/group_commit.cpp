#include "routing/group_commit.h"

#include <utility>

#include "target/base/check.h"

namespace shoal::routing {

void GroupCommit::ask(Done done) {
  next_.push_back(std::move(done));
  if (!running_) begin();
}

void GroupCommit::begin() {
  running_ = true;
  current_ = std::exchange(next_, {});
  start_();
}

// Who is told may ask again, and shares the round after the one that began before.
void GroupCommit::finished(Result<void, StoreError> result) {
  CHECK(running_);
  running_ = false;
  auto told = std::exchange(current_, {});
  if (!next_.empty()) begin();
  for (Done& done : told) done(result);
}

}  // namespace shoal::routing

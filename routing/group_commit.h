// GroupCommit: who asks while a round runs shares the next one, however many they are. So an answer covers everything
// that was done before it was asked for, and a device is never asked twice at once. Pure.
#pragma once

#include <utility>
#include <vector>

#include "routing/page_store.h"

namespace shoal::routing {

class GroupCommit {
 public:
  using Done = PageStore::Done;

  // `start` begins a round; finished() ends it, perhaps before `start` returns.
  explicit GroupCommit(UniqueFunction<void()> start) : start_(std::move(start)) {}

  void ask(Done done);
  void finished(Result<void, StoreError> result);

 private:
  void begin();

  UniqueFunction<void()> start_;
  bool running_ = false;
  std::vector<Done> current_, next_;
};

}  // namespace shoal::routing

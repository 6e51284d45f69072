// StoreDriver: how the checker gets at a kind of store.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "routing/page_store.h"
#include "target/runtime/runtime.h"

namespace shoal::crash {

struct StoreDriver {
  using Opened = Completion<Result<std::unique_ptr<routing::PageStore>, std::string>>;
  // Opens the store on the runtime's device, or makes one where it is empty. What is returned lives until the store is
  // open.
  std::function<std::shared_ptr<void>(Runtime&, Opened)> open;
  std::function<void(routing::PageStore&, routing::PageStore::Done)> close;  // so that nothing is left to recover
};

}  // namespace shoal::crash

// StoreDriver: how the checker gets at a kind of store.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "routing/page_store.h"
#include "target/runtime/runtime.h"
#include "test/crash/breach.h"
#include "test/crash/disk_image.h"

namespace shoal::crash {

struct StoreDriver {
  using Opened = Completion<Result<std::unique_ptr<routing::PageStore>, std::string>>;
  // Opens the store on the runtime's device, or makes one where it is empty. What is returned lives until the store is
  // open.
  std::function<std::shared_ptr<void>(Runtime&, Opened)> open;
  std::function<void(routing::PageStore&, routing::PageStore::Done)> close;  // so that nothing is left to recover
  // What is wrong with what lies on the runtime's device, in words, but for what the next opening makes right. What is
  // returned lives until then. Empty: nobody but the store itself could tell.
  using Checked = Completion<std::vector<std::string>>;
  std::function<std::shared_ptr<void>(Runtime&, Checked)> check;
  // What lies there, in words; of what the store has in several copies it bears the loss of one.
  struct Region {
    std::string name = "device";
    bool has_copies = false;
  };
  std::function<Region(const DiskImage&, std::uint64_t offset)> region = [](const auto&, auto) { return Region(); };
  MakeBreach breach = [] { return std::make_unique<Breach>(); };  // of one of its rules
};

}  // namespace shoal::crash

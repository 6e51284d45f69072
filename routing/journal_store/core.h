// Core: an opened store before and while it serves: what is on the device and what of it is in memory.
#pragma once

#include <memory>

#include "routing/journal_store/array_tree.h"
#include "routing/journal_store/checkpoint.h"
#include "routing/journal_store/device.h"
#include "routing/journal_store/home_writer.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

struct Core {
  Core(std::unique_ptr<Device> device_, const StoreId& store, std::size_t cache_bytes)
      : device(std::move(device_)), ledger(*device, store, cache_bytes) {}
  // Completions of the device touch the rest: they end first.
  ~Core() { device->close(); }
  Core(const Core&) = delete;

  std::unique_ptr<Device> device;
  Ledger ledger;
  ArrayTree space{TreeId::Kind::space, ledger.store};
  ArrayTree catalog{TreeId::Kind::catalog, ledger.store};
  HomeWriter home{*device, ledger};
  Checkpoint checkpoint{*device, ledger, home, space, catalog};
  Superblock superblock;  // the newest
  DeviceFacts facts;
};

}  // namespace shoal::routing::journal

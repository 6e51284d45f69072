// BlockPool: memory for many blocks that come and go one by one. malloc takes the room of two, and often of three, for
// each one that is aligned. A block may outlive the pool; its memory goes back to the system with the last of all.
// Blocks are given back by the thread that took them.
#pragma once

#include <memory>
#include <memory_resource>

#include "routing/journal_store/aligned.h"

namespace shoal::routing::journal {

class BlockPool {
 public:
  SharedBytes block() {
    auto* memory = static_cast<std::byte*>(pool_->allocate(kBlock, kBlock));
    return SharedBytes(memory, [pool = pool_](std::byte* bytes) { pool->deallocate(bytes, kBlock, kBlock); });
  }

 private:
  using Pool = std::pmr::unsynchronized_pool_resource;
  static constexpr std::size_t kBlocksAtOnce = 256;

  std::shared_ptr<Pool> pool_ = std::make_shared<Pool>(std::pmr::pool_options{kBlocksAtOnce, kBlock});
};

}  // namespace shoal::routing::journal

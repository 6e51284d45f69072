// StoreLoad: keeps a page store busy with one kind of access, and beside it perhaps with writes, and measures. Each
// slot has one operation in flight; no two operations touch the same block at a time, as the store asks for.
#pragma once

#include <cstdint>
#include <vector>

#include "routing/journal_store/journal_store.h"
#include "target/base/random.h"
#include "target/runtime/asio_runtime.h"

namespace shoal::test {

struct LoadOptions {
  bool write = false;
  bool in_order = false;  // else at random
  bool durable = true;
  std::uint32_t block_bytes = 4096;  // divides a page
  std::uint64_t span_bytes = std::uint64_t{1} << 30;
  std::uint32_t depth = 32;
  std::uint32_t background_writes = 0;  // slots that write durably at random beside it; not counted
  Duration duration = 10s;              // zero: once over all blocks
};

struct LoadFigures {
  std::uint64_t operations = 0;
  double seconds = 0;
  double cpu_seconds = 0;
  std::vector<std::uint32_t> latency_us;
  std::vector<std::uint32_t> latency_in_checkpoints_us;  // of those that met one
  routing::StoreActivity activity;                       // what the store did meanwhile
};

// Of image 1, which is described as having pages of 16 MiB.
class StoreLoad {
 public:
  StoreLoad(AsioRuntime& runtime, routing::JournalStore& store, const LoadOptions& options);
  StoreLoad(const StoreLoad&) = delete;

  // Runs the loop until all is answered. Throws where the store fails.
  LoadFigures run();

 private:
  struct Slot {
    bool counted = true;
    bool write = false;
    bool busy = false;
    std::uint64_t block = 0;
    bool met_checkpoint = false;
    Time begun;
  };

  bool is_over() const;
  void begin(Slot& slot);
  void choose_block(Slot& slot);
  bool is_busy(std::uint64_t block) const;
  void write(Slot& slot);
  void read(Slot& slot);
  void finish(Slot& slot, bool good);
  void count(Slot& slot);

  AsioRuntime& runtime_;
  routing::JournalStore& store_;
  LoadOptions options_;
  std::uint64_t blocks_, blocks_per_page_;
  SeededRandom random_{1};
  Slice payload_;
  std::vector<Slot> slots_;
  std::uint64_t next_in_order_ = 0, next_seq_;
  std::size_t in_flight_ = 0;
  bool failed_ = false;
  Time begun_;
  LoadFigures figures_;
};

inline constexpr ImageId kLoadedImage{1};
inline constexpr std::uint32_t kLoadedPageBytes = 16u << 20;

}  // namespace shoal::test

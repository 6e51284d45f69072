// DataCheck: reads every block that was written and compares it with its CRC, as the ledger has it: what lies only in
// the journal was checked with its frame.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "routing/journal_store/aligned.h"
#include "routing/journal_store/check/finding.h"
#include "routing/journal_store/device.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

class DataCheck : public std::enable_shared_from_this<DataCheck> {
 public:
  using OnBlocks = std::function<void(std::uint64_t blocks)>;  // more of them were read

  // All of these outlive it.
  DataCheck(Device& device, Ledger& ledger, std::vector<Finding>& findings, OnBlocks on_blocks)
      : device_(device), ledger_(ledger), findings_(findings), on_blocks_(std::move(on_blocks)) {}

  void run(Completion<> done);

 private:
  // Neighbouring blocks of one chunk.
  struct Run {
    ChunkKey chunk;
    ChunkEntry entry;
    std::uint32_t first = 0, count = 0;
  };

  void go_on();
  void next_leaf();
  void next_image();
  void take_leaf(std::uint64_t leaf, const Node& node);
  std::uint16_t on_device(const ChunkKey& key, const ChunkEntry& entry) const;
  void read(const Run& run);
  void check(const Run& run, ByteSpan bytes);
  void report(const Run& run, bool readable);
  void on_run_done();

  Device& device_;
  Ledger& ledger_;
  std::vector<Finding>& findings_;
  OnBlocks on_blocks_;
  std::vector<ImageId> images_;             // the last is the present one
  std::uint64_t leaf_ = 0;                  // the next one
  bool looping_ = false, waiting_ = false;  // waiting_: for a leaf, or for its data
  std::size_t reading_ = 0;
  Completion<> done_;
};

}  // namespace shoal::routing::journal

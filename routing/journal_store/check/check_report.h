// What was found of a store, and what it is.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "routing/journal_store/check/finding.h"
#include "routing/journal_store/superblock.h"
#include "target/runtime/device_facts.h"

namespace shoal::routing::journal {

struct CheckProgress {
  std::uint64_t nodes = 0;
  std::uint64_t blocks = 0;       // of data that were read
  std::uint64_t most_blocks = 0;  // that there are at most; 0: not known yet
};

struct CheckedImage {
  ImageId id;
  std::uint32_t page_bytes = 0;
  bool dropped = false;
  std::uint64_t allocated_bytes = 0;
  std::string note;
};

struct CheckReport {
  DeviceFacts facts;
  std::string path;
  std::uint64_t device_bytes = 0;
  Superblock superblock;  // the newest
  std::uint64_t used_bytes = 0;
  std::vector<CheckedImage> images;
  CheckProgress checked;
  std::uint64_t frames = 0;          // of the journal that continue the checkpoint
  std::uint64_t journal_blocks = 0;  // whose newest data lie only there, checked with their frames
  bool data_checked = false;
  std::vector<ImageRange> given_up;      // that read as medium errors since an earlier repair, as the checkpoint has it
  std::vector<std::string> not_checked;  // what could not be looked at
  std::vector<Finding> findings;         // in order of the device's parts, and of their places
};

}  // namespace shoal::routing::journal

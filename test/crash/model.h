// Model: what a store may answer, told as an array of blocks with what was acknowledged. Shares nothing with any store.
// Pure.
//
// Data of operation n are the stamp (n, block, sector), repeated through each sector: so a block that is torn,
// misplaced or older than it may be is known for what it is.
#pragma once

#include <array>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "routing/page_store.h"
#include "test/crash/values.h"

namespace shoal::crash {

inline constexpr std::uint32_t kPageBytes = 128 * 1024;
inline constexpr std::uint32_t kPageBlocks = kPageBytes / kPhysicalBlockBytes;
inline constexpr std::size_t kBlockSectors = kPhysicalBlockBytes / kBlockBytes;

struct Operation {
  enum class Kind { records, describe, drop } kind = Kind::records;
  OperationNumber number = 0;
  std::vector<routing::PageRecord> records;  // without their data
  ImageId image;                             // describe, drop
  routing::ImageNote note;
};

struct BlockId {
  routing::PageId page;
  std::uint32_t block = 0;
  auto operator<=>(const BlockId&) const = default;
};
using BlockValue = std::array<std::uint64_t, kBlockSectors>;  // a stamp each; 0: zeros
std::uint64_t stamp(OperationNumber operation, std::uint32_t block, std::size_t sector);
Slice bytes_of(const BlockValue& block);
Slice stamped_data(OperationNumber operation, std::uint32_t offset, std::uint32_t length);
std::optional<BlockValue> block_value(ByteSpan block);  // nullopt: not made of stamps

struct PlacedVoid {
  Epoch epoch;
  std::uint32_t attempt = 0;
  bool operator==(const PlacedVoid&) const = default;
};

// Everything that a store answers. A block that it refused to read is in `unreadable`.
struct Observation {
  std::map<BlockId, BlockValue> blocks;
  std::set<BlockId> unreadable, garbled;
  std::map<routing::PageId, Epoch> promises;
  std::vector<routing::Fence> fences;
  std::vector<ImageId> images;
  std::map<ImageId, std::optional<routing::ImageNote>> notes;
  bool operator==(const Observation&) const = default;
};

class Model {
 public:
  void opened() { opened_ = true; }
  void ask(const Operation& operation);
  void answered(OperationNumber operation, routing::Durability durability);
  std::vector<OperationNumber> waiting_for_sync() const { return applied_; }
  void synced(const std::vector<OperationNumber>& operations);
  void power_lost();
  void canary(const BlockId& block) { canaries_.insert(block); }
  bool is_sure(const BlockId& block) const;  // that a store has its newest content, and no older one

  bool was_opened() const { return opened_; }
  const std::set<routing::PageId>& pages() const { return pages_; }
  std::vector<ImageId> images() const;
  BlockValue newest(const BlockId& block) const;
  bool is_described(ImageId image) const;
  Epoch epoch_of(const routing::PageId& page) const;  // for a new record
  // Voids that a store knows for sure: it must take the same once more for stale.
  std::map<routing::PageId, PlacedVoid> known_voids() const;

  // The first thing in which the observation is none that the model allows. A block that cannot be read is one only
  // where `readable` says so; blocks that are canaries may be anything that was ever written there.
  std::optional<std::string> difference(const Observation& seen, bool readable = true) const;
  void observed(const Observation& seen);  // what was read stays

 private:
  void ask_record(OperationNumber operation, const routing::PageRecord& record);
  void ask_drop(OperationNumber operation, ImageId image);
  template <class Change>
  void for_all(Change change);
  std::string tell(const BlockId& block, const BlockValue& seen) const;
  std::optional<std::string> difference_of_blocks(const Observation& seen, bool readable) const;
  std::optional<std::string> difference_of_promises(const Observation& seen) const;
  std::optional<std::string> difference_of_images(const Observation& seen) const;

  using FenceKey = std::pair<ImageId, NexusId>;
  bool opened_ = false;
  std::set<routing::PageId> pages_;
  std::set<BlockId> canaries_;
  std::vector<OperationNumber> applied_;  // answered, not durable
  std::map<BlockId, Values<BlockValue>> blocks_;
  std::map<routing::PageId, Values<Epoch>> promises_;
  std::map<routing::PageId, Values<PlacedVoid>> voids_;
  std::map<FenceKey, Values<Generation>> fences_;
  std::map<ImageId, Values<std::optional<routing::ImageNote>>> notes_;
};

}  // namespace shoal::crash

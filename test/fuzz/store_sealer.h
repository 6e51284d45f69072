// StoreSealer: the device of a journal store that is changed, and then has right checksums again everywhere from the
// superblock down, so that what is found wrong is not a checksum.
#pragma once

#include <map>
#include <string_view>
#include <vector>

#include "routing/journal_store/frame.h"
#include "routing/journal_store/node.h"
#include "test/crash/disk_image.h"

namespace shoal::fuzz {

class StoreSealer {
 public:
  explicit StoreSealer(crash::DiskImage disk);

  // Overwrites bytes of one of the blocks that mean something, counted round.
  void change(std::size_t object, std::size_t at, std::string_view bytes);
  void seal();
  const crash::DiskImage& disk() const { return disk_; }

 private:
  using Block = std::array<std::byte, routing::journal::kBlock>;
  struct FramePlace {
    routing::journal::BlockNumber at;
    std::uint32_t blocks = 0;
  };

  Block block_at(routing::journal::BlockNumber at) const;
  void put(routing::journal::BlockNumber at, ByteSpan bytes);
  void find_frames();
  void find_nodes();
  std::uint32_t seal_node(routing::journal::BlockNumber at);
  void seal_frames(std::uint32_t previous_crc);
  void seal_catalog(const routing::journal::NodeRef& root, std::uint64_t bytes);
  routing::journal::BlockNumber newest_superblock() const;

  crash::DiskImage disk_;
  routing::journal::BlockNumber superblock_;
  std::vector<FramePlace> frames_;                                 // in their order
  std::vector<routing::journal::BlockNumber> objects_;             // blocks
  std::map<routing::journal::BlockNumber, std::uint32_t> sealed_;  // nodes with their CRCs
};

}  // namespace shoal::fuzz

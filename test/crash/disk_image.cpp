#include "test/crash/disk_image.h"

#include <algorithm>

namespace shoal::crash {

std::size_t DiskImage::read(std::uint64_t offset, MutableByteSpan into) const {
  if (offset >= size_) return 0;
  into = into.first(std::min<std::uint64_t>(into.size(), size_ - offset));
  for (std::size_t done = 0; done < into.size();) {
    const std::size_t index = (offset + done) / kBlockBytes, within = (offset + done) % kBlockBytes;
    const std::size_t part = std::min(into.size() - done, kBlockBytes - within);
    const MutableByteSpan to = into.subspan(done, part);
    if (index < blocks_.size() && blocks_[index]) {
      std::copy_n(blocks_[index]->begin() + static_cast<std::ptrdiff_t>(within), part, to.begin());
    } else {
      std::ranges::fill(to, std::byte{0});
    }
    done += part;
  }
  return into.size();
}

void DiskImage::write(std::uint64_t offset, ByteSpan bytes) {
  grow(offset + bytes.size());
  while (!bytes.empty()) {
    const std::size_t within = offset % kBlockBytes;
    const std::size_t part = std::min(bytes.size(), kBlockBytes - within);
    std::copy_n(bytes.begin(), part, writable(offset / kBlockBytes).begin() + static_cast<std::ptrdiff_t>(within));
    offset += part;
    bytes = bytes.subspan(part);
  }
}

void DiskImage::grow(std::uint64_t size) {
  size_ = std::max(size_, size);
  const std::size_t blocks = (size_ + kBlockBytes - 1) / kBlockBytes;
  if (blocks_.size() < blocks) blocks_.resize(blocks);
}

DiskImage::Block& DiskImage::writable(std::size_t index) {
  std::shared_ptr<Block>& block = blocks_[index];
  if (!block) {
    block = std::make_shared<Block>();
  } else if (block.use_count() > 1) {
    block = std::make_shared<Block>(*block);
  }
  return *block;
}

}  // namespace shoal::crash

// StoredChunks: which chunks of which pages may hold data, for a store of files. What was never marked, or was cleared
// as a whole, reads as zeros without asking the file. Pure.
#pragma once

#include <cstdint>
#include <map>
#include <vector>

#include "routing/page_store.h"

namespace shoal::routing {

class StoredChunks {
 public:
  void mark(const PageId& page, std::uint32_t offset, std::uint32_t length);
  void clear(const PageId& page, std::uint32_t offset, std::uint32_t length);  // chunks that lie inside as a whole
  void drop(ImageId image);

  bool contains(const PageId& page) const { return pages_.contains(page); }
  bool any(const PageId& page, std::uint32_t offset, std::uint32_t length) const;
  std::vector<AllocationRange> allocation(const PageId& page, std::uint32_t offset, std::uint32_t length) const;
  std::vector<ImageId> images() const;             // in order
  std::vector<PageId> pages(ImageId image) const;  // every page that was ever marked, in order
  std::vector<StoredPage> list(ImageId image, PageIndex from, std::size_t limit) const;
  std::uint64_t bytes() const { return bytes_; }  // of all chunks that are marked

 private:
  using Chunks = std::vector<bool>;  // as far as was ever marked
  using Pages = std::map<PageId, Chunks>;

  bool marked(const Pages::const_iterator& page, std::uint32_t chunk) const {
    return page != pages_.end() && chunk < page->second.size() && page->second[chunk];
  }

  Pages pages_;
  std::uint64_t bytes_ = 0;
};

}  // namespace shoal::routing

#include "routing/splitter.h"

#include <algorithm>
#include <bit>

#include "target/base/check.h"

namespace shoal::routing {

Splitter::Splitter(const BlockRange& range, std::uint32_t page_bytes, std::uint32_t most_bytes)
    : begin_(range.first.value * kBlockBytes),
      position_(begin_),
      end_(begin_ + range.count * kBlockBytes),
      page_bytes_(page_bytes),
      piece_bytes_(std::min(page_bytes, most_bytes)) {
  CHECK(std::has_single_bit(page_bytes) && page_bytes >= kMinPageBytes && page_bytes <= kMaxPageBytes, page_bytes);
  CHECK(std::has_single_bit(most_bytes) && most_bytes >= kPhysicalBlockBytes, most_bytes);
  CHECK(end_ >= begin_ && end_ <= kMaxImageBytes, begin_, end_);
}

std::optional<PagePart> Splitter::next() {
  if (position_ == end_) return std::nullopt;
  const std::uint64_t to_cut = piece_bytes_ - position_ % piece_bytes_;  // pieces divide pages
  const std::uint64_t length = std::min(to_cut, end_ - position_);
  const PagePart part{.page = PageIndex{position_ / page_bytes_},
                      .offset = static_cast<std::uint32_t>(position_ % page_bytes_),
                      .length = static_cast<std::uint32_t>(length),
                      .at = position_ - begin_};
  position_ += length;
  return part;
}

std::uint64_t Splitter::count() const {
  if (position_ == end_) return 0;
  return (end_ - 1) / piece_bytes_ - position_ / piece_bytes_ + 1;
}

std::vector<PagePart> split(const BlockRange& range, std::uint32_t page_bytes, std::uint32_t most_bytes) {
  Splitter splitter(range, page_bytes, most_bytes);
  std::vector<PagePart> parts;
  parts.reserve(splitter.count());
  while (const auto part = splitter.next()) parts.push_back(*part);
  return parts;
}

}  // namespace shoal::routing

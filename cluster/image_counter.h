// ImageCounter: the value of /i/next: the image id that is given out next. No id is ever given out twice.
//
// Metadata that were put back to an earlier state do not know of images that were made since, while pages of those lie
// in stores. A creation passes their ids over (rise_above), and they are remembered here: they were not deleted, so
// their pages are not dropped.
//
// Grammar: next *(" " first "-" last), decimal: "7" or "9 2-2 7-8".
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "target/base/ids.h"

namespace shoal::cluster {

inline constexpr const char* kImageCounterKey = "/i/next";
inline constexpr std::size_t kMaxPassedOver = 1000;                 // ranges; more are made one with those between them
inline constexpr std::uint64_t kMaxImage = std::uint64_t{1} << 60;  // an id above is nobody's: what says so is wrong

struct ImageRange {
  std::uint64_t first = 0, last = 0;
  bool operator==(const ImageRange&) const = default;
};

struct ImageCounter {
  std::uint64_t next = 1;
  std::vector<ImageRange> passed_over;  // in order, all below next

  void rise_above(ImageId highest);
  bool was_passed_over(ImageId image) const;
  bool operator==(const ImageCounter&) const = default;
};

std::string encode(const ImageCounter& counter);
std::optional<ImageCounter> decode_image_counter(std::string_view text);

}  // namespace shoal::cluster

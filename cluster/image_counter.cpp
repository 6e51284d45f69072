#include "cluster/image_counter.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/base/parse_number.h"

namespace shoal::cluster {
namespace {

std::string_view cut_until(std::string_view& text, char end) {
  const std::size_t at = std::min(text.find(end), text.size());
  const std::string_view head = text.substr(0, at);
  text.remove_prefix(std::min(at + 1, text.size()));
  return head;
}

std::optional<ImageRange> decode_range(std::string_view text) {
  const auto first = parse_number<std::uint64_t>(cut_until(text, '-')), last = parse_number<std::uint64_t>(text);
  if (!first || !last || *first > *last) return std::nullopt;
  return ImageRange{*first, *last};
}

}  // namespace

void ImageCounter::rise_above(ImageId highest) {
  if (highest.value < next) return;
  if (passed_over.size() < kMaxPassedOver) {
    passed_over.push_back({next, highest.value});
  } else {
    passed_over.back().last = highest.value;
  }
  next = highest.value + 1;
}

bool ImageCounter::was_passed_over(ImageId image) const {
  return std::ranges::any_of(
      passed_over, [&](const ImageRange& range) { return range.first <= image.value && image.value <= range.last; });
}

std::string encode(const ImageCounter& counter) {
  std::string text = std::to_string(counter.next);
  for (const ImageRange& range : counter.passed_over) text += fmt::format(" {}-{}", range.first, range.last);
  return text;
}

std::optional<ImageCounter> decode_image_counter(std::string_view text) {
  if (text.ends_with(' ')) return std::nullopt;
  const auto next = parse_number<std::uint64_t>(cut_until(text, ' '));
  if (!next || *next == 0 || *next > kMaxImage) return std::nullopt;
  ImageCounter counter{*next, {}};
  while (!text.empty()) {
    const auto range = decode_range(cut_until(text, ' '));
    const std::uint64_t above = counter.passed_over.empty() ? 0 : counter.passed_over.back().last;
    if (!range || range->first <= above || range->last >= *next) return std::nullopt;
    if (counter.passed_over.size() == kMaxPassedOver) return std::nullopt;
    counter.passed_over.push_back(*range);
  }
  return counter;
}

}  // namespace shoal::cluster

#include "routing/kept_ranges.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing {

KeptRanges::Key KeptRanges::key_of(const PageRequest& request) {
  return {.image = request.page.image,
          .nexus = request.origin.nexus,
          .generation = request.origin.generation,
          .id = request.origin.id,
          .page = request.page.index,
          .offset = request.offset,
          .length = request.length};
}

bool KeptRanges::has_room(const Key& key) const {
  if (ranges_.size() >= limits_.ranges) return false;
  std::size_t of_nexus = 0;
  for (auto each = ranges_.lower_bound({.image = key.image, .nexus = key.nexus}); each != ranges_.end(); ++each) {
    if (each->first.image != key.image || each->first.nexus != key.nexus) break;
    ++of_nexus;
  }
  return of_nexus < limits_.of_nexus;
}

bool KeptRanges::add(const PageRequest& request, Task task, Time now) {
  const Key key = key_of(request);
  return has_room(key) && ranges_.try_emplace(key, Kept{task, now + limits_.longest}).second;
}

KeptRanges::Task KeptRanges::take(const PageRequest& request) {
  const auto found = ranges_.find(key_of(request));
  CHECK(found != ranges_.end(), request.page.index, request.origin.id);
  const Task task = found->second.task;
  ranges_.erase(found);
  return task;
}

std::optional<KeptRanges::Task> KeptRanges::expired(Time now) const {
  const auto found = std::ranges::find_if(ranges_, [now](const auto& each) { return each.second.until <= now; });
  return found == ranges_.end() ? std::nullopt : std::optional(found->second.task);
}

// The operations of an image and a nexus lie side by side, in order of generation and id.
std::optional<KeptRanges::Task> KeptRanges::finished(ImageId image, const Origin& origin) const {
  const auto oldest = ranges_.lower_bound({.image = image, .nexus = origin.nexus});
  if (oldest == ranges_.end() || oldest->first.image != image || oldest->first.nexus != origin.nexus) return {};
  const bool over =
      std::pair(oldest->first.generation, oldest->first.id) < std::pair(origin.generation, origin.lowest_unfinished);
  return over ? std::optional(oldest->second.task) : std::nullopt;
}

}  // namespace shoal::routing

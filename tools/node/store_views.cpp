#include "tools/node/store_views.h"

namespace shoal {

using nlohmann::json;

namespace {

json seconds_since(const std::optional<Time>& then, Time now) {
  if (!then) return nullptr;
  return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(now - *then).count());
}

}  // namespace

json figures_json(const routing::StoreFigures& figures, const routing::StoreSpace& space) {
  return {{"path", figures.path},
          {"group", figures.group.to_string()},
          {"device", describe(figures.facts)},
          {"warnings", durability_warnings(figures.facts)},
          {"checkpoint", figures.checkpoint},
          {"device_bytes", figures.device_bytes},
          {"total_bytes", space.total_bytes},
          {"used_bytes", space.used_bytes},
          {"free_bytes", space.free_bytes},
          {"metadata_bytes", figures.metadata_bytes},
          {"journal_bytes", figures.journal_bytes},
          {"journal_used_bytes", figures.journal_used_bytes},
          {"waiting_home_bytes", figures.waiting_home_bytes},
          {"cached_nodes", figures.cached_nodes},
          {"most_cached_nodes", figures.most_cached_nodes},
          {"changed_nodes", figures.changed_nodes},
          {"first_seq", figures.first_seq},
          {"fences", figures.fences}};
}

json damage_json(const routing::RepairCounters& blocks, std::uint64_t nodes) {
  return {{"blocks", blocks.damaged}, {"repaired_blocks", blocks.repaired}, {"nodes", nodes}};
}

json scrub_json(const routing::ScrubStatus& scrub, Time now) {
  json damaged = json::array();
  for (const routing::DamagedRange& range : scrub.damaged) {
    damaged.push_back({{"image", range.page.image.value},
                       {"page", range.page.index.value},
                       {"offset", range.offset},
                       {"length", range.length}});
  }
  return {{"state", to_string(scrub.state)},
          {"read_bytes", scrub.read_bytes},
          {"most_bytes", scrub.most_bytes},
          {"unread_bytes", scrub.unread_bytes},
          {"damaged_blocks", scrub.damaged_blocks},
          {"damaged", std::move(damaged)},
          {"runs", scrub.runs},
          {"began_s_ago", seconds_since(scrub.began, now)},
          {"ended_s_ago", seconds_since(scrub.ended, now)}};
}

}  // namespace shoal

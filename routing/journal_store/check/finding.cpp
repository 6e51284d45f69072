#include "routing/journal_store/check/finding.h"

#include <fmt/format.h>

namespace shoal::routing::journal {
namespace {

std::string words(const ImageRange& range) {
  if (range.page_bytes == 0) {
    return fmt::format("image {}, offset {} of the image, {} bytes", range.image, range.offset, range.length);
  }
  return fmt::format("image {}, page {}, offset {}, {} bytes", range.image, range.offset / range.page_bytes,
                     range.offset % range.page_bytes, range.length);
}

}  // namespace

const char* to_string(Finding::Kind kind) {
  switch (kind) {
    case Finding::Kind::superblock: return "superblock";
    case Finding::Kind::space_map: return "space map";
    case Finding::Kind::catalog: return "catalog";
    case Finding::Kind::node: return "node";
    case Finding::Kind::entry: return "entry";
    case Finding::Kind::chunk_count: return "chunk count";
    case Finding::Kind::uses: return "use count";
    case Finding::Kind::leak: return "leak";
    case Finding::Kind::journal: return "journal";
    case Finding::Kind::data: return "data";
  }
  return "unknown";
}

const char* to_string(Cure cure) {
  switch (cure) {
    case Cure::none: return "none";
    case Cure::repair: return "repair";
    case Cure::lose_acknowledged: return "lose acknowledged";
  }
  return "unknown";
}

std::string place_of(const Finding& finding) {
  std::string place;
  if (finding.range) place = words(*finding.range);
  if (!finding.byte) return place;
  return fmt::format("{}{}at byte {} of the store", place, place.empty() ? "" : ", ", *finding.byte);
}

std::string describe(const Finding& finding) {
  const std::string place = place_of(finding);
  return fmt::format("{}: {}{}{}{}; {}; {}", to_string(finding.kind), finding.what, place.empty() ? "" : " (", place,
                     place.empty() ? "" : ")", finding.meaning, finding.remedy);
}

}  // namespace shoal::routing::journal

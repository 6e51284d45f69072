#include "routing/journal_store/check/space_check.h"

#include <fmt/format.h>

#include "routing/journal_store/space.h"

namespace shoal::routing::journal {
namespace {

constexpr const char* kCorrect = "shoal-fsck --repair writes what the trees say";

enum class Fault : std::uint8_t { none, leak, free_but_used, wrong };

// A chunk with room for nodes and none in it is as good as free.
Fault compare(std::uint8_t said, std::uint8_t used) {
  const bool said_free = said == 0 || said == kNodeChunk;
  if (said == used || (said_free && used == 0)) return Fault::none;
  if (used == 0) return Fault::leak;
  return said_free ? Fault::free_but_used : Fault::wrong;
}

Finding finding_of(Fault fault, ChunkNumber first, std::uint32_t chunks, bool nodes_lost) {
  Finding finding{.kind = Finding::Kind::uses, .byte = byte_of(first), .remedy = kCorrect, .cure = Cure::repair};
  const std::string size = fmt::format("{} {} of 64 KiB", chunks, chunks == 1 ? "chunk" : "chunks");
  switch (fault) {
    case Fault::leak:
      finding.kind = Finding::Kind::leak;
      finding.what = size + " in use that nobody has";
      finding.meaning = nodes_lost ? "the space is lost until it is freed; it may be what the nodes that cannot be "
                                     "read spoke of"
                                   : "the space is lost until it is freed; no data are concerned";
      break;
    case Fault::free_but_used:
      finding.what = size + " free that are in use";
      finding.meaning = "new data would be written over what is there";
      break;
    default:
      finding.what = size + " with a wrong number of uses";
      finding.meaning = "they could be freed too early, or never";
  }
  return finding;
}

}  // namespace

std::vector<Finding> compare_space(ByteSpan map, const Usage& usage, bool nodes_lost) {
  std::vector<Finding> findings;
  const auto end = static_cast<std::uint32_t>(map.size());
  for (std::uint32_t chunk = 0; chunk < end;) {
    const auto fault_at = [&](std::uint32_t at) {
      return compare(std::to_integer<std::uint8_t>(map[at]), usage.uses({at}));
    };
    const Fault fault = fault_at(chunk);
    const std::uint32_t first = chunk++;
    while (chunk < end && fault_at(chunk) == fault) ++chunk;
    if (fault != Fault::none) findings.push_back(finding_of(fault, {first}, chunk - first, nodes_lost));
  }
  return findings;
}

}  // namespace shoal::routing::journal

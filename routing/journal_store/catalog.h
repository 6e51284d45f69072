// Catalog: what a store holds besides chunks: its images and how each is placed, its promises, voids and fences. Small,
// in memory as a whole, and written as a whole by a checkpoint in which it has changed (format.md). Pure.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "routing/journal_store/superblock.h"
#include "routing/page_store.h"
#include "routing/promises.h"

namespace shoal::routing::journal {

inline constexpr std::uint64_t kMaxCatalogBytes = std::uint64_t{256} << 20;
// What is kept within these, give or take one frame of the journal, is a catalog of at most kMaxCatalogBytes.
inline constexpr std::uint64_t kMaxNotedBytes = std::uint64_t{64} << 20;  // images with their notes
inline constexpr std::size_t kMaxPromises = 3'500'000;

struct StoredImage {
  std::uint32_t page_bytes = kMinPageBytes;
  bool dropped = false;      // reads as nothing; its chunks are being freed
  std::uint64_t chunks = 0;  // allocated
  std::uint8_t root_level = 0;
  NodeRef root;
  Version emptied;   // of a root that is nowhere: the highest version of what was below it
  std::string text;  // whatever the members want to find again: the volume's record
  bool operator==(const StoredImage&) const = default;
};

struct Catalog {
  std::map<ImageId, StoredImage> images;
  Promises promises;
};

std::uint64_t bytes_of_images(const Catalog& catalog);    // what they take of it, its header included
std::uint64_t bytes_of_promises(const Catalog& catalog);  // the rest
// By how much a note, or a promise, void or fence makes it longer.
std::uint64_t growth_by(const Catalog& catalog, ImageId image, std::string_view note);
std::uint64_t growth_by(const Catalog& catalog, const PageRecord& promise);
// Whether it may grow by that note, or promise, void or fence.
bool has_room_for(const Catalog& catalog, ImageId image, std::string_view note);
bool has_room_for(const Catalog& catalog, const PageRecord& promise, std::size_t most = kMaxPromises);

std::string encode(const Catalog& catalog);  // at most kMaxCatalogBytes, which the caller sees to
// nullopt: not a catalog, though its CRCs are right. What is one encodes to the same bytes.
std::optional<Catalog> decode_catalog(std::string_view bytes);

}  // namespace shoal::routing::journal

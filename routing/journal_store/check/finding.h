// Finding: one thing that is wrong with a store, in words for people and with its place for programs.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "routing/journal_store/geometry.h"

namespace shoal::routing::journal {

// Of an image; what is known of it.
struct ImageRange {
  ImageId image;
  std::uint64_t offset = 0, length = 0;  // bytes
  std::uint32_t page_bytes = 0;          // 0: the image was never described
  bool operator==(const ImageRange&) const = default;
};

// Whether shoal-fsck --repair does something about it.
enum class Cure : std::uint8_t {
  none,
  repair,
  lose_acknowledged,  // and only with --lose-acknowledged: what was promised to hosts goes
};
const char* to_string(Cure cure);

struct Finding {
  enum class Kind : std::uint8_t {
    superblock,
    space_map,
    catalog,
    node,
    entry,
    chunk_count,
    uses,
    leak,
    journal,
    data
  };

  Kind kind = Kind::superblock;
  std::optional<ImageRange> range;    // whose data it is about
  std::optional<std::uint64_t> byte;  // of the device, where it was found
  std::string what;
  std::string meaning;  // for whoever uses the data
  std::string remedy;   // what can be done
  Cure cure = Cure::none;
};
const char* to_string(Finding::Kind kind);

// "image 7, page 3, offset 65536, 4096 bytes, at byte 1249280 of the store"
std::string place_of(const Finding& finding);
// One line.
std::string describe(const Finding& finding);

}  // namespace shoal::routing::journal

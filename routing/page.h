// The words of routing: images, pages, where they are placed, and a request for a part of one page.
// A volume name points at an image; everything here is keyed by the image id, which is never reused. A page is placed
// on a *store* (by its UUID), not on a member or an address: a store that was wiped is a different store.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "target/base/completion.h"
#include "target/base/ids.h"
#include "target/base/slice.h"
#include "target/ports/block_device.h"

namespace shoal::routing {

inline constexpr std::uint32_t kMinPageBytes = 64 * 1024;
inline constexpr std::uint32_t kMaxPageBytes = 64 * 1024 * 1024;
inline constexpr std::uint32_t kDefaultPageBytes = 16 * 1024 * 1024;
inline constexpr std::uint64_t kMaxImageBytes = std::uint64_t{64} << 40;
inline constexpr std::uint32_t kChunkBytes = 64 * 1024;  // unit of allocation inside a page

struct PageId {
  ImageId image;
  PageIndex index;
  auto operator<=>(const PageId&) const = default;
};

inline constexpr Epoch kFirstEpoch{1};  // of a page whose configuration was never changed

enum class StoreKind : std::uint8_t { memory, file };
constexpr bool outlives_its_process(StoreKind kind) { return kind != StoreKind::memory; }

// What GOOD means. Said when the volume is created, for ever; each owner of a page goes by it.
enum class DurabilityPolicy : std::uint8_t {
  sync,       // on the device of every owner that was touched
  writeback,  // so after a flush only, or with FUA; a machine that stops takes back what came after
  memory,     // in memory: gone with the owner's process
};
enum class PlacementRule : std::uint8_t { striped, contiguous };

// Frozen when the volume is created: gives each page its default owner without any further metadata.
// striped: page i lies on stores[i % n]. contiguous: n runs of ceil(pages / n) pages, in order.
struct Placement {
  PlacementRule rule = PlacementRule::striped;
  std::vector<StoreId> stores;
  bool operator==(const Placement&) const = default;
};

struct Image {
  ImageId id;
  std::uint64_t size_bytes = 0;  // a multiple of kPhysicalBlockBytes
  std::uint32_t page_bytes = kDefaultPageBytes;
  DurabilityPolicy durability = DurabilityPolicy::sync;
  Placement placement;
  bool operator==(const Image&) const = default;
  std::uint64_t page_count() const { return (size_bytes + page_bytes - 1) / page_bytes; }
};

// A part of one page. Mutations carry the number of the part within its operation: (origin.id, part) is what a repeated
// request is recognised by.
struct PageRequest {
  OperationKind kind = OperationKind::read;
  PageId page;
  std::uint32_t offset = 0;  // bytes in the page, a multiple of kBlockBytes
  std::uint32_t length = 0;  // bytes; offset + length <= page size. flush: page index, range and epoch are ignored
  bool fua = false;
  bool keep = false;  // compare_and_write: compares only; where equal, the range is kept (locked) for its operation's
                      // next request there, which then does not compare again (kept_ranges.h)
  Epoch epoch;        // of the page's configuration as the asker knows it
  StoreId store;      // on which the asker believes it lies; another store answers wrong_store
  Origin origin;
  std::uint32_t part = 0;
  Slices data;  // as in Operation; keep: only what is compared
};

enum class PageStatus : std::uint8_t {
  ok,
  wrong_store,  // not the store, image or epoch that was meant: the asker refreshes its map and directory
  fenced,       // generation older than the newest that this owner knows
  ghost,        // operation id below the nexus' watermark, or answered long ago: dropped
  stale_reservation,
  miscompare,
  medium_error,
  no_space,
  failed,  // the store is out of service, or short of something for the moment
  aborted,
  unreachable,  // the link broke before the answer: outcome unknown. Never on the wire, never of a page service
};

struct PageResult {
  PageStatus status = PageStatus::ok;
  Slices data;
  std::uint64_t detail = 0;
  std::vector<LbaStatus> lba_status;  // read as byte ranges / kBlockBytes relative to the page
};

// What serves pages: the local PageService, or a peer's through its link. Requests of one batch are handed on together.
class PageEndpoint {
 public:
  virtual ~PageEndpoint() = default;
  virtual void submit(PageRequest request, Completion<PageResult> done) = 0;
};

const char* to_string(PageStatus status);
bool selects(const AbortSelection& selection, const Origin& origin);
bool may_change_data(const PageRequest& request);  // a mutation that only compares and keeps its range does not
// Bytes that a request keeps busy until it is answered, there or back: both ends of a link count alike.
std::size_t weight(const PageRequest& request);

}  // namespace shoal::routing

template <>
struct std::hash<shoal::routing::PageId> {
  std::size_t operator()(const shoal::routing::PageId& page) const noexcept {
    std::uint64_t mixed = (page.image.value * 0x9e3779b97f4a7c15u) ^ page.index.value;
    mixed = (mixed ^ (mixed >> 32)) * 0xd6e8feb86659fd93u;
    return static_cast<std::size_t>(mixed ^ (mixed >> 32));
  }
};

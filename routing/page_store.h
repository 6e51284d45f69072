// PageStore: where the bytes of pages lie. Its interface is a journal's, even where a simple store implements it: every
// change is a record, applied in batches with one completion; reads return versions; promises, voids and fences are
// durable.
//
// The caller (the page service) guarantees: records of one batch, and of batches in flight, do not overlap each other,
// nor does a read in flight overlap a record in flight, also when all ranges are rounded out to blocks of 4 KiB; an
// image is described before its first record; one describe_image() of an image at a time. Completions are called once
// each, perhaps before the call returns, and not any more after the store is destroyed. Leaves out: who owns a page,
// and all ordering.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "routing/page.h"
#include "target/base/completion.h"
#include "target/base/ids.h"
#include "target/base/result.h"
#include "target/base/slice.h"
#include "target/ports/block_device.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

enum class RecordKind : std::uint8_t {
  data,
  zero,     // reads as zeros after; the space may be freed
  unmap,    // the same, and the space is freed where whole chunks are covered
  promise,  // no record of that page below version.epoch is accepted any more
  voided,   // the copy of this range is worth nothing from (version.epoch, attempt) on: reads as zeros until it is
            // written again
  fence,    // no generation of origin.nexus below origin.generation is accepted any more
};

struct Version {
  Epoch epoch;
  std::uint64_t seq = 0;  // counts up for a page within an epoch
  auto operator<=>(const Version&) const = default;
};

struct PageRecord {
  RecordKind kind = RecordKind::data;
  PageId page;  // fence: only its image
  std::uint32_t offset = 0;
  std::uint32_t length = 0;  // data: equals total_size(data)
  Version version;
  Origin origin;
  std::uint32_t part = 0;
  std::uint32_t attempt = 0;  // voided
  Slices data;
  std::vector<std::uint32_t> block_crcs;  // CRC32C of each 4 KiB of data, where the sender had them; may be empty
};

struct Fence {
  ImageId image;
  NexusId nexus;
  Generation generation;
  auto operator<=>(const Fence&) const = default;
};

enum class Durability : std::uint8_t {
  applied,  // later reads see it; a restart of the process keeps it where the store outlives the process
  durable,  // on the device
};

enum class StoreError {
  no_space,        // the record was not, or only in part, applied; the store goes on
  medium_error,    // read: this range cannot be read; the rest can
  out_of_service,  // the store has failed for good: never retried
  no_resources,    // descriptors or memory are short: nothing is lost, the store goes on, try later
  stale,           // promise or void not above the one that is known; a record below the promised epoch
};
const char* to_string(StoreError error);
StoreError to_store_error(FileError error);  // of a change: anything but a shortage puts a store out of service

struct ReadAnswer {
  Slices data;      // exactly what was asked for; what was never written reads as zeros
  Version version;  // the newest of the range, where the store knows; else {}
};

struct VersionedRange {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  Version version;
  bool operator==(const VersionedRange&) const = default;
};

struct AllocationRange {
  std::uint32_t offset = 0;
  std::uint32_t length = 0;
  bool mapped = true;
  bool operator==(const AllocationRange&) const = default;
};

struct StoredPage {
  PageIndex index;
  std::uint64_t allocated_bytes = 0;  // by chunks; after a restart of a file store up to the end of the page's file
  bool operator==(const StoredPage&) const = default;
};

struct StoreState {
  bool in_service = true;
  std::string reason;  // why not
};

// What is left of the file system under a store. Stores of several members may lie on one of them.
struct FileSystemRoom {
  std::uint64_t id = 0;  // the same for all who would take of this room; 0: not known
  std::uint64_t free_bytes = 0;
  bool operator==(const FileSystemRoom&) const = default;
};

struct StoreSpace {
  std::uint64_t total_bytes = 0;  // 0: the store does not know how much it could hold; nor does it know what is free
  std::uint64_t used_bytes = 0;
  std::uint64_t free_bytes = 0;
  std::uint64_t growth_bytes = 0;  // of the free ones: those that it does not have yet
  FileSystemRoom file_system;      // that would give them
  bool operator==(const StoreSpace&) const = default;
};

// What a store keeps of an image besides its pages, so that routing can be made again from the stores alone.
struct ImageNote {
  std::uint32_t page_bytes = 0;
  std::string text;  // the record of its volume
  bool operator==(const ImageNote&) const = default;
};
inline constexpr std::size_t kMaxImageNoteBytes = 128 * 1024;  // of the text

// Blocks of 4 KiB that were not what had been written there, when they were read.
struct RepairCounters {
  std::uint64_t damaged = 0;
  std::uint64_t repaired = 0;  // of these: another copy had them
};

// Another copy to repair from: what a checksum found broken is fetched, written again and counted.
class RepairSource {
 public:
  virtual ~RepairSource() = default;
  // nullopt: no other copy has it.
  virtual void fetch(const PageId& page, std::uint32_t offset, std::uint32_t length,
                     Completion<std::optional<ReadAnswer>> done) = 0;
};

class PageStore {
 public:
  using Done = Completion<Result<void, StoreError>>;
  virtual ~PageStore() = default;

  virtual StoreId id() const = 0;  // made once, with the store: a wiped one is another store
  virtual StoreKind kind() const = 0;
  virtual StoreState state() const = 0;
  virtual StoreSpace space() const = 0;

  // All records of the batch. Metadata records (promise, voided, fence) are written before the data of the same batch.
  virtual void apply(std::vector<PageRecord> batch, Durability durability, Done done) = 0;
  virtual void read(const PageId& page, std::uint32_t offset, std::uint32_t length,
                    Completion<Result<ReadAnswer, StoreError>> done) = 0;
  // Everything whose apply() completed before this call is durable when it completes.
  virtual void sync(Done done) = 0;

  virtual Epoch promised(const PageId& page) const = 0;  // {}: nothing promised
  virtual std::vector<Fence> fences() const = 0;         // newest of each nexus, in order
  virtual std::uint64_t first_seq() const = 0;           // above every seq that was ever given out for this store
  // Ranges that may differ from what other copies settled on (after a crash). Empty for a store with a single copy of
  // its data.
  virtual std::vector<VersionedRange> unsettled(const PageId& page) const = 0;
  // Ranges that may be newer than `version`; a store that does not know tells everything that it has, with its version
  // {}.
  virtual void versions_since(const PageId& page, const Version& version,
                              Completion<Result<std::vector<VersionedRange>, StoreError>> done) = 0;
  // Adjacent ranges that cover [offset, offset + length). What is not known to be free is mapped.
  virtual void allocation(const PageId& page, std::uint32_t offset, std::uint32_t length,
                          Completion<Result<std::vector<AllocationRange>, StoreError>> done) = 0;
  virtual std::vector<ImageId> images() const = 0;  // of which anything is stored, notes and fences included, in order
  // Pages of which anything is stored, from that one on, in order, at most so many.
  virtual void list(ImageId image, PageIndex from, std::size_t limit,
                    Completion<Result<std::vector<StoredPage>, StoreError>> done) = 0;

  // Before the image's first record, and again when the note changes. Durable when it completes.
  virtual void describe_image(ImageId image, ImageNote note, Done done) = 0;
  virtual std::optional<ImageNote> image_note(ImageId image) const = 0;
  virtual std::uint64_t image_bytes(ImageId image) const = 0;  // allocated to its pages
  // And its note and fences. Nothing of the image is in flight.
  virtual void drop_image(ImageId image, Done done) = 0;

  // Asked for what a checksum finds broken, by reads; null: nobody. It outlives the store or is taken back.
  virtual void set_repair_source(RepairSource*) {}
  virtual RepairCounters repair_counters() const { return {}; }

  void promise(const PageId& page, Epoch epoch, Done done);
  void void_copy(const PageId& page, std::uint32_t offset, std::uint32_t length, Epoch epoch, std::uint32_t attempt,
                 Done done);
  void fence(const Fence& fence, Durability durability, Done done);
};

}  // namespace shoal::routing

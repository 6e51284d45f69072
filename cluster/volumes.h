// Volumes: the records of all volumes, made and deleted by compare-and-swap, and a picture of them that follows the
// metadata. Who may log in (volume_access.h) is all of a record that changes later.
//
// Records are /v/<name>; /i/next is the next image id (image_counter.h), so that none is ever used again. A creation
// expects the group's identity in the metadata, asks the members in reach (image_census.h), and lies on these. Identity
// (NAA, serial) and placement are made here, once. With a volume its image's gate is made (nexus_record.h); a deletion
// is one compare-and-swap that removes record and gate and expects that the gate counts no sessions. Each member drops
// an image when was_deleted() says so.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cluster/image_census.h"
#include "cluster/image_use.h"
#include "cluster/members.h"
#include "cluster/meta_store.h"
#include "cluster/volume_access.h"
#include "routing/page_store.h"
#include "target/base/log.h"
#include "target/ports/target_catalog.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

inline constexpr std::size_t kMaxVolumeNameBytes = 64;  // a-z, 0-9, '.', '-'; begins and ends with a letter or digit
inline constexpr std::size_t kMaxVolumes = 4096;

struct VolumeRecord {
  std::string name;
  std::string iqn;  // iqn_prefix:name
  routing::Image image;
  UnitIdentity identity;
  std::uint64_t created_ms = 0;  // wall clock, for people
  VolumeAccess access;
  bool operator==(const VolumeRecord&) const = default;
};

std::string encode(const VolumeRecord& record);  // JSON
std::optional<VolumeRecord> decode_volume(std::string_view text);

struct VolumeRequest {
  std::string name;
  std::uint64_t size_bytes = 0;
  std::uint32_t page_bytes = routing::kDefaultPageBytes;
  routing::PlacementRule rule = routing::PlacementRule::striped;
  std::optional<routing::DurabilityPolicy> durability;  // nullopt: sync; memory where no member has anything else
  std::optional<ChapSettings> chap;                     // right as check_chap() says
};

// A refusal: what is wrong and what to do, one line for people, and the HTTP status that it deserves.
struct VolumeError {
  int status = 400;  // 400 bad request, 404 no such volume, 409 exists or busy, 503 metadata out of reach
  std::string text;
};

class Volumes {
 public:
  using Picture = std::shared_ptr<const std::map<std::string, VolumeRecord>>;  // by name

  Volumes(Runtime& runtime, MetaStore& meta, const Members& members, std::string iqn_prefix, Log log);
  ~Volumes();

  void load(Completion<> done);     // the first complete listing; tries until it has it
  void refresh(Completion<> done);  // lists again; completes when that is in the picture
  Picture all() const;
  const VolumeRecord* find_target(const std::string& iqn) const;
  // The image existed once and is gone for ever. False where that is not certain: a listing may be older than the
  // image.
  bool was_deleted(ImageId image) const;
  // After every complete listing; `fresh`: one that was_deleted() was learned from.
  void on_change(std::function<void(bool fresh)> changed);

  // Whose metadata they have to be, and whom a creation asks first. Without it: nobody, and it lies on all members.
  using TakeCensus = std::function<void(Completion<Census>)>;
  void guard_creation(const GroupId& group, TakeCensus take_census);
  // By which stores new volumes are placed. Without it: as if all had room.
  void place_by(std::function<std::map<StoreId, routing::StoreSpace>()> known_space);
  ImageId highest_seen() const;  // of all images that this member ever learned of

  // Placed on one store of every member in reach that has room, in the order of member ids (volume_rules.h).
  void create(VolumeRequest request, Completion<Result<VolumeRecord, VolumeError>> done);
  // Asked when sessions are in the way of a deletion: GroupSessions::release_idle.
  void on_busy(std::function<void(ImageId image, Completion<ImageUse> done)> release_idle);
  // `change` is applied to what the record is found to have, perhaps several times: it is pure. Completes when the
  // record has changed and this member's picture with it; the other members follow as fast as their metadata tell them.
  using ChangeAccess = std::function<std::optional<VolumeError>(VolumeAccess&)>;
  void change_access(std::string name, ChangeAccess change, Completion<Result<VolumeRecord, VolumeError>> done);
  // Refused while sessions of it exist anywhere in the group (those of members that are down count until they return).
  void remove(std::string name, Completion<Result<VolumeRecord, VolumeError>> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

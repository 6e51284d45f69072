#include "cluster/volume_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace shoal::cluster {
namespace {

using routing::DurabilityPolicy;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

const MemberStore* store_for(DurabilityPolicy durability, const MemberRecord& member) {
  const bool lasting = durability != DurabilityPolicy::memory;
  const auto found = std::ranges::find_if(member.stores, [lasting](const MemberStore& store) {
    return routing::outlives_its_process(store.kind) == lasting;
  });
  return found == member.stores.end() ? nullptr : &*found;
}

DurabilityPolicy durability_for(const VolumeRequest& request, const std::map<MemberId, MemberRecord>& members) {
  if (request.durability) return *request.durability;
  const bool any_lasts = std::ranges::any_of(
      members, [](const auto& member) { return store_for(DurabilityPolicy::sync, member.second) != nullptr; });
  return any_lasts ? DurabilityPolicy::sync : DurabilityPolicy::memory;
}

std::string without_store(MemberId member, DurabilityPolicy durability) {
  if (durability == DurabilityPolicy::memory) return fmt::format("member {} has no memory store", member);
  return fmt::format(
      "member {} has no store that outlives it: give it \"store\" in its configuration, or ask for durability memory",
      member);
}

// Each store that is left out leaves more to the others, so they are looked at again.
std::vector<StoreId> with_room(std::vector<StoreId> stores, std::uint64_t bytes, const KnownSpace& known) {
  const auto space_of = [&known](const StoreId& store) {
    const auto found = known.find(store);
    return found == known.end() ? routing::StoreSpace{} : found->second;
  };
  std::erase_if(stores, [&](const StoreId& store) { return is_nearly_full(space_of(store)); });
  std::vector<StoreId> roomy = stores;
  for (std::size_t left_out = 1; left_out > 0 && !roomy.empty();) {
    const std::uint64_t share = bytes / roomy.size();
    left_out =
        std::erase_if(roomy, [&](const StoreId& store) { return why_no_room(space_of(store), share).has_value(); });
  }
  return roomy.empty() ? stores : roomy;
}

}  // namespace

std::optional<std::string> check_name(const std::string& name) {
  const bool fits = !name.empty() && name.size() <= kMaxVolumeNameBytes;
  const bool right = fits && std::all_of(name.begin(), name.end(),
                                         [](char c) { return is_letter_or_digit(c) || c == '.' || c == '-'; });
  if (right && is_letter_or_digit(name.front()) && is_letter_or_digit(name.back())) return std::nullopt;
  return fmt::format("{} is no volume name: 1 to {} of a-z, 0-9, '.', '-', beginning and ending with a letter or digit",
                     quoted(name.substr(0, kMaxVolumeNameBytes + 1)), kMaxVolumeNameBytes);
}

std::optional<std::string> check_shape(std::uint64_t size_bytes, std::uint32_t page_bytes) {
  if (size_bytes == 0 || size_bytes % kPhysicalBlockBytes != 0 || size_bytes > routing::kMaxImageBytes) {
    return fmt::format("a volume of {} bytes: its size must be a multiple of {} bytes, at most 64 TiB", size_bytes,
                       kPhysicalBlockBytes);
  }
  if (!std::has_single_bit(page_bytes) || page_bytes < routing::kMinPageBytes || page_bytes > routing::kMaxPageBytes) {
    return fmt::format("pages of {} bytes: a page must be a power of two from 64 KiB to 64 MiB", page_bytes);
  }
  return std::nullopt;
}

bool is_nearly_full(const routing::StoreSpace& space) {
  return space.total_bytes > 0 && space.used_bytes >= space.total_bytes / 100 * kNearlyFullPercent;
}

std::optional<std::string> why_no_room(const routing::StoreSpace& space, std::uint64_t share_bytes) {
  if (space.total_bytes == 0) return std::nullopt;
  if (is_nearly_full(space)) {
    return fmt::format("its store is nearly full: {} of {} bytes are used", space.used_bytes, space.total_bytes);
  }
  if (space.free_bytes >= share_bytes) return std::nullopt;
  return fmt::format("its store has {} bytes free, less than its share of {}", space.free_bytes, share_bytes);
}

Result<routing::Image, std::string> place_image(const VolumeRequest& request, ImageId id,
                                                const std::map<MemberId, MemberRecord>& members,
                                                const KnownSpace& space) {
  if (members.empty()) {
    return std::string(
        "every member in reach drains, so none takes a volume; take one back with shoalctl member undrain");
  }
  const DurabilityPolicy durability = durability_for(request, members);
  std::vector<StoreId> stores;
  for (const auto& [member, record] : members) {
    const MemberStore* store = store_for(durability, record);
    if (!store) return without_store(member, durability);
    stores.push_back(store->id);
  }
  stores = with_room(std::move(stores), request.size_bytes, space);
  if (stores.empty()) {
    return std::string(
        "every store in reach is nearly full, so none takes a volume; delete what is not needed, or add a member");
  }
  return routing::Image{id, request.size_bytes, request.page_bytes, durability, {request.rule, std::move(stores)}};
}

UnitIdentity new_identity(Random& random) {
  const std::uint64_t naa = std::uint64_t{3} << 60 | random.next() >> 4;
  return {naa, fmt::format("{:016x}", random.next())};
}

}  // namespace shoal::cluster

#include "cluster/volume_rules.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace shoal::cluster {
namespace {

using routing::StoreKind;

bool is_letter_or_digit(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9'); }

const MemberStore* store_of_kind(const MemberRecord& member, StoreKind kind) {
  const auto found = std::find_if(member.stores.begin(), member.stores.end(),
                                  [&](const MemberStore& store) { return store.kind == kind; });
  return found == member.stores.end() ? nullptr : &*found;
}

StoreKind kind_for(const VolumeRequest& request, const std::map<MemberId, MemberRecord>& members) {
  if (request.kind) return *request.kind;
  const bool all_have_files = std::all_of(members.begin(), members.end(), [](const auto& member) {
    return store_of_kind(member.second, StoreKind::file) != nullptr;
  });
  return all_have_files ? StoreKind::file : StoreKind::memory;
}

std::string without_store(MemberId member, StoreKind kind) {
  if (kind == StoreKind::memory) return fmt::format("member {} has no memory store", member);
  return fmt::format(
      "member {} has no file store: give it \"store\" in its configuration, or ask for durability memory", member);
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

Result<routing::Image, std::string> place_image(const VolumeRequest& request, ImageId id,
                                                const std::map<MemberId, MemberRecord>& members) {
  if (members.empty()) {
    return std::string(
        "every member in reach drains, so none takes a volume; take one back with shoalctl member undrain");
  }
  routing::Image image{id, request.size_bytes, request.page_bytes, kind_for(request, members), {request.rule, {}}};
  for (const auto& [member, record] : members) {
    const MemberStore* store = store_of_kind(record, image.kind);
    if (!store) return without_store(member, image.kind);
    image.placement.stores.push_back(store->id);
  }
  return image;
}

UnitIdentity new_identity(Random& random) {
  const std::uint64_t naa = std::uint64_t{3} << 60 | random.next() >> 4;
  return {naa, fmt::format("{:016x}", random.next())};
}

}  // namespace shoal::cluster

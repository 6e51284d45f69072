// PageMap: where every page of an image lies. An immutable snapshot; a change makes a new one that shares what is
// equal. Without containers it is the placement alone and stores nothing per page. A routing container says where 64
// pages deviate (page_map_format.md): 7 bytes a page in memory, and a table of the distinct owner sets for the whole
// map. A container never takes a page back to an older epoch; metadata's revisions are for people, epochs decide.
#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "routing/page.h"
#include "target/base/result.h"

namespace shoal::routing {

inline constexpr std::uint32_t kPagesPerContainer = 64;
inline constexpr std::size_t kMaxSetsPerContainer = 64;
inline constexpr std::size_t kMaxSetMembers = 15;    // in-sync copies besides the primary
inline constexpr std::size_t kMaxOwnerSets = 65534;  // distinct ones in a map
inline constexpr std::size_t kMaxContainerBytes = 32 * 1024;

struct Owner {
  StoreId store;
  Epoch epoch;
  bool operator==(const Owner&) const = default;
};

struct Learner {
  StoreId store;
  std::uint32_t attempt = 0;
  bool move = false;  // takes over when it is equal; otherwise it becomes one more copy
  auto operator<=>(const Learner&) const = default;
};

struct OwnerSet {
  StoreId primary;
  std::vector<StoreId> members;  // in sync, besides the primary
  std::optional<Learner> learner;
  auto operator<=>(const OwnerSet&) const = default;
};

// A routing container as a value: what its bytes say.
struct RoutingContainer {
  struct Entry {
    std::optional<std::uint8_t> set;  // index into sets; nullopt: as the placement says
    Epoch epoch = kFirstEpoch;
    std::uint8_t flags = 0;  // none yet: 0
    bool operator==(const Entry&) const = default;
  };
  std::vector<OwnerSet> sets;
  std::vector<Entry> pages;  // of all pages of the container that the image has
  bool operator==(const RoutingContainer&) const = default;
};

enum class ContainerError {
  malformed,     // not a container of this version, or damaged: keep the old one, say so
  out_of_range,  // not a container of this image
  older,         // a page has a lower epoch than is known: stale, ignore it
  contradicts,   // the same epoch with another owner: somebody wrote without compare-and-swap; ignore it and say so
  too_many_sets,
};
const char* to_string(ContainerError error);

std::string encode(const RoutingContainer& container);
Result<RoutingContainer, ContainerError> decode_container(std::string_view bytes);

class PageMap : public std::enable_shared_from_this<PageMap> {
  struct Private {};

 public:
  using Snapshot = std::shared_ptr<const PageMap>;
  static Snapshot make(Image image);  // the placement names at least one store
  PageMap(Private, Image image);

  const Image& image() const { return image_; }
  std::uint64_t page_count() const { return page_count_; }
  std::uint64_t container_count() const { return (page_count_ + kPagesPerContainer - 1) / kPagesPerContainer; }

  Owner owner(PageIndex page) const;  // page < page_count()
  OwnerSet owner_set(PageIndex page) const;
  StoreId default_store(PageIndex page) const;
  std::uint32_t page_length(PageIndex page) const;  // bytes; the last page of an image may be shorter

  // A snapshot with that container replaced.
  Result<Snapshot, ContainerError> with_container(std::uint64_t index, std::uint64_t revision,
                                                  std::string_view bytes) const;
  // As it stands now; of default placement where there is none. To be changed, encoded and written by compare-and-swap.
  RoutingContainer container(std::uint64_t index) const;
  std::uint64_t revision(std::uint64_t index) const;                       // 0: there is no container
  std::vector<std::pair<std::uint64_t, std::uint64_t>> revisions() const;  // {container, revision}, of those that exist

  // Equal exactly where image, placement, owners and epochs are equal; the same on every member.
  std::uint64_t hash() const;
  // Pages of which the store is the primary: the placement's stores in their order, then others by id.
  std::vector<std::pair<StoreId, std::uint64_t>> counts() const;
  std::size_t memory_bytes() const;  // of containers and owner sets

 private:
  static constexpr std::uint16_t kDefaultSet = 0xffff;
  static constexpr std::size_t kContainersPerBranch = 256;
  struct Container {
    std::uint64_t revision = 0;
    std::array<std::uint32_t, kPagesPerContainer> epoch;
    std::array<std::uint16_t, kPagesPerContainer> set;
    std::array<std::uint8_t, kPagesPerContainer> flags;
  };
  using Branch = std::array<std::shared_ptr<const Container>, kContainersPerBranch>;
  using Sets = std::vector<OwnerSet>;

  const Container* find(std::uint64_t index) const;
  std::uint64_t default_count(std::size_t placement_index) const;
  std::uint32_t pages_in(std::uint64_t container) const;
  Result<std::shared_ptr<const Container>, ContainerError> adopt(std::uint64_t index, const RoutingContainer& from,
                                                                 std::uint64_t revision);
  std::optional<std::uint16_t> intern(const OwnerSet& set);
  template <class Visit>
  void for_each_container(Visit&& visit) const;

  Image image_;
  std::uint64_t page_count_;
  std::uint64_t run_pages_;                              // contiguous: pages of one store
  std::vector<std::shared_ptr<const Branch>> branches_;  // empty while no container exists
  std::shared_ptr<const Sets> sets_;
};

}  // namespace shoal::routing

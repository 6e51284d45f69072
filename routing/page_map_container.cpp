// The bytes of a routing container: page_map_format.md.
#include <algorithm>
#include <bit>

#include "routing/page_map.h"
#include "target/base/check.h"
#include "target/base/crc32c.h"

namespace shoal::routing {
namespace {

constexpr std::string_view kMagic = "shrc";
constexpr std::uint8_t kVersion = 1;
constexpr std::uint8_t kAsPlaced = 0xff;
constexpr std::uint8_t kHasLearner = 1, kMoves = 2;

class Writer {
 public:
  template <std::unsigned_integral T>
  void number(T value) {
    std::array<std::byte, sizeof(T)> bytes;
    store_le(MutableByteSpan(bytes), 0, value);
    text_.append(as_text(bytes));
  }
  void store(const StoreId& store) { text_.append(as_text(std::as_bytes(std::span(store.bytes)))); }
  void text(std::string_view text) { text_.append(text); }
  std::string take_with_crc() {
    number(crc32c(as_bytes(text_)));
    return std::move(text_);
  }

 private:
  std::string text_;
};

// Reading beyond the end gives zeros and is remembered.
class Reader {
 public:
  explicit Reader(ByteSpan bytes) : rest_(bytes) {}
  template <std::unsigned_integral T>
  T number() {
    const ByteSpan bytes = take(sizeof(T));
    return bytes.empty() ? T{0} : load_le<T>(bytes);
  }
  StoreId store() {
    StoreId store;
    const ByteSpan bytes = take(store.bytes.size());
    if (!bytes.empty()) std::memcpy(store.bytes.data(), bytes.data(), bytes.size());
    return store;
  }
  bool ended_exactly() const { return !short_ && rest_.empty(); }
  bool is_short() const { return short_; }

 private:
  ByteSpan take(std::size_t size) {
    if (rest_.size() < size) {
      short_ = true;
      return {};
    }
    const ByteSpan bytes = rest_.first(size);
    rest_ = rest_.subspan(size);
    return bytes;
  }

  ByteSpan rest_;
  bool short_ = false;
};

void put_set(Writer& to, const OwnerSet& set) {
  CHECK(set.members.size() <= kMaxSetMembers, set.members.size());
  to.number(
      static_cast<std::uint8_t>((set.learner ? kHasLearner : 0) | (set.learner && set.learner->move ? kMoves : 0)));
  to.number(static_cast<std::uint8_t>(set.members.size()));
  to.store(set.primary);
  for (const StoreId& member : set.members) to.store(member);
  if (!set.learner) return;
  to.store(set.learner->store);
  to.number(set.learner->attempt);
}

std::optional<OwnerSet> get_set(Reader& from) {
  OwnerSet set;
  const auto flags = from.number<std::uint8_t>();
  const auto members = from.number<std::uint8_t>();
  if (flags > (kHasLearner | kMoves) || flags == kMoves || members > kMaxSetMembers) return std::nullopt;
  set.primary = from.store();
  for (std::uint8_t i = 0; i < members; ++i) set.members.push_back(from.store());
  if (flags & kHasLearner) {
    const StoreId store = from.store();
    set.learner = Learner{store, from.number<std::uint32_t>(), (flags & kMoves) != 0};
  }
  if (from.is_short()) return std::nullopt;
  return set;
}

std::optional<RoutingContainer::Entry> get_entry(Reader& from, std::size_t sets) {
  RoutingContainer::Entry entry;
  const auto set = from.number<std::uint8_t>();
  entry.epoch = Epoch{from.number<std::uint32_t>()};
  entry.flags = from.number<std::uint8_t>();
  if (set != kAsPlaced && set >= sets) return std::nullopt;
  if (set != kAsPlaced) entry.set = set;
  if (entry.epoch < kFirstEpoch || entry.flags != 0) return std::nullopt;
  return entry;
}

std::optional<RoutingContainer> get_container(Reader& from) {
  RoutingContainer container;
  if (from.number<std::uint32_t>() != load_le<std::uint32_t>(as_bytes(kMagic))) return std::nullopt;
  if (from.number<std::uint8_t>() != kVersion) return std::nullopt;
  const auto sets = from.number<std::uint8_t>();
  const auto pages = from.number<std::uint8_t>();
  if (from.number<std::uint8_t>() != 0 || sets > kMaxSetsPerContainer || pages > kPagesPerContainer)
    return std::nullopt;
  for (std::uint8_t i = 0; i < sets; ++i) {
    auto set = get_set(from);
    if (!set) return std::nullopt;
    container.sets.push_back(std::move(*set));
  }
  for (std::uint8_t i = 0; i < pages; ++i) {
    const auto entry = get_entry(from, sets);
    if (!entry) return std::nullopt;
    container.pages.push_back(*entry);
  }
  if (!from.ended_exactly()) return std::nullopt;
  return container;
}

}  // namespace

std::string encode(const RoutingContainer& container) {
  CHECK(container.sets.size() <= kMaxSetsPerContainer && container.pages.size() <= kPagesPerContainer,
        container.sets.size(), container.pages.size());
  Writer to;
  to.text(kMagic);
  to.number(kVersion);
  to.number(static_cast<std::uint8_t>(container.sets.size()));
  to.number(static_cast<std::uint8_t>(container.pages.size()));
  to.number(std::uint8_t{0});
  for (const OwnerSet& set : container.sets) put_set(to, set);
  for (const auto& entry : container.pages) {
    CHECK(!entry.set || *entry.set < container.sets.size(), container.sets.size());
    to.number(entry.set.value_or(kAsPlaced));
    to.number(entry.epoch.value);
    to.number(entry.flags);
  }
  return to.take_with_crc();
}

Result<RoutingContainer, ContainerError> decode_container(std::string_view bytes) {
  constexpr std::size_t kCrcBytes = sizeof(std::uint32_t);
  if (bytes.size() < kCrcBytes || bytes.size() > kMaxContainerBytes) return ContainerError::malformed;
  const std::string_view content = bytes.substr(0, bytes.size() - kCrcBytes);
  const auto crc = load_le<std::uint32_t>(as_bytes(bytes), content.size());
  if (crc != crc32c(as_bytes(content))) return ContainerError::malformed;
  Reader from(as_bytes(content));
  auto container = get_container(from);
  if (!container) return ContainerError::malformed;
  return std::move(*container);
}

const char* to_string(ContainerError error) {
  switch (error) {
    case ContainerError::malformed: return "malformed";
    case ContainerError::out_of_range: return "not a container of this image";
    case ContainerError::older: return "older than what is known";
    case ContainerError::contradicts: return "another owner at the same epoch";
    case ContainerError::too_many_sets: return "too many owner sets";
  }
  return "unknown";
}

}  // namespace shoal::routing

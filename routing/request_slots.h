// RequestSlots: what waits for an answer, found by the id that its request was sent with. Slots are used again, ids are
// not: an answer that comes twice, or to nothing, finds nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <utility>
#include <variant>
#include <vector>

namespace shoal::routing {

template <class... Awaits>
class RequestSlots {
 public:
  template <class T>
  std::uint64_t take(T awaits) {
    if (free_.empty()) {
      free_.push_back(static_cast<std::uint32_t>(slots_.size()));
      slots_.emplace_back();
    }
    const std::uint32_t index = free_.back();
    free_.pop_back();
    slots_[index].awaits = std::move(awaits);
    return std::uint64_t{slots_[index].serial} << 32 | index;
  }

  // null: nothing of that kind waits under that id.
  template <class T>
  T* find(std::uint64_t id) {
    const auto index = static_cast<std::uint32_t>(id);
    if (index >= slots_.size() || slots_[index].serial != id >> 32) return nullptr;
    return std::get_if<T>(&slots_[index].awaits);
  }

  template <class T>
  std::optional<T> release(std::uint64_t id) {
    T* awaits = find<T>(id);
    if (!awaits) return std::nullopt;
    std::optional<T> released(std::move(*awaits));
    const auto index = static_cast<std::uint32_t>(id);
    slots_[index].awaits = std::monostate{};
    ++slots_[index].serial;
    free_.push_back(index);
    return released;
  }

  // Everything that waits, in the order of slots; nothing waits here any more, and ids begin anew: the link is gone.
  template <class Visit>
  void release_all(Visit&& visit) {
    auto slots = std::exchange(slots_, {});
    free_.clear();
    for (Slot& slot : slots) std::visit(visit, slot.awaits);
  }

 private:
  struct Slot {
    std::uint32_t serial = 0;
    std::variant<std::monostate, Awaits...> awaits;
  };
  std::vector<Slot> slots_;
  std::vector<std::uint32_t> free_;
};

}  // namespace shoal::routing

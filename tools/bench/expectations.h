// Expectations: what a load that checks its reads may find.
#pragma once

#include <cstdint>
#include <optional>
#include <unordered_map>

namespace shoal::bench {

// What each block of 4 KiB may hold: the last acknowledged write, or one in flight. One command a block at a time, so
// that there is no other possibility; who wants an engaged block takes another.
class Expectations {
 public:
  bool engage(std::uint64_t first, std::uint64_t count) {
    for (auto b = first; b < first + count; ++b) {
      if (engaged_.contains(b)) return false;
    }
    for (auto b = first; b < first + count; ++b) engaged_.emplace(b, true);
    return true;
  }
  void release(std::uint64_t first, std::uint64_t count) {
    for (auto b = first; b < first + count; ++b) engaged_.erase(b);
  }
  void written(std::uint64_t block, std::uint64_t operation) { last_[block] = operation; }
  // nullopt: this run has not written it, anything that is whole is right.
  std::optional<std::uint64_t> last(std::uint64_t block) const {
    const auto found = last_.find(block);
    return found == last_.end() ? std::nullopt : std::optional(found->second);
  }
  void forget(std::uint64_t block) { last_.erase(block); }

 private:
  std::unordered_map<std::uint64_t, std::uint64_t> last_;
  std::unordered_map<std::uint64_t, bool> engaged_;
};

}  // namespace shoal::bench

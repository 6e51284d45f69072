// WriteBudget: how many bytes of write data all sessions of a server together may hold or have asked for. Pure.
//
// A session may hold no more than it leaves to others: alone it comes to half of the budget, and several share it. One
// burst of the oldest write that still gathers is always asked for, so each session gets on, with however little.
#pragma once

#include <cstdint>
#include <utility>

namespace shoal::iscsi {

inline constexpr std::uint64_t kHeldWriteBytesOfAll = 512u << 20;

class WriteBudget {
 public:
  explicit WriteBudget(std::uint64_t bytes = kHeldWriteBytesOfAll) : bytes_(bytes) {}

  bool may_hold(std::uint64_t own, std::uint64_t more) const { return own + more + held_ + more <= bytes_; }
  // Someone holds `after` instead of `before`.
  void change(std::uint64_t before, std::uint64_t after);
  std::uint64_t held() const { return held_; }
  // How much less is held than at the most since the last time that this was at least `least`; else 0.
  std::uint64_t take_released(std::uint64_t least) {
    const std::uint64_t released = most_held_ - held_;
    if (released < least) return 0;
    most_held_ = held_;
    return released;
  }

 private:
  const std::uint64_t bytes_;
  std::uint64_t held_ = 0, most_held_ = 0;
};

// What one session holds of it.
class WriteShare {
 public:
  explicit WriteShare(WriteBudget& budget) : budget_(budget) {}
  ~WriteShare() { set(0); }
  WriteShare(const WriteShare&) = delete;

  void set(std::uint64_t bytes) { budget_.change(std::exchange(held_, bytes), bytes); }
  void add(std::uint64_t bytes) { set(held_ + bytes); }
  void remove(std::uint64_t bytes) { set(held_ - bytes); }
  bool may_grow(std::uint64_t more) const { return budget_.may_hold(held_, more); }
  bool exceeded() const { return !may_grow(0); }
  std::uint64_t held() const { return held_; }

 private:
  WriteBudget& budget_;
  std::uint64_t held_ = 0;
};

}  // namespace shoal::iscsi

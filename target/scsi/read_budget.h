// ReadBudget: how many bytes the reads of all sessions together may hold, being read or to be sent to a host that may
// not take them. Pure, but for telling those that wait.
//
// A quarter of the budget is allotted: each session has an equal part of it that nobody else can use, of at most
// kMaxAllottedReadBytes. So a host that takes its answers is always served by reads of that size, however much others
// hold. What a session holds beyond its part comes out of the other three quarters, which all share, and it may never
// be more than it leaves there for others: of all three quarters where it holds nothing yet, else of two. So one
// session alone comes to a quarter of the budget, and however many hosts take nothing of reads as large as may be, they
// leave room for one half as large; the third quarter is for those that hold nothing, one read each.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

namespace shoal::scsi {

class ReadBudget {
 public:
  class Waiter {
   public:
    virtual ~Waiter() = default;
    virtual void on_room() = 0;  // perhaps: asks again, and waits again where it is in vain
  };

  // `sessions`: there are never more that read.
  ReadBudget(std::uint64_t bytes, std::uint64_t sessions);

  bool may_hold(std::uint64_t own, std::uint64_t more) const;
  // Someone holds `after` instead of `before`.
  void change(std::uint64_t before, std::uint64_t after);
  void wait(std::weak_ptr<Waiter> waiter) { waiting_.push_back(std::move(waiter)); }

  std::uint64_t held() const { return held_; }
  std::uint64_t allotted() const { return allotted_; }  // of each session

 private:
  std::uint64_t beyond_part(std::uint64_t held) const { return held > allotted_ ? held - allotted_ : 0; }
  void tell_waiting();

  const std::uint64_t quarter_, allotted_;
  std::uint64_t held_ = 0;
  std::uint64_t shared_ = 0;  // of it, what comes out of the three quarters
  std::vector<std::weak_ptr<Waiter>> waiting_;
  bool telling_ = false, dropped_ = false;
};

}  // namespace shoal::scsi

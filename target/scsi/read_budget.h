// ReadBudget: how many bytes the reads of all sessions together may hold, being read or to be sent to a host that may
// not take them. Pure, but for telling those that wait.
//
// Who holds something may hold no more than half of the budget has left: so one alone comes to a quarter of it, and
// several share. The other half is for those that hold nothing, one read each: a host that takes its answers is served
// while others do not, unless so many of those hold a large read each that this half is full, too.
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

  explicit ReadBudget(std::uint64_t bytes) : bytes_(bytes) {}

  bool may_hold(std::uint64_t own, std::uint64_t more) const;
  // Someone holds `after` instead of `before`.
  void change(std::uint64_t before, std::uint64_t after);
  void wait(std::weak_ptr<Waiter> waiter) { waiting_.push_back(std::move(waiter)); }

  std::uint64_t held() const { return held_; }

 private:
  void tell_waiting();

  const std::uint64_t bytes_;
  std::uint64_t held_ = 0;
  std::vector<std::weak_ptr<Waiter>> waiting_;
  bool telling_ = false, dropped_ = false;
};

}  // namespace shoal::scsi

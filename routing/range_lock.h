// RangeLock: the order of overlapping requests. A ticket holds its range of a page as soon as every earlier ticket that
// it conflicts with is gone; so conflicting tickets hold in the order in which they came, and nothing else waits. Two
// shared tickets do not conflict. Pure, and allocates nothing: tickets are linked, by buckets of the page's hash.
#pragma once

#include <array>
#include <boost/intrusive/list.hpp>
#include <cstdint>
#include <vector>

#include "routing/page.h"

namespace shoal::routing {

struct RangeTicket : boost::intrusive::list_base_hook<> {
  PageId page;
  std::uint32_t begin = 0, end = 0;  // bytes of the page
  bool exclusive = false;
  std::uint32_t ahead = 0;  // earlier tickets that it conflicts with; 0: it holds

  bool conflicts_with(const RangeTicket& other) const {
    return begin < other.end && other.begin < end && (exclusive || other.exclusive) && page == other.page;
  }
};

class RangeLock {
 public:
  // True: it holds now. The ticket stays where it is, unchanged, until it is released.
  bool acquire(RangeTicket& ticket);
  // Whether it holds or waits. Adds those that hold now to `granted`, in order.
  void release(RangeTicket& ticket, std::vector<RangeTicket*>& granted);
  // `to` holds in place of `from`, which holds: the same range, the same place in the order. `from` is free.
  void hand_over(RangeTicket& from, RangeTicket& to);

 private:
  using Bucket = boost::intrusive::list<RangeTicket, boost::intrusive::constant_time_size<false>>;
  static constexpr std::size_t kBuckets = 256;

  Bucket& bucket_of(const PageId& page) { return buckets_[std::hash<PageId>{}(page) % kBuckets]; }

  std::array<Bucket, kBuckets> buckets_;  // each in order of arrival
};

}  // namespace shoal::routing

#include "routing/range_lock.h"

#include "target/base/check.h"

namespace shoal::routing {

bool RangeLock::acquire(RangeTicket& ticket) {
  CHECK(ticket.begin <= ticket.end, ticket.begin, ticket.end);
  Bucket& bucket = bucket_of(ticket.page);
  ticket.ahead = 0;
  for (const RangeTicket& earlier : bucket) ticket.ahead += ticket.conflicts_with(earlier) ? 1 : 0;
  bucket.push_back(ticket);
  return ticket.ahead == 0;
}

void RangeLock::release(RangeTicket& ticket, std::vector<RangeTicket*>& granted) {
  Bucket& bucket = bucket_of(ticket.page);
  for (auto later = bucket.erase(Bucket::s_iterator_to(ticket)); later != bucket.end(); ++later) {
    if (!later->conflicts_with(ticket)) continue;
    CHECK(later->ahead > 0, later->begin, later->end);
    if (--later->ahead == 0) granted.push_back(&*later);
  }
}

void RangeLock::hand_over(RangeTicket& from, RangeTicket& to) {
  CHECK(from.ahead == 0, from.begin, from.end, from.ahead);
  to.page = from.page;
  to.begin = from.begin;
  to.end = from.end;
  to.exclusive = from.exclusive;
  to.ahead = 0;
  Bucket& bucket = bucket_of(from.page);
  bucket.insert(bucket.erase(Bucket::s_iterator_to(from)), to);
}

}  // namespace shoal::routing

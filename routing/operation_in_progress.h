// OperationInProgress: one operation of a routed volume as a pure machine: its parts, what became of each, and the
// result that is gathered from them in order. At most `window` parts are under way; a part leaves the window when it
// and all before it have ended.
//
// Doubt. A mutation whose link broke may still reach its owner until `settled_at`. An answer from the same member over
// a later link ends the doubt (the old link is closed by then: peer_transport.h, Order); otherwise only time does.
// Until then the operation is not finished, whatever became of its parts.
//
// Rounds. A compare_and_write across pages has each of its pieces twice: first all as parts that are compared and keep
// their range, one after the other in order of pages, so that no two operations wait for each other; when all were
// equal, all as parts that are written, at once. An error of the first round has changed nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "routing/page_map.h"
#include "routing/splitter.h"
#include "target/ports/block_device.h"

namespace shoal::routing {

inline constexpr std::uint64_t kMaxLbaStatusPages = 16;

enum class PartState : std::uint8_t {
  sent,  // an owner has it, or it is on a link
  held,  // waits for its owner
  ended,
};

struct OperationPart {
  std::uint32_t number = 0;  // within the operation: what a repeat is recognised by
  PagePart where;            // flush: empty
  StoreId store;             // flush: whose; otherwise the page map says
  PartState state = PartState::ended;
  MemberId asked;         // where it was sent last
  bool repeated = false;  // it was sent before
  bool waited = false;    // it was held before
  MemberId broke;         // in doubt there; nobody: at several members
  Time settled_at{};      // in doubt until then
  bool doubted = false;   // it was in doubt before, or is
  Slices data;            // of a read that ended ok, until it is gathered
  std::vector<LbaStatus> lba_status;

  bool in_doubt() const { return settled_at != Time{}; }
};

class OperationInProgress {
 public:
  // `owners`: the stores a flush goes to; it lives as long as the operation.
  void begin(Operation operation, Completion<IoResult> done, const Image& image, std::vector<StoreId> owners,
             std::uint32_t window);

  const Operation& operation() const { return operation_; }
  bool active() const { return active_; }
  IoStatus status() const { return result_.status; }
  std::uint64_t parts() const { return parts_; }

  // The next part to send, already in state `sent`. null: all are under way, the window is full, or the operation has
  // failed.
  OperationPart* start_next();
  OperationPart& part(std::uint32_t number) { return window_[number % window_.size()]; }
  template <class Visit>
  void for_each_open_part(Visit&& visit) {  // of the window, in order; visit may end the part
    for (std::uint32_t n = front_; n != next_; ++n) {
      if (n >= front_ && part(n).state != PartState::ended) visit(part(n));
    }
  }
  PageRequest request(const OperationPart& part, const Owner& owner) const;
  bool keeps(const OperationPart& part) const { return part.number < keeping_parts_; }
  // The part is the first one, of several rounds, that may change data.
  bool begins_to_write(const OperationPart& part) const { return part.number > 0 && part.number == keeping_parts_; }
  bool writes_after_compare() const { return keeping_parts_ > 0 && next_ > keeping_parts_; }  // it has begun to
  void keeping_at(MemberId owner);  // it was asked to keep a range
  const std::vector<MemberId>& keepers() const { return keepers_; }
  IoStatus error_of(const OperationPart& part, PageStatus status) const;  // not of ok

  void broke(OperationPart& part, Time settled_at);  // the link that it was sent on
  void answered(OperationPart& part);                // by the member that it was sent to, whatever it said
  void end_ok(OperationPart& part, PageResult result);
  void end(OperationPart& part, IoStatus status, std::uint64_t detail = 0);  // detail: within the part
  void fail(IoStatus status, std::uint64_t detail = 0);  // the first error stays; no further part starts

  bool parts_ended() const { return front_ == next_ && !more(); }
  bool finished(Time now) const { return parts_ended() && now >= settled_at_; }
  // Once, when finished: frees this for the next operation. One that was refused everywhere as stale_reservation gets
  // its data back, to be repeated; where a part may have been applied, `detail` is 1.
  std::pair<Completion<IoResult>, IoResult> finish();

 private:
  bool more() const;
  void cut();
  Slices data_of(const OperationPart& part) const;
  void advance();
  void gather(OperationPart& part);
  void gather_lba_status(OperationPart& part);

  Operation operation_;
  Completion<IoResult> done_;
  bool active_ = false;
  std::uint32_t page_bytes_ = 0;
  ImageId image_;
  std::optional<Splitter> splitter_;  // not of a flush
  std::vector<StoreId> owners_;
  std::vector<OperationPart> window_;  // a ring by number: [front_, next_)
  std::uint32_t front_ = 0, next_ = 0;
  std::uint64_t parts_ = 0, keeping_parts_ = 0;  // all; the first round of several
  std::vector<MemberId> keepers_;
  Time settled_at_{};  // of parts that have left the window
  IoResult result_;
  bool applied_ = false;  // a part of a mutation was, or may have been
  bool gap_ = false;      // lba_status: a part told less than all, so what follows is not adjacent
};

IoStatus to_io_status(PageStatus status);

}  // namespace shoal::routing

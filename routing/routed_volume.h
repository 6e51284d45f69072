// RoutedVolume: the BlockDevice of one image, wherever its pages lie. It cuts an operation by page (and at
// kMaxRequestBytes), asks the local pages or the owner's link for each part, gathers the data in order, and completes
// once, when no part can touch data any more; the first error wins. Nothing is repeated after the answer.
//
// A part whose owner has no link, or whose link broke, is held and sent again, with the same operation id and part,
// when the link returns; at `page_hold` after Origin::issued_at (of a mutation; of anything else, after it came) the
// operation ends with owner_silent. A mutation that was on a link that broke has an unknown outcome: its operation does
// not end before `settle` has passed since the break. By then it has reached its owner or never will (peer_transport.h,
// Order), so what the host does next, through any member, comes after it. Until then the operation is unfinished, so no
// watermark passes its id, and a repeat is answered from the owner's record. A part on a store that nobody serves any
// more ends with data_lost at once.
//
// compare_and_write is atomic at the owner of its page. Across a border it takes two rounds (operation_in_progress.h):
// no other mutation comes between compare and write at any block. What fails in the first round has changed nothing,
// and the ranges that were kept are let go. The second is not aborted once it has begun. In it, a part that cannot be
// written after another one was leaves the range half written: the operation then ends with an error that is not
// `miscompare`. To READs across the border the second round is like any WRITE: not all of it appears at once.
//
// flush goes to every owner of the image: SYNCHRONIZE CACHE covers what other sessions wrote through other members,
// too. lba_status covers at most kMaxLbaStatusPages pages from range.first on.
// abort() with a zero nexus covers the operations that came through this member.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "routing/operation_in_progress.h"
#include "routing/page_map.h"
#include "routing/request_probe.h"
#include "target/ports/block_device.h"

namespace shoal::routing {

class Router;

struct VolumeCounters {
  std::uint64_t operations = 0, failed = 0;            // completed; with another status than ok
  std::uint64_t local_bytes = 0, forwarded_bytes = 0;  // data of reads and writes that completed ok
  std::uint64_t local_parts = 0, forwarded_parts = 0;
  std::uint64_t held = 0, repeated = 0, owner_silent = 0, data_lost = 0, wrong_store = 0;
  std::size_t in_progress = 0, held_now = 0;
};

class RoutedVolume final : public BlockDevice, public std::enable_shared_from_this<RoutedVolume> {
  struct Private {};

 public:
  RoutedVolume(Private, Router& router, PageMap::Snapshot map);  // Router::open()

  std::uint64_t size_blocks() const override;
  void submit(Operation operation, Completion<IoResult> done) override {
    submit_probed(std::move(operation), std::move(done), nullptr);
  }
  void submit_probed(Operation&& operation, Completion<IoResult>&& done, const std::shared_ptr<RequestProbe>& probe);
  void abort(const AbortSelection& selection, Completion<> done) override;

  const PageMap::Snapshot& map() const { return map_; }
  void set_map(PageMap::Snapshot map);  // of the same image
  VolumeCounters counters() const { return counters_; }
  // Stores of the map that are lost, with the reason: for status.
  std::vector<std::pair<StoreId, std::string>> lost_stores() const;

 private:
  friend class Router;
  struct Slot {
    OperationInProgress op;
    std::shared_ptr<RequestProbe> probe;  // null: nobody wants to know
    std::uint32_t index = 0;
    std::uint64_t serial = 0;  // in the order of submission
    bool busy = false;         // its parts are being sent: what completes meanwhile is finished by who sends
  };
  struct AbortWait {
    AbortSelection selection;
    std::uint64_t up_to;  // serial: what was submitted before the abort
    std::size_t remaining;
    Completion<> done;
  };

  Slot& acquire();
  void start_parts(Slot& slot);
  bool may_begin_to_write(const Slot& slot) const;
  void place(Slot& slot, OperationPart& part);
  void send(Slot& slot, OperationPart& part, const Owner& owner, PageEndpoint& endpoint, MemberId member);
  void hold(Slot& slot, OperationPart& part);
  void on_result(std::uint32_t slot, std::uint32_t part, PageResult result);
  void take(Slot& slot, OperationPart& part, PageResult result);
  bool review(Time now);  // everything that waits; true: something still does
  void review(Slot& slot);
  void release_held(Slot& slot, OperationPart& part);
  bool past(const Slot& slot, Duration age) const;
  void finish_if_done(Slot& slot);
  void count_aborts(const Origin& origin, std::uint64_t serial);
  std::vector<Slot*> selected(const AbortSelection& selection);
  void hasten(const std::vector<Slot*>& slots, const AbortSelection& selection);
  void let_go(const std::vector<MemberId>& keepers, const Origin& origin);
  void tell_abort(MemberId member, const AbortSelection& selection);
  void close();  // the router goes: nothing is answered any more

  Router* router_;  // null: closed
  PageMap::Snapshot map_;
  std::vector<StoreId> owners_;  // stores that have pages
  std::deque<Slot> slots_;       // addresses stay; a free one is used again
  std::vector<std::uint32_t> free_;
  std::uint64_t last_serial_ = 0;
  std::vector<AbortWait> aborts_;
  std::shared_ptr<RoutedVolume> keep_;  // while an operation is in progress
  VolumeCounters counters_;
};

}  // namespace shoal::routing

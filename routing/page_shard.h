// PageShard: the pages of one hash class of a PageService, with everything that is known about them. Shares nothing
// with other shards but the stores.
//
// A request is checked (map, store, epoch, session fence), takes its range, runs in the store, is remembered and
// answered. The first round of a COMPARE AND WRITE across pages is answered and keeps its range (kept_ranges.h), until
// the second round takes it over, or its operation is aborted, fenced or over, or the image is closed, or time is up.
#pragma once

#include <cstdint>
#include <functional>
#include <list>
#include <map>
#include <memory>
#include <vector>

#include "routing/kept_ranges.h"
#include "routing/page_map.h"
#include "routing/page_service_limits.h"
#include "routing/page_store.h"
#include "routing/page_task.h"
#include "routing/range_lock.h"
#include "routing/session_fence.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class PageShard {
 public:
  using Stores = std::vector<std::unique_ptr<PageStore>>;

  // The stores outlive the shard's requests.
  PageShard(Runtime& runtime, const Stores& stores, const PageServiceLimits& limits);
  PageShard(const PageShard&) = delete;

  void set_map(PageMap::Snapshot map);
  void submit(PageRequest request, Asker asker, Completion<PageResult> done);
  // Refuses older generations, cancels those that wait, and completes when none runs. False: too many nexuses.
  void fence(const Fence& fence, Completion<bool> done);
  // Refuses what older reservation generations allowed, of an image that has a map here.
  void raise_reservation(ImageId image, std::uint64_t generation);
  void abort(ImageId image, const AbortSelection& selection, Completion<> done);
  // Completes when the mutations of that image that were submitted before have ended.
  void drain(ImageId image, Completion<> done);
  // Refuses the image, cancels what waits, and completes when nothing of it runs. Then forget() it.
  void close(ImageId image, Completion<> done);
  void forget(ImageId image) { images_.erase(image); }
  const PageCounters& counters() const { return counters_; }

 private:
  struct Image {
    explicit Image(FenceLimits limits) : fence(limits) {}
    PageMap::Snapshot map;  // null: only fenced so far
    bool closed = false;
    SessionFence fence;
  };
  // What is told of a task when it is over.
  struct Ended {
    ImageId image;
    bool changed_data;  // or may have
    std::uint64_t serial;
    Origin origin;
  };
  using Selects = std::function<bool(const Ended&)>;
  struct Barrier {
    Selects selects;
    std::uint64_t up_to;    // serial
    std::size_t remaining;  // tasks that it waits for
    Completion<> done;
  };

  Image& image(ImageId id);
  PageStore* placed_on(const PageRequest& request, const Image& image) const;
  PageStore* find_store(const StoreId& id) const;
  void refuse(const SessionFence::Admission& admission, Completion<PageResult> done);
  void enqueue(PageTask& task);
  void wait_for_mutations(PageTask& flush);
  void take_over(PageTask& task);

  void start(PageTask& task);
  void release_range(PageTask& task);
  void start_granted();
  void read(PageTask& task);
  void write(PageTask& task, RecordKind kind, Slices data);
  void compare_and_write(PageTask& task);
  void on_compared(PageTask& task, const Slices& found);
  void write_compared(PageTask& task);
  void lba_status(PageTask& task);
  void flush(PageTask& task);
  void keep_range(PageTask& task);
  void let_go(PageTask& keeper);
  void let_go_finished(ImageId image, const Origin& origin);
  void let_go_expired();
  void watch_kept();
  void end(PageTask& task, PageResult result);
  void remember(const PageRequest& request, const PageResult& result);
  static void answer(Completion<PageResult> done, std::vector<Completion<PageResult>> joined, PageResult result);
  void count(const PageTask& task, PageStatus status);

  void cancel(const Selects& selects, PageStatus status);
  bool is_awaited(const Ended& task) const;
  void when_ended(Selects selects, std::uint64_t up_to, Completion<> done);
  std::vector<Completion<>> passed_barriers(const Ended& ended);
  static Ended description_of(const PageTask& task);

  Runtime& runtime_;
  const Stores& stores_;
  FenceLimits fence_limits_;
  std::map<ImageId, Image> images_;
  PageTaskPool tasks_;
  RangeLock locks_;
  std::vector<RangeTicket*> granted_;  // of tasks that are started next
  bool starting_ = false;
  KeptRanges kept_;               // of the tasks that are keeping, and no others
  std::unique_ptr<Timer> timer_;  // while any are kept
  std::list<Barrier> barriers_;
  std::uint64_t next_seq_ = 1;
  PageCounters counters_;
};

}  // namespace shoal::routing

// PageService: the owner's side of a page. Checks that the asker means this store and this epoch, refuses ghosts
// (session_fence.h), takes the range lock, and asks the store. Each page's state belongs to one shard by its hash
// (page_shard.h); with several shards requests are handed over in batches, with one it is a direct call, and on a
// memory store it completes inline.
//
// The caller guarantees: payload sizes agree with length; set_map() before the image's first request, and describe()
// before set_map(). Guarantees: a 4 KiB block is never torn; a fence or an abort completes only when nothing that it
// selects can touch data here any more. A request with a zero nexus is our own (tools, import): it is neither fenced
// nor recognised when repeated. Leaves out: finding the owner (Router), copies, and rule (d) of ghost writes (age).
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "routing/image_notes.h"
#include "routing/page.h"
#include "routing/page_map.h"
#include "routing/page_service_limits.h"
#include "routing/page_shard.h"
#include "routing/page_store.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class PageService final : public PageEndpoint {
 public:
  PageService(Runtime& runtime, std::size_t shards, std::vector<std::unique_ptr<PageStore>> stores,
              PageServiceLimits limits, Log log);
  ~PageService() override;  // requests in flight are not answered any more
  PageService(const PageService&) = delete;

  void submit(PageRequest request, Completion<PageResult> done) override;  // of this member's own sessions
  PageEndpoint& for_peers();                                               // the same, counted as a peer's

  // Leaves word of the image in the stores here that it is placed on: completes, perhaps at once, when each that is in
  // service has the text (at most kMaxImageNoteBytes) or a later one; never where stop_describing() comes before.
  void describe(const Image& image, std::string text, Completion<> done);
  void stop_describing(ImageId image);
  // The image exists, and this is its map now. Requests for images and pages it does not place here are wrong_store.
  void set_map(PageMap::Snapshot map);
  // Refuses the image from now on, waits for what runs, and drops it from every store (also one that no map was set
  // for).
  void drop_image(ImageId image, Completion<> done);

  // Refuses generations below. Completes with ok when that is durable in every store in service and nothing older runs.
  void fence(const Fence& fence, Completion<PageStatus> done);
  // Refuses, of requests submitted after this call, what older reservation generations allowed.
  void raise_reservation(ImageId image, std::uint64_t generation);
  // Cancels what is queued and waits for what runs, of requests submitted before this call.
  void abort(ImageId image, const AbortSelection& selection, Completion<> done);

  PageStore* store(const StoreId& id) const;  // null: not one of ours
  const std::vector<std::unique_ptr<PageStore>>& stores() const;
  PageCounters counters() const;

 private:
  class PeerEndpoint;
  using Task = UniqueFunction<void(PageShard&)>;
  // A shard and what is on its way to it, in order.
  struct Lane {
    Lane(Runtime& runtime, const PageShard::Stores& stores, const PageServiceLimits& limits)
        : shard(runtime, stores, limits) {}
    void run_all();
    PageShard shard;
    std::vector<Task> inbox;
  };

  void submit(PageRequest request, Asker asker, Completion<PageResult> done);
  void submit_flush(PageRequest request, Asker asker, Completion<PageResult> done);
  void fence_stores(const Fence& fence, Completion<PageStatus> done);
  void drop_from_stores(ImageId image, Completion<> done);
  std::size_t lane_of(const PageId& page) const { return std::hash<PageId>{}(page) % lanes_.size(); }
  void hand(std::size_t lane, Task task);
  template <class Ask>
  void ask_all(const Ask& ask, Completion<> done);

  Runtime& runtime_;
  Log log_;
  std::unique_ptr<PeerEndpoint> peers_;
  std::vector<std::shared_ptr<Lane>> lanes_;
  ImageNotes notes_;
  PageShard::Stores stores_;  // last: destroyed first, so that no completion finds its shard gone
};

}  // namespace shoal::routing

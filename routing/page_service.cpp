#include "routing/page_service.h"

#include <utility>

#include "target/base/check.h"

namespace shoal::routing {
namespace {

// Calls `done` when as many answers as were announced have come: with the last status that was not ok.
class Gathering {
 public:
  Gathering(std::size_t expected, Completion<PageStatus> done) : remaining_(expected), done_(std::move(done)) {}
  void arrived(PageStatus status = PageStatus::ok) {
    CHECK(remaining_ > 0);
    if (status != PageStatus::ok) status_ = status;
    if (--remaining_ == 0) done_(status_);
  }

 private:
  std::size_t remaining_;
  PageStatus status_ = PageStatus::ok;
  Completion<PageStatus> done_;
};

// A store out of service applies nothing any more, so it needs no fence.
PageStatus status_of_fence(StoreError error) {
  switch (error) {
    case StoreError::no_space: return PageStatus::no_space;
    case StoreError::no_resources: return PageStatus::failed;
    default: return PageStatus::ok;
  }
}

}  // namespace

class PageService::PeerEndpoint final : public PageEndpoint {
 public:
  explicit PeerEndpoint(PageService& service) : service_(service) {}
  void submit(PageRequest request, Completion<PageResult> done) override {
    service_.submit(std::move(request), Asker::peer, std::move(done));
  }

 private:
  PageService& service_;
};

PageCounters& PageCounters::operator+=(const PageCounters& other) {
  for (auto counter :
       {&PageCounters::reads, &PageCounters::writes, &PageCounters::read_bytes, &PageCounters::written_bytes,
        &PageCounters::local_bytes, &PageCounters::peer_bytes, &PageCounters::peer_requests, &PageCounters::flushes,
        &PageCounters::fenced, &PageCounters::ghosts, &PageCounters::repeated, &PageCounters::wrong_store,
        &PageCounters::errors, &PageCounters::waited, &PageCounters::kept_ranges, &PageCounters::expired_ranges}) {
    this->*counter += other.*counter;
  }
  return *this;
}

PageService::PageService(Runtime& runtime, std::size_t shards, std::vector<std::unique_ptr<PageStore>> stores,
                         PageServiceLimits limits, Log log)
    : runtime_(runtime),
      log_(std::move(log)),
      peers_(std::make_unique<PeerEndpoint>(*this)),
      notes_(runtime, log_),
      stores_(std::move(stores)) {
  CHECK(shards > 0);
  for (std::size_t i = 0; i < shards; ++i) lanes_.push_back(std::make_shared<Lane>(runtime_, stores_, limits));
}

PageService::~PageService() = default;

// ---- lanes ------------------------------------------------------------------------------------------------------

void PageService::Lane::run_all() {
  for (Task& task : std::exchange(inbox, {})) task(shard);
}

void PageService::hand(std::size_t index, Task task) {
  const auto& lane = lanes_[index];
  if (lanes_.size() == 1) return task(lane->shard);
  lane->inbox.push_back(std::move(task));
  if (lane->inbox.size() > 1) return;
  runtime_.post([weak = std::weak_ptr<Lane>(lane)] {
    if (const auto lane = weak.lock()) lane->run_all();
  });
}

// ask(shard, answered) of every shard; `done` when all have answered.
template <class Ask>
void PageService::ask_all(const Ask& ask, Completion<> done) {
  auto all = std::make_shared<Gathering>(lanes_.size(), [done = std::move(done)](PageStatus) mutable { done(); });
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    hand(i, [ask, all](PageShard& shard) { ask(shard, [all] { all->arrived(); }); });
  }
}

// ---- requests ---------------------------------------------------------------------------------------------------

void PageService::submit(PageRequest request, Completion<PageResult> done) {
  submit(std::move(request), Asker::session, std::move(done));
}

PageEndpoint& PageService::for_peers() { return *peers_; }

void PageService::submit(PageRequest request, Asker asker, Completion<PageResult> done) {
  if (lanes_.size() == 1) return lanes_[0]->shard.submit(std::move(request), asker, std::move(done));
  if (request.kind == OperationKind::flush) return submit_flush(std::move(request), asker, std::move(done));
  const std::size_t lane = lane_of(request.page);
  hand(lane, [request = std::move(request), asker, done = std::move(done)](PageShard& shard) mutable {
    shard.submit(std::move(request), asker, std::move(done));
  });
}

// The shard that has page 0 flushes, when the mutations of every shard have ended.
void PageService::submit_flush(PageRequest request, Asker asker, Completion<PageResult> done) {
  const ImageId image = request.page.image;
  ask_all([image](PageShard& shard, Completion<> drained) { shard.drain(image, std::move(drained)); },
          [this, image, request = std::move(request), asker, done = std::move(done)]() mutable {
            hand(lane_of({image, {}}),
                 [request = std::move(request), asker, done = std::move(done)](PageShard& shard) mutable {
                   shard.submit(std::move(request), asker, std::move(done));
                 });
          });
}

// ---- images -----------------------------------------------------------------------------------------------------

void PageService::describe(const Image& image, std::string text, Completion<> done) {
  std::vector<PageStore*> placed_on;
  for (const StoreId& id : image.placement.stores) {
    if (PageStore* const ours = store(id)) placed_on.push_back(ours);
  }
  notes_.keep(image.id, placed_on, {image.page_bytes, std::move(text)}, std::move(done));
}

void PageService::stop_describing(ImageId image) {
  notes_.forget(image, [] {});
}

void PageService::set_map(PageMap::Snapshot map) {
  for (const auto& lane : lanes_) lane->shard.set_map(map);
}

void PageService::drop_image(ImageId image, Completion<> done) {
  notes_.forget(image, [this, image, done = std::move(done)]() mutable {
    ask_all([image](PageShard& shard, Completion<> closed) { shard.close(image, std::move(closed)); },
            [this, image, done = std::move(done)]() mutable { drop_from_stores(image, std::move(done)); });
  });
}

void PageService::drop_from_stores(ImageId image, Completion<> done) {
  auto forget = [this, image, done = std::move(done)](PageStatus) mutable {
    for (const auto& lane : lanes_) lane->shard.forget(image);
    done();
  };
  auto all = std::make_shared<Gathering>(stores_.size() + 1, std::move(forget));
  for (const auto& store : stores_) {
    store->drop_image(image, [this, image, all](Result<void, StoreError> result) {
      if (!result) log_.warn("image_not_dropped image={} error={}", image, quoted(to_string(result.error())));
      all->arrived();
    });
  }
  all->arrived();
}

// ---- fences and aborts ------------------------------------------------------------------------------------------

void PageService::fence(const Fence& fence, Completion<PageStatus> done) {
  auto all = std::make_shared<Gathering>(lanes_.size() + 1, std::move(done));
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    hand(i, [fence, all](PageShard& shard) {
      shard.fence(fence, [all](bool known) { all->arrived(known ? PageStatus::ok : PageStatus::failed); });
    });
  }
  fence_stores(fence, [all](PageStatus status) { all->arrived(status); });
}

void PageService::fence_stores(const Fence& fence, Completion<PageStatus> done) {
  auto all = std::make_shared<Gathering>(stores_.size() + 1, std::move(done));
  for (const auto& store : stores_) {
    store->fence(fence, Durability::durable, [all](Result<void, StoreError> result) {
      all->arrived(result ? PageStatus::ok : status_of_fence(result.error()));
    });
  }
  all->arrived();
}

void PageService::raise_reservation(ImageId image, std::uint64_t generation) {
  for (std::size_t i = 0; i < lanes_.size(); ++i) {
    hand(i, [image, generation](PageShard& shard) { shard.raise_reservation(image, generation); });
  }
}

void PageService::abort(ImageId image, const AbortSelection& selection, Completion<> done) {
  ask_all([image, selection](PageShard& shard, Completion<> ended) { shard.abort(image, selection, std::move(ended)); },
          std::move(done));
}

// ---- questions --------------------------------------------------------------------------------------------------

PageStore* PageService::store(const StoreId& id) const {
  for (const auto& store : stores_) {
    if (store->id() == id) return store.get();
  }
  return nullptr;
}

const std::vector<std::unique_ptr<PageStore>>& PageService::stores() const { return stores_; }

PageCounters PageService::counters() const {
  PageCounters sum;
  for (const auto& lane : lanes_) sum += lane->shard.counters();
  return sum;
}

}  // namespace shoal::routing

#include "routing/page_shard.h"

#include <algorithm>
#include <tuple>
#include <utility>

#include "target/base/check.h"

namespace shoal::routing {
namespace {

constexpr Duration kKeptReview = 1s;

PageStatus to_status(StoreError error) {
  switch (error) {
    case StoreError::no_space: return PageStatus::no_space;
    case StoreError::medium_error: return PageStatus::medium_error;
    case StoreError::out_of_service:
    case StoreError::no_resources: return PageStatus::failed;
    case StoreError::stale: return PageStatus::wrong_store;
  }
  return PageStatus::failed;
}

PageResult to_result(const Result<void, StoreError>& result) {
  return {.status = result ? PageStatus::ok : to_status(result.error())};
}

bool inside(const PageRequest& request, const PageMap& map) {
  return request.page.index.value < map.page_count() &&
         std::uint64_t{request.offset} + request.length <= map.page_length(request.page.index);
}

// A store rewrites blocks as a whole: who changes one half of a block waits for who changes the other.
std::pair<std::uint32_t, std::uint32_t> whole_blocks(const PageRequest& request) {
  const std::uint32_t end = request.offset + request.length;
  return {request.offset / kPhysicalBlockBytes * kPhysicalBlockBytes,
          (end + kPhysicalBlockBytes - 1) / kPhysicalBlockBytes * kPhysicalBlockBytes};
}

}  // namespace

PageShard::PageShard(Runtime& runtime, const Stores& stores, const PageServiceLimits& limits)
    : runtime_(runtime),
      stores_(stores),
      fence_limits_{limits.nexuses, limits.remembered_mutations},
      kept_(limits.kept_ranges) {
  for (const auto& store : stores_) {
    next_seq_ = std::max(next_seq_, store->first_seq());
    for (const Fence& known : store->fences()) {
      image(known.image).fence.raise(known.nexus, known.generation, runtime_.now());
    }
  }
}

PageShard::Image& PageShard::image(ImageId id) { return images_.try_emplace(id, fence_limits_).first->second; }

void PageShard::set_map(PageMap::Snapshot map) {
  const ImageId id = map->image().id;
  image(id).map = std::move(map);
}

// ---- admission --------------------------------------------------------------------------------------------------

PageStore* PageShard::find_store(const StoreId& id) const {
  const auto found = std::ranges::find_if(stores_, [&id](const auto& store) { return store->id() == id; });
  return found == stores_.end() ? nullptr : found->get();
}

// null: not the store, epoch or image that was meant.
PageStore* PageShard::placed_on(const PageRequest& request, const Image& image) const {
  if (!image.map || image.closed) return nullptr;
  if (request.kind == OperationKind::flush) return find_store(request.store);
  if (!inside(request, *image.map)) return nullptr;
  if (image.map->owner(request.page.index) != Owner{request.store, request.epoch}) return nullptr;
  return find_store(request.store);
}

void PageShard::submit(PageRequest request, Asker asker, Completion<PageResult> done) {
  if (!kept_.empty()) let_go_finished(request.page.image, request.origin);
  const auto image = images_.find(request.page.image);
  PageStore* const store = image == images_.end() ? nullptr : placed_on(request, image->second);
  if (!store) {
    ++counters_.wrong_store;
    return done({.status = PageStatus::wrong_store});
  }
  const bool keeps = may_change_data(request) && !kept_.empty() && kept_.contains(request);
  const auto admission = image->second.fence.admit(request, tasks_.next_index(), runtime_.now(), keeps);
  if (admission.verdict != SessionFence::Verdict::proceed) return refuse(admission, std::move(done));
  PageTask& task = tasks_.take();
  task.asker = asker;
  task.store = store;
  task.durable = request.fua || image->second.map->image().durability == DurabilityPolicy::sync;
  task.request = std::move(request);
  task.done = std::move(done);
  keeps ? take_over(task) : enqueue(task);
}

// Nobody comes between what was compared and the write.
void PageShard::take_over(PageTask& task) {
  PageTask& keeper = tasks_[kept_.take(task.request)];
  task.state = PageTask::State::waiting;
  task.compared = true;
  locks_.hand_over(keeper, task);
  tasks_.give_back(keeper);
  start(task);
}

void PageShard::refuse(const SessionFence::Admission& admission, Completion<PageResult> done) {
  using Verdict = SessionFence::Verdict;
  switch (admission.verdict) {
    case Verdict::join: ++counters_.repeated; return tasks_[admission.task].joined.push_back(std::move(done));
    case Verdict::repeat:
      ++counters_.repeated;
      return done({.status = admission.answer.status, .detail = admission.answer.detail});
    case Verdict::fenced: ++counters_.fenced; return done({.status = PageStatus::fenced});
    case Verdict::ghost: ++counters_.ghosts; return done({.status = PageStatus::ghost});
    case Verdict::stale_reservation: return done({.status = PageStatus::stale_reservation});
    default: ++counters_.errors; return done({.status = PageStatus::failed});
  }
}

void PageShard::enqueue(PageTask& task) {
  task.state = PageTask::State::waiting;
  if (task.request.kind == OperationKind::flush) return wait_for_mutations(task);
  task.page = task.request.page;
  std::tie(task.begin, task.end) = whole_blocks(task.request);
  task.exclusive = is_mutation(task.request.kind);
  if (locks_.acquire(task)) return start(task);
  ++counters_.waited;
}

void PageShard::wait_for_mutations(PageTask& flush) {
  drain(flush.request.page.image, [this, &flush, serial = flush.serial] {
    if (flush.serial == serial && flush.state == PageTask::State::waiting) start(flush);  // else it was cancelled
  });
}

// ---- work -------------------------------------------------------------------------------------------------------

void PageShard::start(PageTask& task) {
  CHECK(task.state == PageTask::State::waiting || task.state == PageTask::State::granted, task.index);
  task.state = PageTask::State::running;
  switch (task.request.kind) {
    case OperationKind::read: return read(task);
    case OperationKind::write: return write(task, RecordKind::data, std::move(task.request.data));
    case OperationKind::zero: return write(task, RecordKind::zero, {});
    case OperationKind::unmap: return write(task, RecordKind::unmap, {});
    case OperationKind::compare_and_write: return task.compared ? write_compared(task) : compare_and_write(task);
    case OperationKind::lba_status: return lba_status(task);
    case OperationKind::flush: return flush(task);
  }
}

// From here on nobody cancels those that hold theirs now: whoever is told of the end before they start may try.
void PageShard::release_range(PageTask& task) {
  const std::size_t known = granted_.size();
  locks_.release(task, granted_);
  for (std::size_t i = known; i < granted_.size(); ++i) {
    static_cast<PageTask&>(*granted_[i]).state = PageTask::State::granted;
  }
}

// One by one, however deep the calls that granted them: what completes inline may grant the next.
void PageShard::start_granted() {
  if (std::exchange(starting_, true)) return;
  for (std::size_t i = 0; i < granted_.size(); ++i) start(static_cast<PageTask&>(*granted_[i]));
  granted_.clear();
  starting_ = false;
}

void PageShard::read(PageTask& task) {
  const PageRequest& request = task.request;
  task.store->read(request.page, request.offset, request.length, [this, &task](Result<ReadAnswer, StoreError> answer) {
    if (!answer) return end(task, {.status = to_status(answer.error())});
    end(task, {.data = std::move(answer->data)});
  });
}

void PageShard::write(PageTask& task, RecordKind kind, Slices data) {
  const PageRequest& request = task.request;
  std::vector<PageRecord> batch;
  batch.push_back({.kind = kind,
                   .page = request.page,
                   .offset = request.offset,
                   .length = request.length,
                   .version = {request.epoch, next_seq_++},
                   .origin = request.origin,
                   .part = request.part,
                   .data = std::move(data)});
  task.store->apply(std::move(batch), task.durable ? Durability::durable : Durability::applied,
                    [this, &task](Result<void, StoreError> result) { end(task, to_result(result)); });
}

// The range lock is exclusive, so nothing comes between the read and the write.
void PageShard::compare_and_write(PageTask& task) {
  const PageRequest& request = task.request;
  task.store->read(request.page, request.offset, request.length, [this, &task](Result<ReadAnswer, StoreError> answer) {
    if (!answer) return end(task, {.status = to_status(answer.error())});
    on_compared(task, answer->data);
  });
}

void PageShard::on_compared(PageTask& task, const Slices& found) {
  const Slices expected = sub_slices(task.request.data, 0, task.request.length);
  if (const auto difference = first_difference(expected, found)) {
    return end(task, {.status = PageStatus::miscompare, .detail = *difference});
  }
  task.request.keep ? keep_range(task) : write_compared(task);
}

void PageShard::write_compared(PageTask& task) {
  const std::uint32_t length = task.request.length;
  write(task, RecordKind::data, sub_slices(task.request.data, length, length));
}

void PageShard::lba_status(PageTask& task) {
  using Allocation = Result<std::vector<AllocationRange>, StoreError>;
  const PageRequest& request = task.request;
  task.store->allocation(request.page, request.offset, request.length, [this, &task](Allocation allocation) {
    if (!allocation) return end(task, {.status = to_status(allocation.error())});
    PageResult result;
    for (const AllocationRange& range : *allocation) {
      result.lba_status.push_back({{Lba{range.offset / kBlockBytes}, range.length / kBlockBytes}, range.mapped});
    }
    end(task, std::move(result));
  });
}

// What came before it has ended, and was durable then if all that is changed is.
void PageShard::flush(PageTask& task) {
  if (task.durable) return end(task, {});
  task.store->sync([this, &task](Result<void, StoreError> result) { end(task, to_result(result)); });
}

// ---- ranges that are kept ---------------------------------------------------------------------------------------

// The request is over, its range stays locked. What somebody waits for the end of (abort, fence, close) keeps nothing.
void PageShard::keep_range(PageTask& task) {
  if (is_awaited(description_of(task))) return end(task, {.status = PageStatus::aborted});
  if (!kept_.add(task.request, task.index, runtime_.now())) return end(task, {.status = PageStatus::failed});
  ++counters_.kept_ranges;
  task.state = PageTask::State::keeping;
  task.request.data.clear();
  watch_kept();
  remember(task.request, {});
  answer(std::move(task.done), std::exchange(task.joined, {}), {});
}

void PageShard::let_go(PageTask& keeper) {
  CHECK(keeper.state == PageTask::State::keeping, keeper.index);
  kept_.take(keeper.request);
  release_range(keeper);
  tasks_.give_back(keeper);
  if (!granted_.empty()) start_granted();
}

// One by one: whoever is granted a range may end others of these.
void PageShard::let_go_finished(ImageId image, const Origin& origin) {
  while (const auto keeper = kept_.finished(image, origin)) let_go(tasks_[*keeper]);
}

void PageShard::let_go_expired() {
  while (const auto keeper = kept_.expired(runtime_.now())) {
    ++counters_.expired_ranges;
    let_go(tasks_[*keeper]);
  }
}

void PageShard::watch_kept() {
  if (timer_) return;
  timer_ = runtime_.after(kKeptReview, [this] {
    timer_.reset();
    let_go_expired();
    if (!kept_.empty()) watch_kept();
  });
}

// ---- the end ----------------------------------------------------------------------------------------------------

void PageShard::end(PageTask& task, PageResult result) {
  const Ended ended = description_of(task);
  count(task, result.status);
  if (is_mutation(task.request.kind)) remember(task.request, result);
  if (task.is_linked()) release_range(task);
  Completion<PageResult> done = std::move(task.done);
  auto joined = std::exchange(task.joined, {});
  task.request.data.clear();
  tasks_.give_back(task);
  auto passed = passed_barriers(ended);  // before anybody is told, who may set up another
  answer(std::move(done), std::move(joined), std::move(result));
  for (auto& barrier : passed) barrier();
  if (!granted_.empty()) start_granted();
}

void PageShard::remember(const PageRequest& request, const PageResult& result) {
  const auto known = images_.find(request.page.image);
  if (known != images_.end()) known->second.fence.record(request, {result.status, result.detail});
}

void PageShard::answer(Completion<PageResult> done, std::vector<Completion<PageResult>> joined, PageResult result) {
  for (auto& repeat : joined) repeat({.status = result.status, .detail = result.detail});
  done(std::move(result));
}

void PageShard::count(const PageTask& task, PageStatus status) {
  if (status == PageStatus::medium_error || status == PageStatus::no_space || status == PageStatus::failed) {
    ++counters_.errors;
  }
  if (status != PageStatus::ok) return;
  const bool mutation = is_mutation(task.request.kind);
  if (task.request.kind == OperationKind::flush) ++counters_.flushes;
  if (task.request.kind != OperationKind::read && !mutation) return;
  ++(mutation ? counters_.writes : counters_.reads);
  (mutation ? counters_.written_bytes : counters_.read_bytes) += task.request.length;
  (task.asker == Asker::session ? counters_.local_bytes : counters_.peer_bytes) += task.request.length;
  if (task.asker == Asker::peer) ++counters_.peer_requests;
}

PageShard::Ended PageShard::description_of(const PageTask& task) {
  return {task.request.page.image, may_change_data(task.request), task.serial, task.request.origin};
}

// ---- fences, aborts, barriers -----------------------------------------------------------------------------------

void PageShard::fence(const Fence& fence, Completion<bool> done) {
  const std::uint64_t up_to = tasks_.last_serial();
  if (!image(fence.image).fence.raise(fence.nexus, fence.generation, runtime_.now())) return done(false);
  const Selects older = [fence](const Ended& task) {
    return task.image == fence.image && task.origin.nexus == fence.nexus && task.origin.generation < fence.generation;
  };
  cancel(older, PageStatus::fenced);
  when_ended(older, up_to, [done = std::move(done)]() mutable { done(true); });
}

void PageShard::raise_reservation(ImageId id, std::uint64_t generation) {
  const auto found = images_.find(id);
  if (found != images_.end()) found->second.fence.raise_reservation(generation);
}

void PageShard::abort(ImageId image, const AbortSelection& selection, Completion<> done) {
  const std::uint64_t up_to = tasks_.last_serial();
  const Selects selected = [image, selection](const Ended& task) {
    return task.image == image && selects(selection, task.origin);
  };
  cancel(selected, PageStatus::aborted);
  when_ended(selected, up_to, std::move(done));
}

void PageShard::drain(ImageId image, Completion<> done) {
  when_ended([image](const Ended& task) { return task.image == image && task.changed_data; }, tasks_.last_serial(),
             std::move(done));
}

void PageShard::close(ImageId id, Completion<> done) {
  image(id).closed = true;
  const Selects of_image = [id](const Ended& task) { return task.image == id; };
  cancel(of_image, PageStatus::wrong_store);
  when_ended(of_image, tasks_.last_serial(), std::move(done));
}

// Those that wait, and those that keep a range. Whoever is told may submit more, and may end others of those that were
// chosen.
void PageShard::cancel(const Selects& selects, PageStatus status) {
  using State = PageTask::State;
  std::vector<std::pair<PageTask*, std::uint64_t>> chosen;
  tasks_.for_each([&](PageTask& task) {
    const bool idle = task.state == State::waiting || task.state == State::keeping;
    if (idle && selects(description_of(task))) chosen.emplace_back(&task, task.serial);
  });
  for (const auto& [task, serial] : chosen) {
    if (task->serial != serial) continue;
    if (task->state == State::keeping) {
      let_go(*task);
    } else if (task->state == State::waiting) {
      end(*task, {.status = status});
    }
  }
}

void PageShard::when_ended(Selects selects, std::uint64_t up_to, Completion<> done) {
  std::size_t running = 0;
  tasks_.for_each([&](const PageTask& task) { running += task.serial <= up_to && selects(description_of(task)); });
  if (running == 0) return done();
  barriers_.push_back({std::move(selects), up_to, running, std::move(done)});
}

bool PageShard::is_awaited(const Ended& task) const {
  return std::ranges::any_of(
      barriers_, [&task](const Barrier& barrier) { return task.serial <= barrier.up_to && barrier.selects(task); });
}

std::vector<Completion<>> PageShard::passed_barriers(const Ended& ended) {
  std::vector<Completion<>> passed;
  barriers_.remove_if([&](Barrier& barrier) {
    if (ended.serial > barrier.up_to || !barrier.selects(ended) || --barrier.remaining > 0) return false;
    passed.push_back(std::move(barrier.done));
    return true;
  });
  return passed;
}

}  // namespace shoal::routing

#include "routing/scrubber.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shoal::routing {
namespace {

constexpr std::size_t kPagesAtOnce = 64;   // that are listed
constexpr Duration kMeasureEvery = 500ms;  // what hosts move
constexpr Duration kShortWait = 2ms;       // less is not waited for: it is caught up with

std::uint64_t moved(const PageCounters& counters) { return counters.read_bytes + counters.written_bytes; }

std::uint64_t allocated(const PageStore& store) {
  std::uint64_t bytes = 0;
  for (const ImageId image : store.images()) bytes += store.image_bytes(image);
  return bytes;
}

}  // namespace

const char* to_string(ScrubState state) {
  switch (state) {
    case ScrubState::idle: return "idle";
    case ScrubState::running: return "running";
    case ScrubState::paused: return "paused";
  }
  return "unknown";
}

Scrubber::Scrubber(Runtime& runtime, PageService& pages, PageStore& store, MapOf map_of, ScrubSettings settings,
                   Log log)
    : runtime_(runtime),
      pages_(pages),
      store_(store),
      map_of_(std::move(map_of)),
      settings_(settings),
      log_(std::move(log)) {}

template <class Task>
auto Scrubber::of_this_run(Task task) {
  return [weak = weak_from_this(), run = run_, task](auto&&... arguments) {
    const auto self = weak.lock();
    if (self && self->run_ == run) task(*self, std::forward<decltype(arguments)>(arguments)...);
  };
}

void Scrubber::wait(Duration first) {
  if (settings_.interval == Duration{}) return;
  timer_ = runtime_.after(first, [this] { start(); });
}

void Scrubber::start() {
  tell_of_damage();
  ++run_;
  timer_.reset();
  status_.state = ScrubState::running;
  status_.read_bytes = status_.unread_bytes = status_.damaged_blocks = 0;
  status_.damaged.clear();
  status_.most_bytes = allocated(store_);
  status_.began = due_ = measured_at_ = runtime_.now();
  measured_ = moved(pages_.counters());
  own_ = hosts_rate_ = 0;
  images_ = store_.images();
  std::reverse(images_.begin(), images_.end());
  next_page_ = {};
  parts_.clear();
  under_way_ = due_soon_ = false;
  log_.info("scrub_began store={} bytes={}", store_.id(), status_.most_bytes);
  go_on();
}

void Scrubber::pause() {
  if (status_.state == ScrubState::running) status_.state = ScrubState::paused;
}

void Scrubber::resume() {
  if (status_.state != ScrubState::paused) return;
  status_.state = ScrubState::running;
  if (!due_soon_) go_on();
}

// One thing at a time, each from the loop: what completes inside its call must not nest.
void Scrubber::go_on() {
  if (status_.state != ScrubState::running || under_way_) return;
  if (!store_.state().in_service) return give_up();
  if (parts_.empty()) return images_.empty() ? end() : next_image();
  const Part part = parts_.back();
  parts_.pop_back();
  part.allocated ? read(part) : look_at(part);
}

// The next pages of the present image. Those that cannot be listed are all looked at, one by one.
void Scrubber::next_image() {
  under_way_ = true;
  const ImageId image = images_.back();
  store_.list(image, next_page_, kPagesAtOnce,
              of_this_run([image](Scrubber& self, const Result<std::vector<StoredPage>, StoreError>& listed) {
                self.under_way_ = false;
                const std::vector<StoredPage> pages = listed ? *listed : self.next_by_map(image);
                if (pages.empty()) {
                  self.images_.pop_back();
                  self.next_page_ = {};
                } else {
                  self.next_page_ = {pages.back().index.value + 1};
                  self.take_pages(image, pages);
                }
                self.pay(0);
              }));
}

std::vector<StoredPage> Scrubber::next_by_map(ImageId image) const {
  std::vector<StoredPage> pages;
  const auto map = map_of_(image);
  for (PageIndex page = next_page_; map && page.value < map->page_count() && pages.size() < kPagesAtOnce;
       ++page.value) {
    pages.push_back({page});
  }
  return pages;
}

// An image without a map is passed over.
void Scrubber::take_pages(ImageId image, const std::vector<StoredPage>& pages) {
  const auto map = map_of_(image);
  if (!map) return;
  for (const StoredPage& page : pages) {
    if (page.index.value >= map->page_count()) continue;
    const Owner owner = map->owner(page.index);
    if (owner.store != store_.id()) continue;
    parts_.push_back({{image, page.index}, 0, map->page_length(page.index), owner});
  }
  std::reverse(parts_.begin(), parts_.end());
}

void Scrubber::look_at(const Part& part) {
  under_way_ = true;
  store_.allocation(part.page, part.offset, part.length,
                    of_this_run([part](Scrubber& self, const Result<std::vector<AllocationRange>, StoreError>& ranges) {
                      self.under_way_ = false;
                      self.on_looked_at(part, ranges);
                      self.pay(0);
                    }));
}

// Of a page that cannot be looked at each chunk is looked at by itself.
void Scrubber::on_looked_at(const Part& part, const Result<std::vector<AllocationRange>, StoreError>& ranges) {
  if (ranges) {
    for (auto range = ranges->rbegin(); range != ranges->rend(); ++range) {
      if (range->mapped) push_parts({part.page, range->offset, range->length, part.owner}, kChunkBytes, true);
    }
  } else if (part.length > kChunkBytes) {
    push_parts(part, kChunkBytes, false);
  } else if (ranges.error() == StoreError::medium_error) {
    report(part);
  } else {
    status_.unread_bytes += part.length;
  }
}

// So that the first comes next. `of` begins with a whole part.
void Scrubber::push_parts(const Part& of, std::uint32_t length, bool allocated) {
  for (std::uint32_t end = of.length; end > 0;) {
    const std::uint32_t part = end % length == 0 ? length : end % length;
    end -= part;
    parts_.push_back({of.page, of.offset + end, part, of.owner, allocated});
  }
}

void Scrubber::read(const Part& part) {
  under_way_ = true;
  PageRequest request{.kind = OperationKind::read,
                      .page = part.page,
                      .offset = part.offset,
                      .length = part.length,
                      .epoch = part.owner.epoch,
                      .store = part.owner.store};
  request.origin.issued_at = runtime_.now();
  pages_.submit(std::move(request), of_this_run([part](Scrubber& self, const PageResult& result) {
                  self.under_way_ = false;
                  self.on_read(part, result.status);
                }));
}

// Of a part that cannot be read each block is looked at by itself.
void Scrubber::on_read(const Part& part, PageStatus status) {
  if (status == PageStatus::medium_error && part.length > kPhysicalBlockBytes) {
    push_parts(part, kPhysicalBlockBytes, true);
    return pay(0);
  }
  const bool damaged = status == PageStatus::medium_error;
  damaged ? report(part) : tell_of_damage();
  if (status == PageStatus::ok) own_ += part.length;
  if (status != PageStatus::ok && !damaged) {
    status_.unread_bytes += part.length;
    return pay(0);
  }
  status_.read_bytes += part.length;
  pay(part.length);
}

void Scrubber::report(const Part& part) {
  const std::uint32_t blocks = (part.length + kPhysicalBlockBytes - 1) / kPhysicalBlockBytes;
  status_.damaged_blocks += blocks;
  status_.all_damaged_blocks += blocks;
  if (found_ && found_->page == part.page && found_->offset + found_->length == part.offset) {
    found_->length += part.length;
    return;
  }
  tell_of_damage();
  found_ = {part.page, part.offset, part.length};
}

// One line for what is damaged side by side, as it is below a damaged leaf of metadata.
void Scrubber::tell_of_damage() {
  if (!found_) return;
  const DamagedRange range = *std::exchange(found_, std::nullopt);
  if (status_.damaged.size() < kMaxDamagedRanges) status_.damaged.push_back(range);
  log_.error("scrub_damaged store={} image={} page={} offset={} length={}", store_.id(), range.page.image,
             range.page.index, range.offset, range.length);
}

// The time for so much goes by before anything else is asked.
void Scrubber::pay(std::uint64_t bytes) {
  const Time now = runtime_.now();
  const auto rate = static_cast<double>(scrub_rate(settings_.bytes_per_second, hosts_rate()));
  due_ = std::max(due_, now - kMeasureEvery) +
         std::chrono::duration_cast<Duration>(std::chrono::duration<double>(static_cast<double>(bytes) / rate));
  due_soon_ = true;
  const auto next = of_this_run([](Scrubber& self) {
    self.due_soon_ = false;
    self.go_on();
  });
  if (due_ - now < kShortWait) return runtime_.post(next);
  timer_ = runtime_.after(due_ - now, next);
}

std::uint64_t Scrubber::hosts_rate() {
  const Duration passed = runtime_.now() - measured_at_;
  if (passed < kMeasureEvery) return hosts_rate_;
  const std::uint64_t all = moved(pages_.counters());
  const std::uint64_t hosts = all - measured_ - std::min(all - measured_, own_);
  hosts_rate_ = static_cast<std::uint64_t>(static_cast<double>(hosts) / std::chrono::duration<double>(passed).count());
  measured_at_ = runtime_.now();
  measured_ = all;
  own_ = 0;
  return hosts_rate_;
}

void Scrubber::give_up() {
  tell_of_damage();
  status_.state = ScrubState::idle;
  log_.warn("scrub_given_up store={} bytes={}: the store is out of service", store_.id(), status_.read_bytes);
}

void Scrubber::end() {
  tell_of_damage();
  status_.state = ScrubState::idle;
  status_.ended = runtime_.now();
  ++status_.runs;
  const std::string ended = fmt::format("scrub_ended store={} bytes={} unread_bytes={} damaged_blocks={}", store_.id(),
                                        status_.read_bytes, status_.unread_bytes, status_.damaged_blocks);
  const bool is_sound = status_.unread_bytes == 0 && status_.damaged_blocks == 0;
  is_sound ? log_.info("{}", ended) : log_.warn("{}", ended);
  wait(settings_.interval);
}

}  // namespace shoal::routing

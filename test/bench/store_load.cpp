#include "test/bench/store_load.h"

#include <sys/resource.h>

#include <algorithm>
#include <stdexcept>

#include "routing/journal_store/aligned.h"

namespace shoal::test {
namespace {

double seconds_of(const timeval& time) {
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
}

// Of all threads, those included that the kernel runs for the ring.
double cpu_seconds() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  return seconds_of(usage.ru_utime) + seconds_of(usage.ru_stime);
}

double seconds_of(Duration duration) { return std::chrono::duration<double>(duration).count(); }

routing::StoreActivity since(const routing::StoreActivity& before, const routing::StoreActivity& now) {
  return {.frames = now.frames - before.frames,
          .commits = now.commits - before.commits,
          .journal_laps = now.journal_laps - before.journal_laps,
          .checkpoints = now.checkpoints - before.checkpoints};
}

Slice random_payload(std::size_t size, Random& random) {
  MutableByteSpan fill;
  Slice payload = routing::journal::aligned_slice(size, fill);
  random.fill(fill);
  return payload;
}

}  // namespace

StoreLoad::StoreLoad(AsioRuntime& runtime, routing::JournalStore& store, const LoadOptions& options)
    : runtime_(runtime),
      store_(store),
      options_(options),
      blocks_(options.span_bytes / options.block_bytes),
      blocks_per_page_(kLoadedPageBytes / options.block_bytes),
      payload_(random_payload(options.block_bytes, random_)),
      next_seq_(store.first_seq()) {
  if (blocks_ < 2u * (options.depth + options.background_writes)) {
    throw std::invalid_argument("the span is too small for so many operations at a time");
  }
  slots_.resize(options.depth, {.write = options.write});
  slots_.resize(options.depth + options.background_writes, {.counted = false, .write = true});
}

LoadFigures StoreLoad::run() {
  const auto activity = store_.activity();
  const double cpu = cpu_seconds();
  begun_ = runtime_.now();
  runtime_.post([this] {
    for (Slot& slot : slots_) begin(slot);
  });
  runtime_.run();
  if (failed_) throw std::runtime_error("the store failed: " + store_.state().reason);
  figures_.seconds = seconds_of(runtime_.now() - begun_);
  figures_.cpu_seconds = cpu_seconds() - cpu;
  figures_.activity = since(activity, store_.activity());
  return std::move(figures_);
}

bool StoreLoad::is_over() const {
  if (failed_) return true;
  return options_.duration > Duration::zero() ? runtime_.now() - begun_ >= options_.duration
                                              : next_in_order_ >= blocks_;
}

void StoreLoad::begin(Slot& slot) {
  if (is_over()) {
    if (in_flight_ == 0) runtime_.stop();
    return;
  }
  choose_block(slot);
  slot.busy = true;
  ++in_flight_;
  slot.met_checkpoint = store_.activity().checkpointing;
  slot.begun = runtime_.now();
  slot.write ? write(slot) : read(slot);
}

void StoreLoad::choose_block(Slot& slot) {
  const bool in_order = options_.in_order && slot.counted;
  do {
    slot.block = in_order ? next_in_order_++ % blocks_ : random_.below(blocks_);
  } while (is_busy(slot.block));
}

bool StoreLoad::is_busy(std::uint64_t block) const {
  return std::any_of(slots_.begin(), slots_.end(),
                     [block](const Slot& slot) { return slot.busy && slot.block == block; });
}

void StoreLoad::write(Slot& slot) {
  routing::PageRecord record{.page = {kLoadedImage, {slot.block / blocks_per_page_}},
                             .offset = static_cast<std::uint32_t>(slot.block % blocks_per_page_) * options_.block_bytes,
                             .length = options_.block_bytes,
                             .version = {routing::kFirstEpoch, next_seq_++},
                             .data = {payload_}};
  std::vector<routing::PageRecord> batch;
  batch.push_back(std::move(record));
  const bool durable = options_.durable || !slot.counted;
  store_.apply(std::move(batch), durable ? routing::Durability::durable : routing::Durability::applied,
               [this, &slot](Result<void, routing::StoreError> result) { finish(slot, result.has_value()); });
}

void StoreLoad::read(Slot& slot) {
  const routing::PageId page{kLoadedImage, {slot.block / blocks_per_page_}};
  const auto offset = static_cast<std::uint32_t>(slot.block % blocks_per_page_) * options_.block_bytes;
  store_.read(
      page, offset, options_.block_bytes,
      [this, &slot](Result<routing::ReadAnswer, routing::StoreError> answer) { finish(slot, answer.has_value()); });
}

// The next one from the loop: a read that is answered from memory calls back at once.
void StoreLoad::finish(Slot& slot, bool good) {
  slot.busy = false;
  --in_flight_;
  failed_ |= !good;
  count(slot);
  runtime_.post([this, &slot] { begin(slot); });
}

void StoreLoad::count(Slot& slot) {
  if (!slot.counted) return;
  ++figures_.operations;
  const auto latency = std::chrono::duration_cast<std::chrono::microseconds>(runtime_.now() - slot.begun).count();
  const bool met = slot.met_checkpoint || store_.activity().checkpointing;
  (met ? figures_.latency_in_checkpoints_us : figures_.latency_us).push_back(static_cast<std::uint32_t>(latency));
}

}  // namespace shoal::test

#include "test/sim/group/workload.h"

#include <algorithm>

namespace shoal::sim {

Workload::Workload(Host& host, SimInitiator& disk, const WorkloadShape& shape)
    : host_(host), disk_(disk), shape_(shape), random_(host.world().random_for("workload of " + host.name())) {}

void Workload::start() {
  slots_.resize(shape_.depth);
  for (std::size_t slot = 0; slot < shape_.depth; ++slot) think(slot);
}

void Workload::think(std::size_t slot) {
  const Duration thought(static_cast<Duration::rep>(random_.below(shape_.longest_thought.count())));
  slots_[slot] = host_.runtime().after(thought, [this, slot] {
    if (!stopped_) act(slot);
  });
}

// Three of four operations meet on the last block of a page or the first of the next one.
std::uint64_t Workload::choose_block() {
  if (random_.below(4) == 0) return random_.below(shape_.blocks);
  const std::uint64_t border = 1 + random_.below(3);
  return border * shape_.page_blocks - 1 + random_.below(2);
}

void Workload::act(std::size_t slot) {
  if (random_.below(40) == 0) disk_.abort_oldest();
  ++in_flight_;
  const auto done = [this, slot](bool good) {
    --in_flight_;
    ++(good ? completed_ : failed_);
    think(slot);
  };
  const unsigned dice = static_cast<unsigned>(random_.below(100));
  if (dice < 4) return disk_.flush(done);
  if (dice < 14) return disk_.increment(shape_.counters[random_.below(shape_.counters.size())], done);
  const std::uint64_t first = choose_block();
  const std::uint64_t most = random_.below(16) == 0 ? 2 * shape_.page_blocks : 3;
  const auto count = static_cast<std::uint32_t>(std::min(1 + random_.below(most), shape_.blocks - first));
  if (dice < 20) return disk_.unmap(first, count, done);
  dice < 55 ? disk_.write(first, count, done) : disk_.read(first, count, done);
}

void Workload::verify() {
  verifying_ = true;
  verify_next();
}

void Workload::verify_next() {
  if (next_to_verify_ >= shape_.blocks) return;
  const auto count =
      static_cast<std::uint32_t>(std::min<std::uint64_t>(shape_.page_blocks, shape_.blocks - next_to_verify_));
  ++to_verify_;
  verify(std::exchange(next_to_verify_, next_to_verify_ + count), count);
}

void Workload::verify(std::uint64_t first, std::uint32_t blocks) {
  disk_.read(first, blocks, [this, first, blocks](bool good) {
    if (!good) {
      again_.push_back(host_.runtime().after(100ms, [this, first, blocks] { verify(first, blocks); }));
      return;
    }
    --to_verify_;
    verify_next();
  });
}

void Workload::look_at_counters() {
  for (const Counter& counter : shape_.counters) look(counter);
}

void Workload::look(const Counter& counter) {
  disk_.look(counter, [this, counter](bool good) {
    if (good) {
      ++looked_;
      return;
    }
    again_.push_back(host_.runtime().after(100ms, [this, counter] { look(counter); }));
  });
}

}  // namespace shoal::sim

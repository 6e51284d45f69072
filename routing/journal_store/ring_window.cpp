#include "routing/journal_store/ring_window.h"

#include <algorithm>
#include <utility>

#include "routing/journal_store/frame.h"

namespace shoal::routing::journal {
namespace {

constexpr std::uint32_t kWindowBlocks = 4 * kMaxFrameBlocks;

class WindowRead : public std::enable_shared_from_this<WindowRead> {
 public:
  using Done = Completion<Result<RingWindow, StoreError>>;

  WindowRead(Device& device, std::uint32_t first, std::uint32_t blocks, Done done)
      : device_(device),
        window_{.first = first, .blocks = blocks, .bytes = aligned_bytes(std::size_t{blocks} * kBlock)},
        done_(std::move(done)) {}

  void run() {
    pending_ = {{window_.first, window_.blocks}};
    go_on();
  }

 private:
  struct Part {
    std::uint32_t first = 0, blocks = 0;
  };

  void go_on() {
    if (pending_.empty()) return done_(std::move(window_));
    const Part part = pending_.back();
    pending_.pop_back();
    device_.read(block_of_ring(part.first), bytes_of(part),
                 [self = shared_from_this(), part](Result<void, StoreError> result) {
                   if (!result && result.error() != StoreError::medium_error) return self->done_(result.error());
                   if (!result) self->divide(part);
                   self->go_on();
                 });
  }

  // By halves, so that one bad block costs few reads.
  void divide(const Part& part) {
    if (part.blocks == 1) {
      std::ranges::fill(bytes_of(part), std::byte{0});
      window_.unreadable.push_back(part.first);
      return;
    }
    const std::uint32_t half = part.blocks / 2;
    pending_.push_back({part.first + half, part.blocks - half});
    pending_.push_back({part.first, half});
  }

  MutableByteSpan bytes_of(const Part& part) {
    return {window_.bytes.get() + std::size_t{part.first - window_.first} * kBlock, std::size_t{part.blocks} * kBlock};
  }

  Device& device_;
  RingWindow window_;
  std::vector<Part> pending_;  // the last is the next one
  Done done_;
};

struct Walk : std::enable_shared_from_this<Walk> {
  Device& device;
  std::uint32_t ring_blocks;
  std::function<bool(const RingWindow&)> visit;
  PageStore::Done done;

  Walk(Device& device_, std::uint32_t ring_blocks_, std::function<bool(const RingWindow&)> visit_,
       PageStore::Done done_)
      : device(device_), ring_blocks(ring_blocks_), visit(std::move(visit_)), done(std::move(done_)) {}

  void go_on(std::uint32_t block) {
    read_ring_window(device, ring_blocks, block, [self = shared_from_this()](Result<RingWindow, StoreError> window) {
      if (!window) return self->done(window.error());
      if (!self->visit(*window) || window->end() == self->ring_blocks) return self->done({});
      self->go_on(window->end() - kMaxFrameBlocks);
    });
  }
};

}  // namespace

ByteSpan RingWindow::from(std::uint32_t block) const {
  return ByteSpan{bytes.get(), std::size_t{blocks} * kBlock}.subspan(std::size_t{block - first} * kBlock);
}

std::optional<std::uint32_t> RingWindow::first_unreadable(std::uint32_t block, std::uint32_t count) const {
  const auto found = std::ranges::lower_bound(unreadable, block);
  if (found == unreadable.end() || *found - block >= count) return std::nullopt;
  return *found;
}

void read_ring_window(Device& device, std::uint32_t ring_blocks, std::uint32_t block,
                      Completion<Result<RingWindow, StoreError>> done) {
  const std::uint32_t blocks = std::min(kWindowBlocks, ring_blocks - block);
  std::make_shared<WindowRead>(device, block, blocks, std::move(done))->run();
}

void walk_ring(Device& device, std::uint32_t ring_blocks, std::function<bool(const RingWindow&)> visit,
               PageStore::Done done) {
  std::make_shared<Walk>(device, ring_blocks, std::move(visit), std::move(done))->go_on(0);
}

}  // namespace shoal::routing::journal

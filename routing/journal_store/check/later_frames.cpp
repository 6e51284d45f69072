#include "routing/journal_store/check/later_frames.h"

#include <algorithm>
#include <utility>

#include "routing/journal_store/aligned.h"

namespace shoal::routing::journal {
namespace {

constexpr std::uint32_t kWindowBlocks = 4 * kMaxFrameBlocks;

class Search : public std::enable_shared_from_this<Search> {
 public:
  using Done = Completion<std::vector<LaterFrame>>;

  Search(Device& device, std::uint32_t journal_chunks, const ChainId& chain, std::uint64_t from_seq, Done done)
      : device_(device),
        chain_(chain),
        ring_blocks_(journal_chunks * kBlocksPerChunk),
        from_seq_(from_seq),
        done_(std::move(done)) {}

  // Windows overlap by a frame, so that each frame is whole in one of them.
  void read_from(std::uint32_t block) {
    if (block >= ring_blocks_) return finish();
    const std::uint32_t blocks = std::min(kWindowBlocks, ring_blocks_ - block);
    SharedBytes window = aligned_bytes(std::size_t{blocks} * kBlock);
    const MutableByteSpan into{window.get(), std::size_t{blocks} * kBlock};
    device_.read({first_block(kJournalChunk).value + block}, into,
                 [self = shared_from_this(), block, into, window = std::move(window)](Result<void, StoreError> result) {
                   if (result) self->search(into);
                   self->read_from(block + kWindowBlocks - kMaxFrameBlocks);
                 });
  }

 private:
  void search(ByteSpan window) {
    for (std::size_t at = 0; at < window.size(); at += kBlock) {
      auto frame = decode_frame(window.subspan(at), chain_);
      if (frame && frame->head.seq >= from_seq_) found_.push_back({frame->head, std::move(frame->records)});
    }
  }

  void finish() {
    std::stable_sort(found_.begin(), found_.end(),
                     [](const LaterFrame& a, const LaterFrame& b) { return a.head.seq < b.head.seq; });
    const auto same = [](const LaterFrame& a, const LaterFrame& b) { return a.head == b.head; };
    found_.erase(std::unique(found_.begin(), found_.end(), same), found_.end());
    done_(std::move(found_));
  }

  Device& device_;
  ChainId chain_;
  std::uint32_t ring_blocks_;
  std::uint64_t from_seq_;
  Done done_;
  std::vector<LaterFrame> found_;
};

}  // namespace

void find_later_frames(Device& device, std::uint32_t journal_chunks, const ChainId& chain, std::uint64_t from_seq,
                       Completion<std::vector<LaterFrame>> done) {
  std::make_shared<Search>(device, journal_chunks, chain, from_seq, std::move(done))->read_from(0);
}

}  // namespace shoal::routing::journal

#include "routing/journal_store/check/later_frames.h"

#include <algorithm>
#include <utility>

#include "routing/journal_store/ring_window.h"

namespace shoal::routing::journal {
namespace {

class Search {
 public:
  using Done = Completion<std::vector<LaterFrame>>;

  Search(const ChainId& chain, std::uint64_t from_seq, Done done)
      : chain_(chain), from_seq_(from_seq), done_(std::move(done)) {}

  void search(const RingWindow& window) {
    for (std::uint32_t block = window.first; block < window.end(); ++block) {
      auto frame = decode_frame(window.from(block), chain_);
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

 private:
  ChainId chain_;
  std::uint64_t from_seq_;
  Done done_;
  std::vector<LaterFrame> found_;
};

}  // namespace

void find_later_frames(Device& device, std::uint32_t journal_chunks, const ChainId& chain, std::uint64_t from_seq,
                       Completion<std::vector<LaterFrame>> done) {
  const auto search = std::make_shared<Search>(chain, from_seq, std::move(done));
  walk_ring(
      device, journal_chunks * kBlocksPerChunk,
      [search](const RingWindow& window) {
        search->search(window);
        return true;
      },
      [search](Result<void, StoreError>) { search->finish(); });
}

}  // namespace shoal::routing::journal

// Scrubber: reads everything that one store has, now and then, so that what has rotted is known before somebody needs
// it. It reads through the page service, a chunk at a time: the store verifies what it reads, a range is locked as by
// any reader, and what hosts have written meanwhile is what is read. Damage is counted by blocks, and logged by
// ranges. Of a thin page only what is allocated is read; where the store cannot tell what is, its metadata are damaged,
// and that is counted by chunks.
//
// It takes the place of hosts nowhere: what they move is taken off its rate (scrub_rate). Metadata that it brings into
// the store's cache is one leaf for each 3 MiB; what hosts use is used again long before those are the oldest.
//
// Leaves out: pages of images without a map here, and what another store owns; shoal-fsck --data reads those.
#pragma once

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "routing/page_map.h"
#include "routing/page_service.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

struct ScrubSettings {
  std::uint64_t bytes_per_second = std::uint64_t{32} << 20;  // when hosts do nothing
  Duration interval{};                                       // from an end to the next beginning; zero: only by hand
};

// What is left of a rate when hosts move so much; never nothing, or a busy store would never be read.
constexpr std::uint64_t scrub_rate(std::uint64_t bytes_per_second, std::uint64_t hosts_bytes_per_second) {
  const std::uint64_t least = bytes_per_second / 16 + 1;
  const std::uint64_t left = bytes_per_second - std::min(bytes_per_second, hosts_bytes_per_second);
  return std::max(left, least);
}

enum class ScrubState : std::uint8_t { idle, running, paused };
const char* to_string(ScrubState state);

struct DamagedRange {
  PageId page;
  std::uint32_t offset = 0, length = 0;
  bool operator==(const DamagedRange&) const = default;
};
inline constexpr std::size_t kMaxDamagedRanges = 100;  // that are kept

struct ScrubStatus {
  ScrubState state = ScrubState::idle;
  std::uint64_t read_bytes = 0;          // of the present run, or of the last; damaged or not
  std::uint64_t most_bytes = 0;          // likewise; allocated when it began
  std::uint64_t unread_bytes = 0;        // likewise; that the page service did not serve just then
  std::uint64_t damaged_blocks = 0;      // likewise; of 4 KiB
  std::vector<DamagedRange> damaged;     // the first of them
  std::uint64_t runs = 0;                // that came to their end
  std::uint64_t all_damaged_blocks = 0;  // of all runs
  std::optional<Time> began, ended;      // of the newest run; of the newest that came to its end
};

class Scrubber : public std::enable_shared_from_this<Scrubber> {
 public:
  using MapOf = std::function<PageMap::Snapshot(ImageId)>;  // null: it has none

  // All of it outlives what is asked of it; nothing is asked any more once this is destroyed. `store` is one of
  // `pages`.
  Scrubber(Runtime& runtime, PageService& pages, PageStore& store, MapOf map_of, ScrubSettings settings, Log log);
  Scrubber(const Scrubber&) = delete;

  void wait(Duration first);  // for its time, if it has one: the first run begins after that
  void start();               // from the beginning, whatever it was at
  void pause();               // of what runs
  void resume();
  const ScrubStatus& status() const { return status_; }

 private:
  struct Part {
    PageId page;
    std::uint32_t offset = 0, length = 0;
    Owner owner;
    bool allocated = false;  // as a whole; false: not looked at yet
  };

  template <class Task>
  auto of_this_run(Task task);  // is not carried out any more once another one has begun
  void go_on();
  void next_image();
  std::vector<StoredPage> next_by_map(ImageId image) const;
  void take_pages(ImageId image, const std::vector<StoredPage>& pages);
  void look_at(const Part& part);
  void on_looked_at(const Part& part, const Result<std::vector<AllocationRange>, StoreError>& ranges);
  void push_parts(const Part& of, std::uint32_t length, bool allocated);
  void read(const Part& part);
  void on_read(const Part& part, PageStatus status);
  void report(const Part& part);
  void tell_of_damage();
  void pay(std::uint64_t bytes);
  std::uint64_t hosts_rate();
  void give_up();
  void end();

  Runtime& runtime_;
  PageService& pages_;
  PageStore& store_;
  MapOf map_of_;
  ScrubSettings settings_;
  Log log_;
  ScrubStatus status_;
  std::uint64_t run_ = 0;              // number of the present one
  std::vector<ImageId> images_;        // still to be read; the last is the present one
  PageIndex next_page_;                // of it
  std::vector<Part> parts_;            // the last is next
  std::optional<DamagedRange> found_;  // damage that may go on in the next part; not told yet
  bool under_way_ = false;             // something is asked
  bool due_soon_ = false;              // go_on() is to be called
  Time due_{};                         // when the next part may be read
  Time measured_at_{};                 // when what hosts move was looked at last
  std::uint64_t measured_ = 0;         // bytes of all askers by then
  std::uint64_t own_ = 0;              // bytes of its own since then
  std::uint64_t hosts_rate_ = 0;       // bytes a second
  std::unique_ptr<Timer> timer_;       // until the next part, or the next run
};

}  // namespace shoal::routing

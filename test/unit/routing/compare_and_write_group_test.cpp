// COMPARE AND WRITE by several initiators through several members: real page services, links and routers.
#include <catch2/catch.hpp>

#include <functional>
#include <map>
#include <string>

#include "test/unit/routing/routed_group_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

constexpr std::uint64_t kPageBlocks = RoutedGroup::kPageBlocks;

std::string block_of(std::string text) {
  text.resize(kBlockBytes, '\0');
  return text;
}

Slices blocks_of(const std::string& text, std::uint64_t blocks) {
  Slices data;
  for (std::uint64_t i = 0; i < blocks; ++i) data.push_back(Slice::copy_of(block_of(text)));
  return data;
}

std::string text_of(const Slices& data) { return std::string(as_text(flatten(data).bytes())); }

// A host at one member.
class Initiator {
 public:
  Initiator(RoutedMember& member, std::uint8_t number) : member_(member), nexus_(nexus_id(number)) {}

  void submit(OperationKind kind, const BlockRange& range, Slices data, Completion<IoResult> done) {
    Operation operation{.kind = kind, .range = range, .data = std::move(data)};
    operation.origin = {.nexus = nexus_,
                        .generation = Generation{1},
                        .id = OperationId{++last_id_},
                        .lowest_unfinished = OperationId{1},
                        .issued_at = member_.host.runtime().now()};
    member_.volume->submit(std::move(operation), std::move(done));
  }
  void read(const BlockRange& range, Completion<std::string> done) {
    submit(OperationKind::read, range, {}, [done = std::move(done)](IoResult result) mutable {
      REQUIRE(result.status == IoStatus::ok);
      done(text_of(result.data));
    });
  }
  // In place of what `expected` says of all blocks.
  void swap(const BlockRange& range, const std::string& expected, const std::string& text, Completion<IoResult> done) {
    Slices data{Slice::copy_of(expected)};
    for (Slice& block : blocks_of(text, range.count)) data.push_back(std::move(block));
    submit(OperationKind::compare_and_write, range, std::move(data), std::move(done));
  }

 private:
  RoutedMember& member_;
  NexusId nexus_;
  std::uint64_t last_id_ = 0;
};

// Reads a counter and raises it, until it has done so often enough. Every block of it holds the same number.
class Counting {
 public:
  Counting(Initiator& initiator, const BlockRange& range, int times)
      : initiator_(initiator), range_(range), left_(times) {}

  void run() {
    if (left_ == 0) return;
    initiator_.read(range_, [this](std::string found) { raise(std::move(found)); });
  }
  bool done() const { return left_ == 0; }
  std::uint64_t refused() const { return refused_; }

 private:
  void raise(std::string found) {
    const auto next = std::to_string(std::atoi(found.c_str()) + 1);
    initiator_.swap(range_, found, next, [this](IoResult result) {
      REQUIRE((result.status == IoStatus::ok || result.status == IoStatus::miscompare));
      result.status == IoStatus::ok ? --left_ : ++refused_;
      run();
    });
  }

  Initiator& initiator_;
  BlockRange range_;
  int left_;
  std::uint64_t refused_ = 0;
};

}  // namespace

TEST_CASE("initiators that cross from both sides of every border never wait for each other for ever") {
  for (std::uint64_t seed = 1; seed <= 8; ++seed) {
    RoutedGroup group(3, seed);
    group.world.network().conditions().jitter = 2ms;
    std::vector<Initiator> initiators;
    for (std::uint8_t i = 0; i < 6; ++i) initiators.emplace_back(*group.members[i % 3], i + 1);
    int answered = 0;
    for (int round = 0; round < 5; ++round) {
      for (Initiator& initiator : initiators) {
        for (std::uint64_t page = 1; page < 6; ++page) {
          const BlockRange range{Lba{page * kPageBlocks - 2}, 4};
          initiator.swap(range, std::string(4 * kBlockBytes, '\0'), "", [&](IoResult result) {
            REQUIRE(result.status == IoStatus::ok);
            ++answered;
          });
        }
        initiator.swap({Lba{kPageBlocks - 1}, kPageBlocks + 2}, std::string((kPageBlocks + 2) * kBlockBytes, '\0'), "",
                       [&](IoResult result) {
                         REQUIRE(result.status == IoStatus::ok);
                         ++answered;
                       });
      }
    }
    INFO("seed " << seed);
    REQUIRE(group.world.run_until([&] { return answered == 5 * 6 * 6; }, 5s));
  }
}

TEST_CASE("eight initiators at three members count, inside a page and across borders: no increment is lost") {
  RoutedGroup group(3);
  std::vector<Initiator> initiators;
  for (std::uint8_t i = 0; i < 8; ++i) initiators.emplace_back(*group.members[i % 3], i + 1);
  const std::vector<BlockRange> counters = {{Lba{5}, 1}, {Lba{kPageBlocks - 1}, 2}, {Lba{3 * kPageBlocks - 4}, 8}};
  constexpr int kTimes = 30;
  std::deque<Counting> counting;
  for (const BlockRange& counter : counters) {
    for (Initiator& initiator : initiators) counting.emplace_back(initiator, counter, kTimes).run();
  }
  const auto all_done = [&] { return std::ranges::all_of(counting, [](const Counting& each) { return each.done(); }); };
  REQUIRE(group.world.run_until(all_done, 120s));
  for (const BlockRange& counter : counters) {
    std::string found;
    initiators[0].read(counter, [&](std::string text) { found = std::move(text); });
    group.world.run_for(1s);
    for (std::uint64_t i = 0; i < counter.count; ++i) {
      CHECK(found.substr(i * kBlockBytes, kBlockBytes) == block_of(std::to_string(8 * kTimes)));
    }
  }
  const auto refused = [](const Counting& each) { return each.refused() > 0; };
  CHECK(std::ranges::any_of(counting, refused));  // they did meet
}

// Every text is written once. So what a block holds tells what it held before, back to the last plain write.
TEST_CASE("a plain write is never lost between compare and write, whoever does it and wherever") {
  for (std::uint64_t seed = 1; seed <= 5; ++seed) {
    RoutedGroup group(3, seed);
    SeededRandom random(seed);
    group.world.network().conditions().jitter = 1ms;
    std::deque<Initiator> initiators;
    for (std::uint8_t i = 0; i < 4; ++i) initiators.emplace_back(*group.members[i % 3], i + 1);
    const BlockRange across{Lba{kPageBlocks - 1}, 2}, behind{Lba{kPageBlocks}, 1};
    std::map<std::string, std::string> before;  // of the block behind the border, by compare and write
    int texts = 0, swapped = 0;
    bool over = false;
    std::function<void(Initiator&)> keep_swapping = [&](Initiator& initiator) {
      if (over) return;
      initiator.read(across, [&](std::string found) {
        const std::string text = fmt::format("swapped {}", ++texts);
        before[block_of(text)] = found.substr(kBlockBytes);
        initiator.swap(across, found, text, [&](IoResult result) {
          swapped += result.status == IoStatus::ok;
          keep_swapping(initiator);
        });
      });
    };
    for (int i = 0; i < 3; ++i) keep_swapping(initiators[i]);
    for (int round = 0; round < 50; ++round) {
      const std::string written = block_of(fmt::format("written {}", ++texts));
      std::optional<std::string> found;
      initiators[3].submit(OperationKind::write, behind, blocks_of(written, 1), [&](IoResult result) {
        REQUIRE(result.status == IoStatus::ok);
        initiators[3].read(behind, [&](std::string text) { found = std::move(text); });
      });
      REQUIRE(group.world.run_until([&] { return found.has_value(); }, 5s));
      while (*found != written && before.contains(*found)) found = before[*found];
      INFO("seed " << seed << ", round " << round);
      REQUIRE(*found == written);
      group.world.run_for(std::chrono::microseconds(random.below(3000)));
    }
    over = true;
    group.world.run_for(1s);
    CHECK(swapped > 10);
  }
}

#include "cluster/load/access_pattern.h"

#include <catch2/catch.hpp>
#include <functional>

#include "target/base/random.h"

using namespace shoal;
using namespace shoal::load;

namespace {

constexpr std::uint64_t kVolumeBlocks = std::uint64_t{1} << 31;  // 1 TiB
constexpr std::uint32_t kBlocks = 8;                             // of a request: 4 KiB

// A generator of traffic: request after request.
using Generator = std::function<Access()>;

Generator sequential(bool is_write, std::uint64_t from, std::uint32_t blocks = kBlocks) {
  return [=, next = from]() mutable {
    const Access access{is_write, Lba{next}, blocks};
    next += blocks;
    return access;
  };
}

Generator random(bool is_write, std::uint32_t blocks = kBlocks, std::uint64_t volume = kVolumeBlocks) {
  return [=, random = SeededRandom(7)]() mutable {
    return Access{is_write, Lba{random.below(volume / blocks) * blocks}, blocks};
  };
}

// One after the other, round and round.
Generator interleaved(std::vector<Generator> streams) {
  return [streams, turn = std::size_t{0}]() mutable { return streams[turn++ % streams.size()](); };
}

// The first with a share of `percent`, else the second, in no order.
Generator blend(int percent, Generator first, Generator second) {
  return [=, random = SeededRandom(3)]() mutable {
    return random.below(100) < static_cast<std::uint64_t>(percent) ? first() : second();
  };
}

class Volume {
 public:
  Volume& runs(const Generator& generator, int per_second = 200, int seconds = 20) {
    Generator own = generator;
    for (int second = 0; second < seconds; ++second) {
      for (int i = 0; i < per_second; ++i) pattern_.add(own());
      pattern_.roll(DecayStep::over(1s, kLoadHalfLife), 1s);
    }
    return *this;
  }
  Volume& rests(int seconds) { return runs(sequential(false, 0), 0, seconds); }
  Pattern pattern() const { return pattern_.pattern(); }

 private:
  AccessPattern pattern_;
};

Pattern pattern_of(const Generator& generator) { return Volume().runs(generator).pattern(); }

}  // namespace

TEST_CASE("a volume that nobody uses is idle") { CHECK(Volume().rests(10).pattern() == Pattern::idle); }

TEST_CASE("one stream of reads is sequential read, wherever it begins and however long its requests are") {
  CHECK(pattern_of(sequential(false, 0)) == Pattern::sequential_read);
  CHECK(pattern_of(sequential(false, kVolumeBlocks / 2 + 8)) == Pattern::sequential_read);
  CHECK(pattern_of(sequential(false, 3, 1)) == Pattern::sequential_read);
  CHECK(pattern_of(sequential(false, 0, 65535)) == Pattern::sequential_read);
}

TEST_CASE("one stream of writes is sequential write") {
  CHECK(pattern_of(sequential(true, 0)) == Pattern::sequential_write);
}

TEST_CASE("reads and writes all over the volume are random") {
  CHECK(pattern_of(random(false)) == Pattern::random_read);
  CHECK(pattern_of(random(true)) == Pattern::random_write);
  CHECK(pattern_of(random(true, 512)) == Pattern::random_write);
}

TEST_CASE("random requests to a small volume do not pass for sequential ones") {
  CHECK(pattern_of(random(false, 8, 64 * 2048)) == Pattern::random_read);
  CHECK(pattern_of(random(false, 128, 64 * 2048)) == Pattern::random_read);
}

TEST_CASE("the same block again and again is random") {
  CHECK(pattern_of([] { return Access{true, Lba{4096}, kBlocks}; }) == Pattern::random_write);
}

TEST_CASE("backwards is random") {
  CHECK(pattern_of([next = kVolumeBlocks]() mutable {
          return Access{false, Lba{next -= kBlocks}, kBlocks};
        }) == Pattern::random_read);
}

TEST_CASE("several streams that take turns are sequential") {
  for (const std::uint64_t count : {2u, 8u, 16u}) {
    std::vector<Generator> streams;
    for (std::uint64_t i = 0; i < count; ++i) streams.push_back(sequential(false, i * 100'000'000 + 77'777 * i));
    CHECK(pattern_of(interleaved(streams)) == Pattern::sequential_read);
  }
}

TEST_CASE("more streams than there are heads to follow them by are random to the disk, too") {
  std::vector<Generator> streams;
  for (std::uint64_t i = 0; i < 16 * kStreamHeads; ++i) streams.push_back(sequential(false, i * 1'000'000));
  CHECK(pattern_of(interleaved(streams)) == Pattern::random_read);
}

TEST_CASE("a stream of which another path takes every other request is sequential") {
  CHECK(pattern_of([next = std::uint64_t{0}]() mutable {
          const Access access{false, Lba{next}, kBlocks};
          next += 2 * kBlocks;
          return access;
        }) == Pattern::sequential_read);
}

TEST_CASE("steps that leave out more than a request are random") {
  CHECK(pattern_of([next = std::uint64_t{0}]() mutable {
          return Access{false, Lba{next += 4 * kBlocks}, kBlocks};
        }) == Pattern::random_read);
}

TEST_CASE("reading and writing alike is mixed, in sequence or not") {
  CHECK(pattern_of(blend(50, random(false), random(true))) == Pattern::mixed);
  CHECK(pattern_of(blend(70, random(false), random(true))) == Pattern::mixed);
  CHECK(pattern_of(interleaved({sequential(false, 0), sequential(true, 0)})) == Pattern::mixed);
}

TEST_CASE("reads of which half are in sequence are mixed") {
  CHECK(pattern_of(blend(50, sequential(false, 0), random(false))) == Pattern::mixed);
}

TEST_CASE("a tenth of another kind does not hide what the traffic is") {
  CHECK(pattern_of(blend(90, sequential(false, 0), random(false))) == Pattern::sequential_read);
  CHECK(pattern_of(blend(90, random(true), sequential(false, 0))) == Pattern::random_write);
}

TEST_CASE("blocks that are read and then written back are two streams, mixed and in sequence") {
  std::vector<Generator> copy{sequential(false, 0), sequential(true, 0)};
  Generator generator = interleaved(copy);
  StreamHeads heads;
  int followed = 0;
  for (int i = 0; i < 100; ++i) followed += heads.follow(generator()) ? 1 : 0;
  CHECK(followed == 98);
}

TEST_CASE("another kind of traffic shows after ten seconds, however little it is against what was before") {
  Volume volume;
  volume.runs(sequential(false, 0), 20'000, 60);
  volume.runs(random(true), 20, 11);
  CHECK(volume.pattern() == Pattern::random_write);
}

TEST_CASE("five seconds without a request, and the volume is idle") {
  Volume volume;
  volume.runs(sequential(false, 0), 20'000);
  CHECK(volume.rests(4).pattern() == Pattern::sequential_read);
  CHECK(volume.rests(1).pattern() == Pattern::idle);
  CHECK(volume.runs(random(true), 200, 20).pattern() == Pattern::random_write);
}

TEST_CASE("a request now and then is idle") {
  CHECK(Volume().runs(random(true), 1, 3).rests(2).pattern() == Pattern::idle);
}

TEST_CASE("what gives blocks back moves no data and is no pattern") {
  CHECK(pattern_of([] { return Access{true, Lba{0}, 0}; }) == Pattern::idle);
}

// The judge itself: histories of one block that are right, and each kind that is not.
#include <catch2/catch.hpp>

#include "test/sim/group/block_checker.h"

namespace shoal::sim {
namespace {

// Writes and reads of block 7 as a story.
struct Story {
  BlockChecker checker;
  static constexpr std::uint64_t kBlock = 7;

  Stamp value(std::uint64_t operation) const { return {kBlock, 1, operation}; }
  std::string bytes(const Stamp& stamp) const {
    std::string text(kStampBytes, '\0');
    if (stamp.operation != 0) write_stamp(std::as_writable_bytes(std::span(text)), stamp);
    return text;
  }
  void begin(std::uint64_t operation) { checker.write_begins(value(operation)); }
  void unmap(std::uint64_t operation) {
    checker.unmap_begins(value(operation));
    acknowledge(operation);
  }
  void acknowledge(std::uint64_t operation) { checker.write_acknowledged(value(operation)); }
  void give_up(std::uint64_t operation) { checker.write_given_up(value(operation)); }
  void write(std::uint64_t operation) {
    begin(operation);
    acknowledge(operation);
  }
  Moment begin_read() { return checker.next_moment(); }
  void end_read(Moment begin, std::uint64_t operation) {
    CHECK_FALSE(checker.read_ends(kBlock, begin, as_bytes(bytes(value(operation)))));
  }
  void read(std::uint64_t operation) { end_read(begin_read(), operation); }
  std::string read_bytes(const std::string& content) {
    return checker.read_ends(kBlock, begin_read(), as_bytes(content)).value_or("fine");
  }
  bool holds() const { return checker.check().empty(); }
};

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

TEST_CASE("zeros, then each write in turn, is a register") {
  Story story;
  story.read(0);
  story.write(1);
  story.read(1);
  story.write(2);
  story.read(2);
  story.read(2);
  CHECK(story.holds());
}

TEST_CASE("an acknowledged write that a later read does not see is lost") {
  Story story;
  story.write(1);
  story.write(2);
  story.read(1);
  CHECK_FALSE(story.holds());
}

TEST_CASE("zeros after an acknowledged write are a loss") {
  Story story;
  story.write(1);
  story.read(0);
  CHECK_FALSE(story.holds());
}

TEST_CASE("zeros after an UNMAP are right, however often it is done") {
  Story story;
  for (const std::uint64_t operation : {1, 3, 5}) {
    story.write(operation);
    story.read(operation);
    story.unmap(operation + 1);
    story.read(0);
  }
  CHECK(story.holds());
}

TEST_CASE("an acknowledged UNMAP that a later read does not see is lost") {
  Story story;
  story.write(1);
  story.unmap(2);
  story.read(1);
  CHECK_FALSE(story.holds());
}

TEST_CASE("zeros between two reads of one value are wrong") {
  Story story;
  story.write(1);
  story.checker.unmap_begins(story.value(2));
  story.read(0);
  story.read(1);
  CHECK_FALSE(story.holds());
}

TEST_CASE("an UNMAP that was given up may have left zeros, but not behind what was written after its end") {
  Story story;
  story.write(1);
  story.checker.unmap_begins(story.value(2));
  story.give_up(2);
  story.read(0);
  CHECK(story.holds());
  story.write(3);
  story.read(0);
  CHECK_FALSE(story.holds());
}

TEST_CASE("an UNMAP of unknown outcome may come late") {
  Story story;
  story.checker.unmap_begins(story.value(1));
  story.write(2);
  story.read(2);
  story.read(0);
  CHECK(story.holds());
}

TEST_CASE("an UNMAP leaves nothing that could be read as its stamp") {
  Story story;
  story.unmap(1);
  CHECK(contains(story.read_bytes(story.bytes(story.value(1))), "nobody has written"));
}

TEST_CASE("a value that comes back after a newer one was read is resurrected") {
  Story story;
  story.begin(1);
  story.begin(2);
  story.read(1);
  story.read(2);
  story.read(1);
  CHECK_FALSE(story.holds());
}

TEST_CASE("writes at the same time may take effect in any order, but in one") {
  Story story;
  story.begin(1);
  story.begin(2);
  story.acknowledge(1);
  story.acknowledge(2);
  SECTION("the first is the last") { story.read(1); }
  SECTION("the second is the last") { story.read(2); }
  CHECK(story.holds());
  story.write(3);
  story.read(1);
  CHECK_FALSE(story.holds());
}

TEST_CASE("a read at the same time as a write may see it or not") {
  Story story;
  story.write(1);
  story.begin(2);
  const Moment a = story.begin_read(), b = story.begin_read();
  story.end_read(a, 1);
  story.acknowledge(2);
  story.end_read(b, 1);
  CHECK(story.holds());
  story.read(1);
  CHECK_FALSE(story.holds());
}

TEST_CASE("an unanswered write may have happened, or not, or much later") {
  Story story;
  story.write(1);
  story.begin(2);
  story.read(1);
  CHECK(story.holds());
  story.read(2);
  story.read(2);
  CHECK(story.holds());
}

TEST_CASE("a write that was given up does not take effect after that") {
  Story story;
  story.write(1);
  story.begin(2);
  story.give_up(2);
  SECTION("it never happened") {
    story.read(1);
    CHECK(story.holds());
  }
  SECTION("it had happened") {
    story.read(2);
    CHECK(story.holds());
  }
  SECTION("a ghost: it happens after a newer write") {
    story.write(3);
    story.read(3);
    story.read(2);
    CHECK_FALSE(story.holds());
  }
  SECTION("a ghost: it was not there, and then it is") {
    story.read(1);
    story.read(2);
    CHECK_FALSE(story.holds());
  }
}

TEST_CASE("a write whose owner was killed under way may take effect twice, but not after its end") {
  Story story;
  story.begin(1);
  story.read(1);
  story.checker.owner_killed();
  story.write(2);
  story.read(2);
  story.read(1);
  story.acknowledge(1);
  story.read(1);
  CHECK(story.holds());
  story.write(3);
  story.read(1);
  CHECK_FALSE(story.holds());
}

TEST_CASE("content tells torn, misplaced and invented blocks at once") {
  Story story;
  story.write(1);
  std::string torn = story.bytes(story.value(1));
  torn.replace(512, 512, std::string(512, 'x'));
  CHECK(contains(story.read_bytes(torn), "torn"));
  CHECK(contains(story.read_bytes(story.bytes({8, 1, 1})), "misplaced"));
  CHECK(contains(story.read_bytes(story.bytes({7, 1, 9})), "nobody has written"));
  CHECK(contains(story.read_bytes(story.bytes({7, 2, 1})), "nobody has written"));
}

TEST_CASE("every block is judged by itself") {
  BlockChecker checker;
  for (const std::uint64_t block : {1, 2}) {
    checker.write_begins({block, 1, 1});
    checker.write_acknowledged({block, 1, 1});
  }
  const std::string zeros(kStampBytes, '\0');
  CHECK_FALSE(checker.read_ends(3, checker.next_moment(), as_bytes(zeros)));
  CHECK(checker.check().empty());
  CHECK_FALSE(checker.read_ends(2, checker.next_moment(), as_bytes(zeros)));
  REQUIRE(checker.check().size() == 1);
  CHECK(contains(checker.check()[0], "block 2"));
}

}  // namespace
}  // namespace shoal::sim

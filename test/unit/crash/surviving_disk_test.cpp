#include "test/crash/surviving_disk.h"

#include <catch2/catch.hpp>
#include <set>

namespace shoal::crash {
namespace {

Slice sectors(const std::string& letters) {
  std::string bytes;
  for (const char letter : letters) bytes += std::string(kSectorBytes, letter);
  return Slice::copy_of(bytes);
}

// One letter a sector, '.' for zeros.
std::string letters_of(const DiskImage& image) {
  std::string letters;
  for (std::uint64_t at = 0; at < image.size(); at += kSectorBytes) {
    std::byte first{};
    image.read(at, {&first, 1});
    letters += first == std::byte{0} ? '.' : static_cast<char>(first);
  }
  return letters;
}

struct Machine {
  Machine& begin(std::uint64_t number, std::uint64_t sector, const std::string& letters, bool durable = false) {
    disk.follow(WriteBegun{number, sector * kSectorBytes, sectors(letters), durable});
    return *this;
  }
  template <class What>
  Machine& then(What event) {
    disk.follow(event);
    return *this;
  }
  std::string left(Survivors survivors) { return letters_of(disk.image(survivors, random)); }
  std::set<std::string> possible() {
    std::set<std::string> all;
    for (int i = 0; i < 500; ++i) all.insert(left(Survivors::some));
    return all;
  }

  SurvivingDisk disk{DiskImage()};
  SeededRandom random{1};
};

TEST_CASE("a write under way may be on the device, or not, or in part") {
  Machine machine;
  machine.begin(1, 0, "oo", true).then(WriteDone{1}).begin(2, 0, "nn", true);
  CHECK(machine.left(Survivors::none) == "oo");
  CHECK(machine.left(Survivors::all) == "nn");
  CHECK(machine.possible() == std::set<std::string>{"oo", "on", "no", "nn"});
}

TEST_CASE("a durable write is durable when it is done, and makes nothing else so") {
  Machine machine;
  machine.begin(1, 0, "aa").then(WriteDone{1}).begin(2, 2, "bb", true).then(WriteDone{2});
  CHECK_FALSE(machine.disk.is_settled());
  CHECK(machine.possible() == std::set<std::string>{"..bb", "a.bb", ".abb", "aabb"});
}

TEST_CASE("a sync makes durable what was done when it began") {
  Machine machine;
  machine.begin(1, 0, "a").then(WriteDone{1}).begin(2, 1, "b").then(SyncBegun{3}).then(WriteDone{2});
  machine.then(SyncDone{3});
  CHECK(machine.possible() == std::set<std::string>{"a", "ab"});
  machine.then(SyncBegun{4}).then(SyncDone{4});
  CHECK(machine.disk.is_settled());
}

TEST_CASE("what a sync gave up no later one makes durable, but a write of the same place does") {
  Machine machine;
  machine.begin(1, 0, "aa").then(WriteDone{1}).then(SyncBegun{2}).then(SyncFailed{2});
  machine.then(SyncBegun{3}).then(SyncDone{3});
  CHECK(machine.possible().contains(""));
  machine.begin(4, 0, "bb", true).then(WriteDone{4});
  CHECK(machine.possible() == std::set<std::string>{"bb"});
}

TEST_CASE("of a write that failed there may be what was written, until the next sync makes sure of it") {
  Machine machine;
  machine.begin(1, 0, "aaa", true).then(WriteFailed{1, 2 * kSectorBytes});
  CHECK(machine.possible() == std::set<std::string>{"", "a", ".a", "aa"});
  machine.then(SyncBegun{2}).then(SyncDone{2});
  CHECK(machine.possible() == std::set<std::string>{"aa"});
  machine.begin(3, 0, "b", true).then(WriteFailed{3, 0});
  CHECK(machine.disk.is_settled());
}

TEST_CASE("an older write does not come back over a durable one") {
  Machine machine;
  machine.begin(1, 0, "aaa").then(WriteDone{1}).begin(2, 1, "b", true).then(WriteDone{2});
  for (const std::string& left : machine.possible()) CHECK(left[1] == 'b');
  CHECK(machine.left(Survivors::all) == "aba");
}

TEST_CASE("copies of an image do not see what is written to each other") {
  DiskImage one;
  one.write(0, sectors("abc").bytes());
  DiskImage two = one;
  two.write(kSectorBytes, sectors("X").bytes());
  CHECK(letters_of(one) == "abc");
  CHECK(letters_of(two) == "aXc");
}

TEST_CASE("a sync does not bring back what a later durable write has replaced") {
  Machine machine;
  machine.begin(1, 0, "aa").then(WriteDone{1}).begin(2, 0, "b", true).then(WriteDone{2});
  machine.then(SyncBegun{3}).then(SyncDone{3});
  CHECK(machine.left(Survivors::none) == "ba");
}

TEST_CASE("when a process is killed the next one reads what is in the cache, and may lose it with the power") {
  Machine machine;
  machine.begin(1, 0, "aa").then(WriteDone{1}).begin(2, 2, "b");
  machine.disk = machine.disk.left_behind(machine.random);
  const std::string read = letters_of(machine.disk.contents());
  CHECK((read == "aab" || read == "aa"));
  CHECK(machine.possible().contains("a"));
  machine.begin(1, 4, "c").then(SyncBegun{2}).then(SyncDone{2});  // numbers of another process
  CHECK(machine.left(Survivors::none) == read);
}

}  // namespace
}  // namespace shoal::crash

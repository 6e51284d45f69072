// Files of simulated hosts: what a kill keeps, what a loss of power takes, and what failing devices do.
#include <algorithm>
#include <catch2/catch.hpp>

#include "test/sim/file_content.h"
#include "test/sim/world.h"

namespace shoal::sim {
namespace {

constexpr std::size_t kBlock = 4096;

// A Result that Catch can print.
struct Outcome {
  Outcome(const Result<void, FileError>& result) : failure(result ? std::optional<FileError>() : result.error()) {}
  explicit operator bool() const { return !failure; }
  FileError error() const { return *failure; }
  std::optional<FileError> failure;
};

struct Machine {
  explicit Machine(std::uint64_t seed = 1) : world(seed), host(world.add_host("a", {"10.0.0.1"})) {
    CHECK(Outcome(runtime().make_directories("/store")));
  }
  Runtime& runtime() { return host.runtime(); }
  std::unique_ptr<File> open(const std::string& path, bool create = true) { return *runtime().open_file(path, create); }
  template <class Start>
  Outcome wait(Start start) {
    std::optional<Outcome> result;
    start([&](Result<void, FileError> given) { result = given; });
    CHECK_FALSE(result);
    world.run_until([&] { return result.has_value(); }, 1s);
    REQUIRE(result);
    return *result;
  }
  auto write(File& file, std::uint64_t offset, const std::string& text, SyncMode mode = SyncMode::none) {
    return wait([&](auto done) { file.write(offset, {Slice::copy_of(text)}, mode, done); });
  }
  auto sync(File& file) {
    return wait([&](auto done) { file.sync(done); });
  }
  auto sync_directory(const std::string& path) {
    return wait([&](auto done) { runtime().sync_directory(path, done); });
  }
  std::string read(File& file, std::uint64_t offset, std::size_t length) {
    std::string text(length, '?');
    std::optional<std::size_t> got;
    file.read(offset, std::as_writable_bytes(std::span(text)), [&](auto result) { got = *result; });
    world.run_until([&] { return got.has_value(); }, 1s);
    return text.substr(0, *got);
  }
  World world;
  Host& host;
};

TEST_CASE("a read gives what was written, zeros in a hole, and is short at the end") {
  Machine machine;
  auto file = machine.open("/store/f");
  CHECK(machine.write(*file, 10'000, "end"));
  CHECK(machine.read(*file, 9'998, 100) == std::string("\0\0end", 5));
  CHECK(machine.read(*file, 20'000, 100).empty());
  CHECK(*machine.runtime().file_size("/store/f") == 10'003);
}

TEST_CASE("a killed process' writes stay, synced or not") {
  Machine machine;
  auto file = machine.open("/store/f");
  CHECK(machine.write(*file, 0, "text"));
  machine.host.kill();
  machine.host.start();
  file = machine.open("/store/f", false);
  CHECK(machine.read(*file, 0, 100) == "text");
}

TEST_CASE("a directory's lock ends with its process, and excludes another in it") {
  Machine machine;
  const auto lock = machine.runtime().lock_directory("/store");
  CHECK(lock.has_value());
  CHECK(machine.runtime().lock_directory("/store/").error() == FileError::in_use);
  CHECK(machine.runtime().lock_directory("/none").error() == FileError::not_found);
  machine.host.kill();
  machine.host.start();
  CHECK(machine.runtime().lock_directory("/store").has_value());
}

TEST_CASE("a loss of power keeps what was synced, and the name after its folder was") {
  Machine machine;
  auto file = machine.open("/store/f");
  CHECK(machine.write(*file, 0, "text"));
  CHECK(machine.sync(*file));
  CHECK(machine.sync_directory("/store"));
  machine.host.crash();
  machine.host.start();
  file = machine.open("/store/f", false);
  CHECK(machine.read(*file, 0, 100) == "text");
}

TEST_CASE("a durable write needs no sync") {
  Machine machine;
  auto file = machine.open("/store/f");
  CHECK(machine.sync_directory("/store"));
  CHECK(machine.write(*file, 0, "text", SyncMode::data));
  machine.host.crash();
  machine.host.start();
  CHECK(machine.host.disk().content("/store/f") == "text");
}

TEST_CASE("a durable write makes nothing durable but its own sectors") {
  bool lost = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Machine machine(seed);
    auto file = machine.open("/store/f");
    CHECK(machine.write(*file, 0, std::string(3 * 512, 'o'), SyncMode::data));
    CHECK(machine.sync_directory("/store"));
    CHECK(machine.write(*file, 0, std::string(512, 'n')));
    CHECK(machine.write(*file, 2 * 512, std::string(512, 'n')));
    CHECK(machine.write(*file, 512, std::string(512, 'd'), SyncMode::data));
    machine.host.crash();
    const std::string left = machine.host.disk().content("/store/f");
    CHECK(left.substr(512, 512) == std::string(512, 'd'));
    lost = lost || left[0] == 'o' || left[2 * 512] == 'o';
  }
  CHECK(lost);
}

TEST_CASE("a durable write makes the file as long as it needs, and good what a failed sync left behind") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Machine machine(seed);
    auto file = machine.open("/store/f");
    CHECK(machine.sync_directory("/store"));
    CHECK(machine.write(*file, 0, std::string(512, 'o')));
    machine.host.disk().fail_next(DiskCall::sync, FileError::io);
    CHECK(machine.sync(*file).error() == FileError::io);
    CHECK(machine.write(*file, 0, std::string(512, 'n'), SyncMode::data));
    machine.host.crash();
    CHECK(machine.host.disk().content("/store/f") == std::string(512, 'n'));
  }
}

TEST_CASE("a durable write that a loss of power meets under way may be torn, in some world") {
  bool torn = false, whole = false, nothing = false;
  for (std::uint64_t seed = 1; seed <= 40; ++seed) {
    Machine machine(seed);
    auto file = machine.open("/store/f");
    CHECK(machine.write(*file, 0, std::string(kBlock, 'o'), SyncMode::data));
    CHECK(machine.sync_directory("/store"));
    file->write(0, {Slice::copy_of(std::string(kBlock, 'n'))}, SyncMode::data, nullptr);
    machine.host.crash();
    const auto fresh = std::ranges::count(machine.host.disk().content("/store/f"), 'n');
    (fresh == 0 ? nothing : fresh == kBlock ? whole : torn) = true;
  }
  CHECK(torn);
  CHECK(whole);
  CHECK(nothing);
}

TEST_CASE("a loss of power tears unsynced blocks between sectors, in some world") {
  bool torn = false, kept = false, lost = false;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    Machine machine(seed);
    auto file = machine.open("/store/f");
    CHECK(machine.write(*file, 0, std::string(kBlock, 'o'), SyncMode::data));
    CHECK(machine.sync_directory("/store"));
    CHECK(machine.write(*file, 0, std::string(kBlock, 'n')));
    machine.host.crash();
    const std::string left = machine.host.disk().content("/store/f");
    REQUIRE(left.size() == kBlock);
    for (std::size_t at = 0; at < kBlock; at += 512) {
      REQUIRE(left.substr(at, 512) == std::string(512, left[at]));
      (left[at] == 'n' ? kept : lost) = true;
    }
    torn = torn || left.find_first_not_of(left[0]) != std::string::npos;
  }
  CHECK(torn);
  CHECK(kept);
  CHECK(lost);
}

TEST_CASE("a new name that was not synced may vanish with its file, in some world") {
  bool vanished = false, stayed = false;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    Machine machine(seed);
    auto file = machine.open("/store/f");
    CHECK(machine.write(*file, 0, "text", SyncMode::data));
    machine.host.crash();
    (machine.host.disk().paths().empty() ? vanished : stayed) = true;
  }
  CHECK(vanished);
  CHECK(stayed);
}

TEST_CASE("replacing a whole file is durable at once") {
  Machine machine;
  CHECK(Outcome(machine.runtime().replace_whole("/store/meta", "one")));
  CHECK(Outcome(machine.runtime().replace_whole("/store/meta", "two")));
  machine.host.crash();
  machine.host.start();
  CHECK(*machine.runtime().read_whole("/store/meta") == "two");
}

TEST_CASE("a failed sync is never made good by the next one") {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    Machine machine(seed);
    auto file = machine.open("/store/f");
    CHECK(machine.write(*file, 0, std::string(512, 'o'), SyncMode::data));
    CHECK(machine.sync_directory("/store"));
    CHECK(machine.write(*file, 0, std::string(512, 'n')));
    machine.host.disk().fail_next(DiskCall::sync, FileError::io);
    CHECK(machine.sync(*file).error() == FileError::io);
    CHECK(machine.sync(*file));
    machine.host.crash();
    CHECK(machine.host.disk().content("/store/f") == std::string(512, 'o'));
  }
}

TEST_CASE("the n-th call of a kind fails when it is told to") {
  Machine machine;
  auto file = machine.open("/store/f");
  machine.host.disk().fail_next(DiskCall::write, FileError::io, 1);
  CHECK(machine.write(*file, 0, "a"));
  CHECK(machine.write(*file, 1, "b").error() == FileError::io);
  CHECK(machine.write(*file, 1, "c"));
  CHECK(machine.read(*file, 0, 10) == "ac");
}

TEST_CASE("a full disk refuses to grow") {
  Machine machine;
  auto file = machine.open("/store/f");
  machine.host.disk().set_capacity(kBlock);
  CHECK(machine.write(*file, 0, std::string(kBlock, 'x')));
  CHECK(machine.write(*file, kBlock, "y").error() == FileError::no_space);
}

TEST_CASE("a hole that was punched reads as zeros") {
  Machine machine;
  auto file = machine.open("/store/f");
  CHECK(machine.write(*file, 0, std::string(kBlock, 'x')));
  CHECK(machine.wait([&](auto done) { file->punch(512, 1000, done); }));
  const std::string text = machine.read(*file, 0, kBlock);
  CHECK(text.substr(0, 512) == std::string(512, 'x'));
  CHECK(text.substr(512, 1000) == std::string(1000, '\0'));
  CHECK(text.substr(1512) == std::string(kBlock - 1512, 'x'));
}

TEST_CASE("a device has one writer or several readers, until they or their process end") {
  Machine machine;
  const auto open = [&](DeviceOpen how) { return machine.runtime().open_device("/store/d", how); };
  CHECK(open(DeviceOpen::existing).error() == FileError::not_found);
  {
    const auto writer = open(DeviceOpen::create);
    REQUIRE(writer.has_value());
    CHECK(machine.write(*writer->file, 0, std::string(kBlock, 'x'), SyncMode::data));
    CHECK(open(DeviceOpen::existing).error() == FileError::in_use);
    CHECK(open(DeviceOpen::read_only).error() == FileError::in_use);
  }
  const auto reader = open(DeviceOpen::read_only), other = open(DeviceOpen::read_only);
  REQUIRE(reader.has_value());
  CHECK(reader->bytes == kBlock);
  CHECK(machine.read(*other->file, 0, 2 * kBlock) == std::string(kBlock, 'x'));
  CHECK(open(DeviceOpen::existing).error() == FileError::in_use);
  machine.host.kill();
  machine.host.start();
  CHECK(open(DeviceOpen::existing).has_value());
}

TEST_CASE("folders list what is in them, sorted, and go with all that is in them") {
  Machine machine;
  CHECK(Outcome(machine.runtime().make_directories("/store/b/c")));
  CHECK(machine.open("/store/a"));
  CHECK(machine.open("/store/b/x"));
  CHECK(*machine.runtime().list_directory("/store") == std::vector<std::string>{"a", "b"});
  CHECK(Outcome(machine.runtime().remove_tree("/store/b")));
  CHECK(*machine.runtime().list_directory("/store") == std::vector<std::string>{"a"});
  CHECK(machine.runtime().list_directory("/none").error() == FileError::not_found);
  CHECK(machine.runtime().open_file("/none/f", true).error() == FileError::not_found);
  CHECK(machine.runtime().open_file("/store/none", false).error() == FileError::not_found);
}

TEST_CASE("destroying a file cancels what is pending on it") {
  Machine machine;
  auto file = machine.open("/store/f");
  bool called = false;
  file->sync([&](auto) { called = true; });
  file.reset();
  machine.world.run_for(1s);
  CHECK_FALSE(called);
}

TEST_CASE("the record of a disk tells what was asked for and when it happened") {
  Machine machine;
  std::vector<std::string> seen;
  machine.host.disk().observe([&](const DiskEvent& event) {
    seen.push_back(std::string(to_string(event.call)) +
                   (event.phase == DiskEvent::Phase::asked ? " asked" : " happened"));
  });
  auto file = machine.open("/store/f");
  CHECK(machine.write(*file, 0, "x"));
  CHECK(machine.sync(*file));
  CHECK(seen == std::vector<std::string>{"write asked", "write happened", "sync asked", "sync happened"});
}

}  // namespace
}  // namespace shoal::sim

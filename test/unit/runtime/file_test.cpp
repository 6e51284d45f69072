#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <fstream>

#include "test/unit/runtime/runtime_rig.h"

using namespace shoal;
using namespace shoal::test;

namespace {

// Every test here runs with both engines.
struct FileRig : RuntimeRig {
  FileRig() : FileRig(GENERATE(FileEngine::uring, FileEngine::threads)) {}
  explicit FileRig(FileEngine engine) : RuntimeRig(engine) { REQUIRE(runtime.file_engine() == engine); }

  std::unique_ptr<File> open(const std::string& path, bool create = true) {
    auto file = runtime.open_file(path, create);
    REQUIRE(file.has_value());
    return std::move(*file);
  }
  template <class Start>
  Result<void, FileError> outcome(Start start) {
    std::optional<Result<void, FileError>> result;
    start([&](Result<void, FileError> outcome) { result = outcome; });
    CHECK_FALSE(result);  // never inside the call
    REQUIRE(run_until([&] { return result.has_value(); }));
    return *result;
  }
  Result<void, FileError> write(File& file, std::uint64_t offset, Slices data, SyncMode mode = SyncMode::none) {
    return outcome([&](auto done) { file.write(offset, std::move(data), mode, std::move(done)); });
  }
  std::string read(File& file, std::uint64_t offset, std::size_t size) {
    std::vector<std::byte> buffer(size);
    std::optional<Result<std::size_t, FileError>> result;
    file.read(offset, buffer, [&](Result<std::size_t, FileError> outcome) { result = outcome; });
    CHECK_FALSE(result);
    REQUIRE(run_until([&] { return result.has_value(); }));
    return std::string(as_text(ByteSpan(buffer).first(**result)));
  }

  TemporaryFolder folder;
};

struct UringRig : FileRig {
  UringRig() : FileRig(FileEngine::uring) {}
};

}  // namespace

TEST_CASE("what was written is read, and a read at the end is short") {
  FileRig rig;
  const auto file = rig.open(rig.folder / "a");
  REQUIRE(rig.write(*file, 4096, {Slice::copy_of("hello "), Slice(), Slice::copy_of("world")}).has_value());
  CHECK(rig.read(*file, 4096, 100) == "hello world");
  CHECK(rig.read(*file, 4102, 5) == "world");
  CHECK(rig.read(*file, 0, 3) == std::string(3, '\0'));
  CHECK(rig.read(*file, 1 << 20, 3).empty());
  CHECK(*rig.runtime.file_size(rig.folder / "a") == 4107);
}

TEST_CASE("durable writes and fdatasync complete, as does the sync of a folder") {
  FileRig rig;
  const auto file = rig.open(rig.folder / "a");
  CHECK(rig.write(*file, 0, {Slice::copy_of("durable")}, SyncMode::data).has_value());
  CHECK(rig.outcome([&](auto done) { file->sync(std::move(done)); }).has_value());
  CHECK(rig.outcome([&](auto done) { rig.runtime.sync_directory(rig.folder.path(), std::move(done)); }).has_value());
  const auto missing =
      rig.outcome([&](auto done) { rig.runtime.sync_directory(rig.folder / "none", std::move(done)); });
  CHECK(missing.error() == FileError::not_found);
}

TEST_CASE("a gathered write of more slices than one system call takes is whole") {
  FileRig rig;
  const auto file = rig.open(rig.folder / "a");
  Slices many;
  std::string all;
  for (int i = 0; i < 3000; ++i) {
    many.push_back(Slice::copy_of(std::to_string(i)));
    all += std::to_string(i);
  }
  REQUIRE(rig.write(*file, 0, std::move(many)).has_value());
  CHECK(rig.read(*file, 0, all.size() + 1) == all);
}

TEST_CASE("a punched range reads as zeros, its neighbours stay, and the size too") {
  FileRig rig;
  const auto file = rig.open(rig.folder / "a");
  REQUIRE(rig.write(*file, 0, {Slice::copy_of(std::string(12288, 'x'))}).has_value());
  REQUIRE(rig.outcome([&](auto done) { file->punch(4096, 4096, std::move(done)); }).has_value());
  CHECK(rig.read(*file, 0, 12288) == std::string(4096, 'x') + std::string(4096, '\0') + std::string(4096, 'x'));
  REQUIRE(rig.outcome([&](auto done) { file->punch(8192, 1 << 20, std::move(done)); }).has_value());
  CHECK(*rig.runtime.file_size(rig.folder / "a") == 12288);
}

TEST_CASE("more operations than the ring has room for all complete") {
  FileRig rig;
  const auto file = rig.open(rig.folder / "a");
  constexpr int kCount = 3000;
  int written = 0;
  for (int i = 0; i < kCount; ++i) {
    file->write(i * 8, {Slice::copy_of(fmt::format("{:08}", i))}, SyncMode::none,
                [&](Result<void, FileError> result) { written += result.has_value(); });
  }
  REQUIRE(rig.run_until([&] { return written == kCount; }));
  std::vector<std::array<std::byte, 8>> buffers(kCount);
  int right = 0, done = 0;
  for (int i = 0; i < kCount; ++i) {
    file->read(i * 8, buffers[i], [&, i](Result<std::size_t, FileError> result) {
      ++done;
      right += result && as_text(buffers[i]) == fmt::format("{:08}", i);
    });
  }
  REQUIRE(rig.run_until([&] { return done == kCount; }));
  CHECK(right == kCount);
}

TEST_CASE("a completion may start the next operation, and the loop sleeps in between") {
  FileRig rig;
  const auto file = rig.open(rig.folder / "a");
  int count = 0;
  std::function<void()> next = [&] {
    file->write(0, {Slice::copy_of("x")}, SyncMode::data, [&](Result<void, FileError> result) {
      if (result && ++count < 20) next();
    });
  };
  next();
  CHECK(rig.run_until([&] { return count == 20; }));
}

TEST_CASE("a full device says so") {
  FileRig rig;
  const auto file = rig.open("/dev/full", false);
  CHECK(rig.write(*file, 0, {Slice::copy_of("x")}).error() == FileError::no_space);
}

TEST_CASE("a file of bounded size says that it is full") {
  FileRig rig;
  const auto file = rig.open(rig.folder / "a");
  CHECK(rig.write(*file, std::uint64_t{1} << 62, {Slice::copy_of("x")}).error() == FileError::no_space);
}

TEST_CASE("what cannot be opened is told apart") {
  FileRig rig;
  CHECK(rig.runtime.open_file(rig.folder / "none", false).error() == FileError::not_found);
  CHECK(rig.runtime.open_file(rig.folder.path(), false).error() == FileError::refused);
  std::ofstream(rig.folder / "plain") << "x";
  CHECK(rig.runtime.open_file(rig.folder / "plain/below", true).error() == FileError::refused);
}

TEST_CASE("a file destroyed with operations in flight calls nothing and leaves the reader's buffer alone") {
  FileRig rig;
  const std::string path = rig.folder / "a";
  REQUIRE(rig.write(*rig.open(path), 0, {Slice::copy_of(std::string(1 << 20, 'x'))}).has_value());
  bool called = false;
  const auto owned = std::make_shared<int>(1);
  for (int round = 0; round < 50; ++round) {
    std::vector<std::byte> buffer(1 << 16, std::byte{'-'});
    auto file = rig.open(path, false);
    for (int i = 0; i < 8; ++i) file->read(i * 4096, buffer, [&called, owned](auto) { called = true; });
    file->write(round * 4096, {Slice::copy_of(std::string(4096, 'y'))}, SyncMode::data,
                [&called, owned](auto) { called = true; });
    if (round % 2 == 0) rig.runtime.context().poll();  // begun, perhaps finished, but then told already
    if (called) {
      called = false;
      continue;
    }
    file.reset();
    std::fill(buffer.begin(), buffer.end(), std::byte{'-'});
    rig.runtime.context().poll();
    CHECK(std::count(buffer.begin(), buffer.end(), std::byte{'-'}) == static_cast<std::ptrdiff_t>(buffer.size()));
  }
  rig.settle();
  CHECK_FALSE(called);
  CHECK(owned.use_count() == 1);
}

TEST_CASE("destroying one file leaves the operations of another alone") {
  FileRig rig;
  auto first = rig.open(rig.folder / "a"), second = rig.open(rig.folder / "b");
  REQUIRE(rig.write(*first, 0, {Slice::copy_of("one")}).has_value());
  REQUIRE(rig.write(*second, 0, {Slice::copy_of("two")}).has_value());
  std::array<std::byte, 3> one, two;
  std::optional<std::size_t> read;
  first->read(0, one, [](auto) {});
  second->read(0, two, [&](Result<std::size_t, FileError> result) { read = *result; });
  first.reset();
  REQUIRE(rig.run_until([&] { return read.has_value(); }));
  CHECK(as_text(two) == "two");
}

TEST_CASE("a completion may destroy its own file and others") {
  FileRig rig;
  auto first = rig.open(rig.folder / "a"), second = rig.open(rig.folder / "b");
  int called = 0;
  std::array<std::byte, 8> one, two;
  const auto end_both = [&](auto) {
    ++called;
    first.reset();
    second.reset();
  };
  first->read(0, one, end_both);
  second->read(0, two, end_both);
  rig.settle();
  CHECK(called == 1);
}

TEST_CASE("a runtime may end while files are busy") {
  const auto engine = GENERATE(FileEngine::uring, FileEngine::threads);
  TemporaryFolder folder;
  bool called = false;
  std::vector<std::byte> buffer(4096);
  std::unique_ptr<File> file;
  {
    AsioRuntime runtime(engine);
    file = std::move(*runtime.open_file(folder / "a", true));
    for (int i = 0; i < 100; ++i) {
      file->write(i * 4096, {Slice::copy_of(std::string(4096, 'x'))}, SyncMode::data, [&](auto) { called = true; });
      file->read(0, buffer, [&](auto) { called = true; });
    }
    runtime.post([&] { runtime.stop(); });
    runtime.run();
    called = false;  // what was told before the end is right
  }
  CHECK_FALSE(called);
}

TEST_CASE("descriptors are closed with the file, and not inherited") {
  FileRig rig;
  const int before = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
  ::close(before);
  auto file = rig.open(rig.folder / "a");
  CHECK((::fcntl(before, F_GETFD) & FD_CLOEXEC) != 0);
  file.reset();
  rig.settle();
  CHECK(::fcntl(before, F_GETFD) == -1);
}

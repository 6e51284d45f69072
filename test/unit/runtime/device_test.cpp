#include <fcntl.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <cstdlib>
#include <fstream>

#include "test/unit/runtime/runtime_rig.h"

using namespace shoal;
using namespace shoal::test;

namespace {

// Memory that O_DIRECT takes.
class Blocks {
 public:
  explicit Blocks(std::size_t count, char fill = '-')
      : owner_(static_cast<std::byte*>(std::aligned_alloc(kDeviceBlockBytes, count * kDeviceBlockBytes)), std::free),
        bytes_(owner_.get(), count * kDeviceBlockBytes) {
    std::ranges::fill(bytes_, static_cast<std::byte>(fill));
  }
  MutableByteSpan bytes() { return bytes_; }
  Slice slice() const { return Slice::share(owner_, bytes_); }

 private:
  std::shared_ptr<std::byte> owner_;
  MutableByteSpan bytes_;
};

// Every test with it runs with both engines.
struct DeviceRig : RuntimeRig {
  DeviceRig() : RuntimeRig(GENERATE(FileEngine::uring, FileEngine::threads)) {}

  OpenDevice open(DeviceOpen how = DeviceOpen::create) {
    auto device = runtime.open_device(path, how);
    REQUIRE(device.has_value());
    return std::move(*device);
  }
  std::optional<FileError> refusal(DeviceOpen how) {
    const auto device = runtime.open_device(path, how);
    return device ? std::optional<FileError>() : device.error();
  }
  std::uint64_t bytes_on_disk() const {
    struct stat status;
    REQUIRE(::stat(path.c_str(), &status) == 0);
    return static_cast<std::uint64_t>(status.st_blocks) * 512;
  }
  template <class T, class Start>
  Result<T, FileError> outcome(Start start) {
    std::optional<Result<T, FileError>> result;
    start([&](Result<T, FileError> outcome) { result = outcome; });
    REQUIRE(run_until([&] { return result.has_value(); }));
    return *result;
  }
  bool write(File& file, std::uint64_t offset, Slices data, SyncMode mode = SyncMode::data) {
    return outcome<void>([&](auto done) { file.write(offset, std::move(data), mode, std::move(done)); }).has_value();
  }
  // The first character of each block that is there.
  std::string read(File& file, std::uint64_t offset, std::size_t count) {
    Blocks into(count);
    const auto got = *outcome<std::size_t>([&](auto done) { file.read(offset, into.bytes(), std::move(done)); });
    std::string blocks;
    for (std::size_t at = 0; at < got; at += kDeviceBlockBytes) blocks += static_cast<char>(into.bytes()[at]);
    return blocks;
  }

  TemporaryFolder folder;
  std::string path = folder / "device";
};

constexpr std::uint64_t kBlock = kDeviceBlockBytes;

}  // namespace

TEST_CASE("whole blocks are written to a device and read from it, durably or followed by a sync") {
  DeviceRig rig;
  auto device = rig.open();
  CHECK(device.bytes == 0);
  CHECK(rig.write(*device.file, 0, {Blocks(1, 'a').slice(), Blocks(2, 'b').slice()}));
  CHECK(rig.write(*device.file, 3 * kBlock, {Blocks(1, 'c').slice()}, SyncMode::none));
  CHECK(rig.outcome<void>([&](auto done) { device.file->sync(std::move(done)); }).has_value());
  CHECK(rig.write(*device.file, kBlock, {Blocks(1, 'd').slice()}, SyncMode::none));
  CHECK(rig.read(*device.file, 0, 4) == "adbc");
}

TEST_CASE("memory of the runtime is written as a whole and in parts, and outlives the device") {
  DeviceRig rig;
  auto device = rig.open();
  const SharedBytes memory = rig.runtime.device_memory(3 * kBlock);
  for (std::size_t i = 0; i < 3 * kBlock; ++i) memory[i] = static_cast<std::byte>('a' + i / kBlock);
  const auto blocks = [&](std::size_t first, std::size_t count) {
    return Slice::share(memory, {memory.get() + first * kBlock, count * kBlock});
  };
  CHECK(rig.write(*device.file, 0, {blocks(0, 3)}));
  CHECK(rig.write(*device.file, 3 * kBlock, {blocks(1, 1)}, SyncMode::none));
  CHECK(rig.write(*device.file, 4 * kBlock, {blocks(2, 1), blocks(0, 1)}, SyncMode::none));
  CHECK(rig.read(*device.file, 0, 6) == "abcbca");
  device.file.reset();
  CHECK(memory[0] == std::byte{'a'});
}

TEST_CASE("a device that is a file grows where it is written, and a read at its end is short") {
  DeviceRig rig;
  auto device = rig.open();
  CHECK(rig.write(*device.file, 4 * kBlock, {Blocks(2, 'x').slice()}));
  CHECK(rig.read(*device.file, 3 * kBlock, 8) == std::string("\0xx", 3));
  CHECK(rig.read(*device.file, 6 * kBlock, 1).empty());
  device.file.reset();
  CHECK(rig.open(DeviceOpen::existing).bytes == 6 * kBlock);
}

TEST_CASE("a device whose end is no whole block is read up to there") {
  DeviceRig rig;
  std::ofstream(rig.path) << std::string(kBlock + 700, 'x');
  auto device = rig.open(DeviceOpen::existing);
  CHECK(device.bytes == kBlock + 700);
  Blocks into(2);
  const auto got = rig.outcome<std::size_t>([&](auto done) { device.file->read(0, into.bytes(), std::move(done)); });
  REQUIRE(got.has_value());
  CHECK(*got == kBlock + 700);
}

TEST_CASE("a file with holes gets its space when it is opened for writing, and keeps its content") {
  DeviceRig rig;
  std::ofstream(rig.path) << std::string(kBlock, 'a') << std::string(kBlock, 'b');
  std::filesystem::resize_file(rig.path, 64 * kBlock);
  std::fstream(rig.path, std::ios::in | std::ios::out).seekp(32 * kBlock) << std::string(kBlock, 'c');
  CHECK(rig.open(DeviceOpen::read_only).bytes == 64 * kBlock);
  CHECK(rig.bytes_on_disk() < 64 * kBlock);
  auto device = rig.open(DeviceOpen::existing);
  CHECK(device.bytes == 64 * kBlock);
  CHECK(rig.bytes_on_disk() >= 64 * kBlock);
  CHECK(rig.read(*device.file, 0, 3) == std::string("ab\0", 3));
  CHECK(rig.read(*device.file, 31 * kBlock, 3) == std::string("\0c\0", 3));
}

TEST_CASE("a file whose holes the file system has no room for is refused, and takes none of it") {
  DeviceRig rig;
  std::ofstream(rig.path) << std::string(kBlock, 'a');
  std::filesystem::resize_file(rig.path, std::filesystem::space(rig.path).free + (std::uintmax_t{1} << 30));
  CHECK(rig.refusal(DeviceOpen::existing) == FileError::no_space);
  CHECK(rig.bytes_on_disk() == kBlock);
  CHECK_FALSE(rig.refusal(DeviceOpen::read_only).has_value());
}

TEST_CASE("only create makes a device, and it keeps what is there") {
  DeviceRig rig;
  CHECK(rig.refusal(DeviceOpen::existing) == FileError::not_found);
  CHECK(rig.refusal(DeviceOpen::read_only) == FileError::not_found);
  CHECK(rig.write(*rig.open().file, 0, {Blocks(1, 'a').slice()}));
  rig.settle();
  CHECK(rig.read(*rig.open().file, 0, 1) == "a");
}

TEST_CASE("one opener writes and nobody else opens; several read together") {
  DeviceRig rig;
  {
    const auto writer = rig.open();
    for (const auto how : {DeviceOpen::existing, DeviceOpen::create, DeviceOpen::read_only}) {
      CHECK(rig.refusal(how) == FileError::in_use);
    }
  }
  const auto reader = rig.open(DeviceOpen::read_only), other = rig.open(DeviceOpen::read_only);
  CHECK(rig.refusal(DeviceOpen::existing) == FileError::in_use);
}

TEST_CASE("who opened a device to read it cannot write") {
  DeviceRig rig;
  CHECK(rig.write(*rig.open().file, 0, {Blocks(1, 'a').slice()}));
  rig.settle();
  auto device = rig.open(DeviceOpen::read_only);
  CHECK_FALSE(rig.write(*device.file, 0, {Blocks(1, 'b').slice()}));
  CHECK(rig.read(*device.file, 0, 1) == "a");
}

TEST_CASE("what is neither a file nor a block device is refused, without being opened") {
  DeviceRig rig;
  const auto how = GENERATE(DeviceOpen::existing, DeviceOpen::create, DeviceOpen::read_only);
  const auto refused_at = [&](const std::string& path) {
    const auto device = rig.runtime.open_device(path, how);
    return !device && device.error() == FileError::refused;
  };
  CHECK(refused_at(rig.folder.path()));
  CHECK(refused_at("/dev/null"));
  const std::string fifo = rig.folder / "fifo";
  REQUIRE(::mkfifo(fifo.c_str(), 0600) == 0);
  CHECK(refused_at(fifo));
}

TEST_CASE("links are followed, to a device that is there and to one that is to be made") {
  DeviceRig rig;
  std::filesystem::create_symlink(rig.folder / "target", rig.path);
  CHECK(rig.refusal(DeviceOpen::existing) == FileError::not_found);
  CHECK(rig.write(*rig.open().file, 0, {Blocks(1, 'a').slice()}));
  rig.settle();
  CHECK(rig.open(DeviceOpen::existing).bytes == kBlock);
  CHECK(*rig.runtime.file_size(rig.folder / "target") == kBlock);
}

TEST_CASE("a device says on what file system it lies") {
  DeviceRig rig;
  const DeviceFacts facts = rig.open().facts;
  CHECK_FALSE(facts.block_device);
  CHECK_FALSE(facts.file_system.empty());
}

TEST_CASE("where O_DIRECT is refused the page cache serves, and the device says so") {
  const auto device = AsioRuntime(FileEngine::threads).open_device("/sys/kernel/uevent_seqnum", DeviceOpen::read_only);
  REQUIRE(device.has_value());
  CHECK_FALSE(device->facts.direct);
  CHECK(device->facts.file_system == "sysfs");
}

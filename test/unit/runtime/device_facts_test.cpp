#include "target/runtime/device_facts.h"

#include <catch2/catch.hpp>

#include "target/runtime/device_inquiry.h"

using namespace shoal;

namespace {

const DeviceFacts kSoundFile{.direct = true, .file_system = "ext4", .write_cache = WriteCache::write_back, .fua = true};

bool warns_of(const DeviceFacts& facts, std::string_view word) {
  const auto warnings = durability_warnings(facts);
  return warnings.size() == 1 && warnings[0].find(word) != std::string::npos;
}

template <class Change>
DeviceFacts sound_but(Change change) {
  DeviceFacts facts = kSoundFile;
  change(facts);
  return facts;
}

constexpr std::string_view kMounts =
    "27 1 254:0 / / rw,relatime shared:1 master:3 - ext4 /dev/vda rw,discard,nobarrier\n"
    "28 27 0:25 / /dev/shm rw,nosuid - tmpfs tmpfs rw,size=64k\n"
    "127 27 0:44 /store /store rw - btrfs /dev/sdb1 rw,space_cache=v2,subvol=/store\n"
    "broken line\n"
    "29 27 0:26 / /nothing rw - \n";

}  // namespace

TEST_CASE("a device that is asked directly and flushed promises all that a store needs") {
  CHECK(durability_warnings(kSoundFile).empty());
  CHECK(durability_warnings(sound_but([](auto& facts) { facts.fua = false; })).empty());
  CHECK(durability_warnings({.block_device = true, .direct = true, .write_cache = WriteCache::write_through}).empty());
}

TEST_CASE("what makes durable worth less is told, each in its sentence") {
  CHECK(warns_of(sound_but([](auto& facts) { facts.file_system = "tmpfs"; }), "memory"));
  CHECK(warns_of(sound_but([](auto& facts) { facts.file_system = "overlay"; }), "overlay"));
  CHECK(warns_of(sound_but([](auto& facts) { facts.flushes = false; }), "nobarrier"));
  CHECK(warns_of(sound_but([](auto& facts) { facts.write_cache = WriteCache::unknown; }), "write cache"));
  CHECK(warns_of(sound_but([](auto& facts) { facts.direct = false; }), "O_DIRECT"));
  CHECK(durability_warnings({}).size() == 2);
}

TEST_CASE("a mount without flushes costs nothing where there is no cache to flush") {
  CHECK(durability_warnings(sound_but([](auto& facts) {
          facts.flushes = false;
          facts.write_cache = WriteCache::write_through;
        })).empty());
}

TEST_CASE("the facts of a device are one line") {
  CHECK(describe(kSoundFile) == "file on ext4, O_DIRECT, write cache: write back, FUA: yes");
  CHECK(describe({.block_device = true}) == "block device, page cache, write cache: not known, FUA: no");
}

TEST_CASE("a mount is found by its id, with the options of both kinds") {
  CHECK(posix::find_mount(kMounts, 27) ==
        posix::Mount{"ext4", "/dev/vda", {"rw", "relatime", "rw", "discard", "nobarrier"}});
  CHECK(posix::find_mount(kMounts, 127)->source == "/dev/sdb1");
  CHECK(posix::find_mount(kMounts, 28)->file_system == "tmpfs");
  CHECK_FALSE(posix::find_mount(kMounts, 29));
  CHECK_FALSE(posix::find_mount(kMounts, 2));
  CHECK_FALSE(posix::find_mount("", 27));
}

TEST_CASE("options that keep syncs from the device are known") {
  CHECK(posix::flushes_device({"rw", "relatime", "barrier=1"}));
  CHECK_FALSE(posix::flushes_device({"rw", "nobarrier"}));
  CHECK_FALSE(posix::flushes_device({"rw", "barrier=0"}));
  CHECK_FALSE(posix::flushes_device({"rw", "lowerdir=/a", "volatile"}));
}

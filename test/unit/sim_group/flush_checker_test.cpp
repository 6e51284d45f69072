// Which writes a flush must cover, told from what a disk did.
#include <catch2/catch.hpp>

#include "test/sim/group/flush_checker.h"
#include "test/sim/world.h"

namespace shoal::sim {
namespace {

struct Disks {
  World world{1};
  Host& host = world.add_host("m1", {"10.0.0.1"});
  BlockChecker moments;
  FlushChecker checker{moments};
  std::uint64_t next = 1;

  void tell(DiskCall call, DiskEvent::Phase phase, std::uint64_t number, const std::string& path, bool durable = false) {
    checker.on_disk({.phase = phase, .number = number, .host = &host, .call = call, .path = path, .durable = durable});
  }
  void write(const std::string& path, bool durable = false) {
    tell(DiskCall::write, DiskEvent::Phase::asked, next, path, durable);
    tell(DiskCall::write, DiskEvent::Phase::happened, next++, path, durable);
  }
  std::uint64_t begin_sync(const std::string& path) {
    tell(DiskCall::sync, DiskEvent::Phase::asked, next, path);
    return next++;
  }
  void end_sync(const std::string& path, std::uint64_t number, bool failed = false) {
    tell(DiskCall::sync, failed ? DiskEvent::Phase::failed : DiskEvent::Phase::happened, number, path);
  }
  bool honest(Moment begin) const { return !checker.flush_acknowledged(begin); }
};

TEST_CASE("a flush is honest when every file that was written before it has been synced") {
  Disks disks;
  disks.write("/a");
  disks.write("/b");
  const Moment flush = disks.moments.next_moment();
  disks.end_sync("/a", disks.begin_sync("/a"));
  CHECK_FALSE(disks.honest(flush));
  disks.end_sync("/b", disks.begin_sync("/b"));
  CHECK(disks.honest(flush));
}

TEST_CASE("a sync that was asked for before the write, failed, or has not returned covers nothing") {
  Disks disks;
  const auto early = disks.begin_sync("/a");
  disks.write("/a");
  const Moment flush = disks.moments.next_moment();
  disks.end_sync("/a", early);
  CHECK_FALSE(disks.honest(flush));
  disks.end_sync("/a", disks.begin_sync("/a"), true);
  CHECK_FALSE(disks.honest(flush));
  const auto last = disks.begin_sync("/a");
  CHECK_FALSE(disks.honest(flush));
  disks.end_sync("/a", last);
  CHECK(disks.honest(flush));
}

TEST_CASE("a flush answers for what came before it, and durable writes need none") {
  Disks disks;
  disks.write("/a", true);
  const Moment flush = disks.moments.next_moment();
  disks.write("/a");
  CHECK(disks.honest(flush));
  CHECK_FALSE(disks.honest(disks.moments.next_moment()));
}

}  // namespace
}  // namespace shoal::sim

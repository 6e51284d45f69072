#include "cluster/last_record.h"

#include <catch2/catch.hpp>

#include "test/unit/cluster/fake_meta.h"
#include "test/unit/cluster/virtual_runtime.h"

using namespace shoal;
using namespace shoal::cluster;
using namespace shoal::test;

namespace {

constexpr MemberId kSelf{3};

struct Reader {
  Reader(VirtualRuntime& runtime, FakeMeta& meta) : door(runtime, meta), last(runtime, door, kSelf) {}
  void read() {
    last.read([this](std::optional<MemberRecord> record) {
      ++answers;
      found = std::move(record);
    });
  }
  MetaDoor door;
  LastRecord last;
  int answers = 0;
  std::optional<MemberRecord> found;
};

MemberRecord record_of(std::uint64_t incarnation) {
  MemberRecord record;
  record.id = kSelf;
  record.incarnation = incarnation;
  return record;
}

}  // namespace

TEST_CASE("a member that was never here, or whose record nobody can read, has no last record") {
  VirtualRuntime runtime;
  FakeMeta meta;
  for (const char* text : {"", "rubbish"}) {
    if (*text) meta.put(member_key(kSelf), text);
    Reader reader(runtime, meta);
    reader.read();
    runtime.run_for(1s);
    CHECK(reader.answers == 1);
    CHECK_FALSE(reader.found);
  }
}

TEST_CASE("the last record is the newest, whatever becomes of a call") {
  for (const Fault fault : {Fault::request_lost, Fault::answer_lost, Fault::late, Fault::stale}) {
    for (int lost = 1; lost <= 3; ++lost) {
      CAPTURE(static_cast<int>(fault), lost);
      VirtualRuntime runtime;
      FakeMeta meta;
      for (std::uint64_t n = 1; n <= 9; ++n) meta.put(member_key(kSelf), encode(record_of(n)));
      Reader reader(runtime, meta);
      reader.door.fault = [=](int call) { return call == lost ? fault : Fault::none; };
      reader.read();
      runtime.run_for(10s);
      CHECK(reader.answers == 1);
      CHECK(reader.found == record_of(9));
    }
  }
}

// The bound on open files, and the log of promises: parts of the file store.
#include "routing/page_files.h"

#include <catch2/catch.hpp>

#include "routing/bounded_run.h"
#include "routing/group_commit.h"
#include "routing/promise_log.h"
#include "routing/stored_chunks.h"
#include "test/sim/world.h"
#include "test/unit/routing/failing_runtime.h"
#include "test/unit/routing/store_rig.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

struct Files {
  sim::World world{1};
  sim::Host& host = world.add_host("a", {"10.0.0.1"});
  FailingRuntime runtime{host.runtime()};
  StoreFolder folder = *StoreFolder::open(runtime, "/store");
  std::optional<FileError> failure;
  PageFiles files;
  explicit Files(std::size_t limit) : files(runtime, folder, limit, [this](FileError error) { failure = error; }) {}

  Answer<PageFile*> open(std::uint64_t index) {
    Answer<PageFile*> answer;
    files.open(page_of(7, index), true, [answer](Result<PageFile*, FileError> file) { *answer.slot = *file; });
    return answer;
  }
  void write(PageFile& file) {
    bool done = false;
    file.file->write(0, filled(512, 'a'), SyncMode::none, [&](auto) { done = true; });
    world.run_until([&] { return done; }, 1s);
    file.debt.add();
  }
};

}  // namespace

// ---- page files -------------------------------------------------------------------------------------------------

TEST_CASE("no more files are open than allowed; the least recently used one is closed") {
  Files f(3);
  for (std::uint64_t i = 0; i < 3; ++i) f.files.release(*f.open(i).get());
  f.files.release(*f.open(0).get());
  f.files.release(*f.open(9).get());
  CHECK(f.runtime.open_files() == 3);
  const auto before = f.runtime.open_files();
  f.files.release(*f.open(0).get());  // was used lately: still open
  CHECK(f.runtime.open_files() == before);
}

TEST_CASE("a file in use is not closed; who wants another one waits for a release") {
  Files f(2);
  PageFile* first = f.open(0).get();
  f.open(1);
  const auto third = f.open(2);
  CHECK_FALSE(third.has());
  CHECK(f.open(1).has());  // is open already
  f.files.release(*first);
  CHECK(third.has());
  CHECK(f.runtime.most_open_files() == 2);
}

TEST_CASE("a file that owes a sync is synced before it is closed") {
  Files f(2);
  for (std::uint64_t i = 0; i < 2; ++i) {
    PageFile* file = f.open(i).get();
    f.write(*file);
    f.files.release(*file);
  }
  CHECK(f.files.owing().size() == 2);
  const auto third = f.open(2);
  CHECK_FALSE(third.has());
  CHECK(f.world.run_until([&] { return third.has(); }, 1s));
  f.world.run_for(1s);
  CHECK(f.files.owing().empty());
  CHECK(f.runtime.most_open_files() == 2);
}

TEST_CASE("a write-back that fails is told, and whoever waits can be told") {
  Files f(1);
  PageFile* file = f.open(0).get();
  f.write(*file);
  f.files.release(*file);
  f.host.disk().fail_next(sim::DiskCall::sync, FileError::io);
  std::optional<FileError> told;
  f.files.open(page_of(7, 1), true, [&](auto result) { told = result.error(); });
  f.files.fail_waiting(FileError::refused);
  f.world.run_for(1s);
  CHECK(f.failure == FileError::io);
  CHECK(told == FileError::refused);
}

TEST_CASE("a write that ends while the file is being synced is still owed") {
  Files f(2);
  PageFile* file = f.open(0).get();
  f.write(*file);
  bool synced = false;
  f.files.sync(*file, [&](auto) { synced = true; });
  file->debt.add();
  f.world.run_until([&] { return synced; }, 1s);
  CHECK(file->debt.owed());
}

TEST_CASE("a dropped image's file is closed with its last user") {
  Files f(4);
  PageFile* file = f.open(0).get();
  f.files.release(*f.open(1).get());
  f.files.drop(ImageId{7});
  CHECK(f.runtime.open_files() == 1);
  CHECK(f.files.owing_folders().empty());
  f.files.release(*file);
  CHECK(f.runtime.open_files() == 0);
}

TEST_CASE("a page of an earlier process owes a sync, unless its image is dropped while that waits") {
  Files f(1);
  f.files.found(page_of(8, 0));
  f.files.found(page_of(9, 0));
  CHECK(f.files.owing() == std::vector<PageId>{page_of(8, 0), page_of(9, 0)});
  PageFile* file = f.open(0).get();
  StoreOutcome dropped = StoreError::stale, vanished = StoreError::stale;
  const auto into = [](StoreOutcome& outcome) {
    return [&outcome](Result<void, FileError> result) {
      outcome = result ? StoreOutcome() : StoreOutcome(StoreError::out_of_service);
    };
  };
  f.files.sync_page(page_of(8, 0), into(dropped));
  f.files.sync_page(page_of(9, 0), into(vanished));  // nobody dropped it: its file should be there
  f.files.drop(ImageId{8});
  f.files.release(*file);
  CHECK_FALSE(dropped);
  CHECK(vanished == StoreError::out_of_service);
}

// ---- group commit, bounded runs ---------------------------------------------------------------------------------

TEST_CASE("who asks during a round is answered by the next one, with its result") {
  int rounds = 0;
  GroupCommit commit([&] { ++rounds; });
  StoreDone first, second, third;
  commit.ask(first.taker());
  commit.ask(second.taker());
  commit.ask(third.taker());
  CHECK(rounds == 1);
  commit.finished({});
  CHECK(first.ok());
  CHECK_FALSE(second.has());
  CHECK(rounds == 2);
  commit.finished(StoreError::no_space);
  CHECK(second.error() == StoreError::no_space);
  CHECK(third.error() == StoreError::no_space);
  CHECK(rounds == 2);
}

TEST_CASE("a bounded run keeps so many under way, and ends with an error if one has failed") {
  std::vector<BoundedRun::Done> under_way;
  std::vector<BoundedRun::Task> tasks;
  for (int i = 0; i < 5; ++i) tasks.push_back([&](BoundedRun::Done done) { under_way.push_back(std::move(done)); });
  tasks.push_back([](BoundedRun::Done done) { done({}); });
  std::optional<FileError> ended;
  BoundedRun::start(std::move(tasks), 2, [&](Result<void, FileError> result) { ended = result.error(); });
  for (std::size_t i = 0; i < 5; ++i) {
    CHECK(under_way.size() == std::min<std::size_t>(i + 2, 5));
    CHECK_FALSE(ended);
    under_way[i](i == 1 ? Result<void, FileError>(FileError::io) : Result<void, FileError>());
  }
  CHECK(ended == FileError::io);
}

TEST_CASE("a bounded run of nothing, or of what ends at once, ends at once") {
  for (const std::size_t count : {0, 3}) {
    std::vector<BoundedRun::Task> tasks;
    for (std::size_t i = 0; i < count; ++i) tasks.push_back([](BoundedRun::Done done) { done({}); });
    int ended = 0;
    BoundedRun::start(std::move(tasks), 2, [&](Result<void, FileError> result) { ended += result.has_value(); });
    CHECK(ended == 1);
  }
}

// ---- promises ---------------------------------------------------------------------------------------------------

namespace {

PageRecord fence_record(std::uint64_t image, std::uint8_t nexus, std::uint64_t generation) {
  return {.kind = RecordKind::fence,
          .page = {.image = ImageId{image}},
          .origin = {.nexus = nexus_id(nexus), .generation = Generation{generation}}};
}

}  // namespace

TEST_CASE("a log of promises gives back what went in") {
  const std::vector<PageRecord> records{
      {.kind = RecordKind::voided, .page = page_of(7, 9), .version = {Epoch{2}, 0}, .attempt = 6},
      {.kind = RecordKind::promise, .page = page_of(7, 3), .version = {Epoch{4}, 0}},
      fence_record(7, 1, std::uint64_t{5} << 32 | 1),
  };
  Promises promises;
  const std::string log = encode_promises(records);
  CHECK(log.size() == 3 * kPromiseRecordBytes);
  CHECK(*replay_promises(log, promises) == log.size());
  CHECK(encode_promises(promises.records()) == log);
}

TEST_CASE("a record of the log is written as file_store_format.md shows it") {
  PageRecord record = fence_record(7, 0, std::uint64_t{5} << 32 | 1);
  for (std::uint8_t i = 0; i < 16; ++i) record.origin.nexus.bytes[i] = static_cast<std::uint8_t>(0x10 + i);
  std::string hex;
  for (const char c : encode_promises({record})) hex += fmt::format("{:02x}", static_cast<unsigned char>(c));
  CHECK(hex ==
        "53504c3103000000070000000000000000000000000000000000000000000000"
        "101112131415161718191a1b1c1d1e1f0100000005000000000000009f911372");
}

TEST_CASE("what a log says of an image before it was dropped is gone") {
  Promises promises;
  const std::string log = encode_promises({fence_record(7, 1, 5), fence_record(8, 1, 5)}) +
                          encode_dropped_image(ImageId{7}) + encode_promises({fence_record(7, 2, 1)});
  CHECK(*replay_promises(log, promises) == log.size());
  CHECK(promises.fences() ==
        std::vector<Fence>{{ImageId{7}, nexus_id(2), Generation{1}}, {ImageId{8}, nexus_id(1), Generation{5}}});
}

TEST_CASE("a log ends where it is torn, wherever that is, and whichever byte is damaged") {
  const std::string log = encode_promises({fence_record(7, 1, 5), fence_record(7, 2, 6)});
  for (std::size_t length = 0; length < log.size(); ++length) {
    Promises promises;
    CHECK(*replay_promises(std::string_view(log).substr(0, length), promises) ==
          length / kPromiseRecordBytes * kPromiseRecordBytes);
  }
  for (std::size_t at = 0; at < log.size(); ++at) {
    std::string damaged = log;
    damaged[at] = static_cast<char>(damaged[at] ^ 4);
    Promises promises;
    CHECK(*replay_promises(damaged, promises) == at / kPromiseRecordBytes * kPromiseRecordBytes);
  }
}

TEST_CASE("a log that has grown is written anew with what still counts, and nothing is lost on the way") {
  sim::World world(1);
  sim::Host& host = world.add_host("a", {"10.0.0.1"});
  Runtime& runtime = host.runtime();
  REQUIRE(runtime.replace_whole("/promises.log", "").has_value());
  Promises promises;
  auto log = *PromiseLog::open(runtime, "/promises.log", 0, promises);
  const std::uint64_t count = kCompactPromisesAtBytes / kPromiseRecordBytes + 10;
  std::vector<PageRecord> many;
  for (std::uint64_t i = 1; i <= count; ++i) {
    many.push_back(fence_record(7, static_cast<std::uint8_t>(1 + i % 10), i));
    REQUIRE(promises.add(many.back()).has_value());
  }
  StoreDone grown, written_anew, appended;
  log->append(many, grown.taker());
  world.run_until([&] { return grown.has(); }, 1s);
  CHECK(host.disk().content("/promises.log").size() == count * kPromiseRecordBytes);
  const auto add = [&](std::uint64_t generation, StoreDone& done) {
    const PageRecord record = fence_record(7, 1, generation);
    REQUIRE(promises.add(record).has_value());
    log->append({record}, done.taker());
    world.run_until([&] { return done.has(); }, 1s);
  };
  add(count + 1, written_anew);
  CHECK(host.disk().content("/promises.log").size() == 10 * kPromiseRecordBytes);
  add(count + 2, appended);
  Promises replayed;
  const std::string text = host.disk().content("/promises.log");
  CHECK(*replay_promises(text, replayed) == 11 * kPromiseRecordBytes);
  CHECK(replayed.fences() == promises.fences());
}

// ---- chunks -----------------------------------------------------------------------------------------------------

TEST_CASE("a chunk may hold data from its first write until it is cleared as a whole") {
  StoredChunks chunks;
  const PageId page = page_of(7, 1);
  CHECK_FALSE(chunks.any(page, 0, 10 * kChunkBytes));
  chunks.mark(page, kChunkBytes - 1, 2);
  chunks.clear(page, 0, kChunkBytes - 1);
  CHECK(chunks.any(page, 0, 1));
  chunks.clear(page, 0, kChunkBytes);
  CHECK_FALSE(chunks.any(page, 0, kChunkBytes));
  CHECK(chunks.any(page, kChunkBytes, 512));
  CHECK(chunks.list(ImageId{7}, {}, 10) == std::vector<StoredPage>{{PageIndex{1}, kChunkBytes}});
  CHECK(chunks.contains(page));
  CHECK(chunks.bytes() == kChunkBytes);
  chunks.mark(page_of(8, 0), 0, 1);
  chunks.drop(ImageId{7});
  CHECK(chunks.bytes() == kChunkBytes);
  CHECK_FALSE(chunks.contains(page));
  CHECK(chunks.images() == std::vector<ImageId>{ImageId{8}});
}

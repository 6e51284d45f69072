// What a journal is replayed to where the device does not give all of it.
#include "routing/journal_store/replay.h"

#include <catch2/catch.hpp>

#include <set>

#include "test/unit/journal_store/damaged_store.h"
#include "test/unit/journal_store/format_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::test;

namespace {

// Bytes that are only read, but for blocks that are not given.
class BadFile final : public File {
 public:
  BadFile(const std::string& bytes, const std::set<std::uint64_t>& bad) : bytes_(bytes), bad_(bad) {}
  void read(std::uint64_t offset, MutableByteSpan into, Completion<Result<std::size_t, FileError>> done) override {
    const auto bad = bad_.lower_bound(offset / kBlock);
    if (bad != bad_.end() && *bad * kBlock < offset + into.size()) return done(FileError::io);
    std::ranges::copy(as_bytes(bytes_).subspan(offset, into.size()), into.begin());
    done(into.size());
  }
  void write(std::uint64_t, Slices, SyncMode, Completion<Result<void, FileError>> done) override {
    done(FileError::refused);
  }
  void sync(Completion<Result<void, FileError>> done) override { done(FileError::refused); }
  void punch(std::uint64_t, std::uint64_t, Completion<Result<void, FileError>> done) override {
    done(FileError::refused);
  }

 private:
  const std::string& bytes_;
  const std::set<std::uint64_t>& bad_;
};

// A store that was killed with four frames of one block behind those that describe it.
struct KilledStore {
  KilledStore() {
    rig.close();
    rig.open();
    for (int i = 0; i < 4; ++i) REQUIRE_FALSE(rig.write(kOther, 0, kBlock, 'c' + i).has_value());
    rig.kill();
    bytes = rig.bytes();
    from = rig.superblock();
    const std::string node = bytes.substr(byte_of(from.catalog.at) + kNodeHeaderBytes, from.catalog_bytes);
    catalog = *decode_catalog(node);
  }
  // Of the frame that wrote this.
  std::uint64_t data_block(char value) const { return bytes.find(std::string(kBlock, value)) / kBlock; }
  std::uint64_t last_of_ring() const { return block_of_ring(from.journal_chunks * kBlocksPerChunk - 1).value; }

  Result<Replay::Outcome, ReplayFault> replay() {
    Device device(rig.host.runtime(), std::make_unique<BadFile>(bytes, bad), kPath, Log());
    Ledger ledger(device, from.store, std::size_t{1} << 20);
    ledger.space = Space(from.device_chunks, from.journal_chunks);
    ledger.catalog = catalog;
    std::optional<Result<Replay::Outcome, ReplayFault>> outcome;
    std::make_shared<Replay>(device, ledger, from)->run([&](auto result) { outcome = std::move(result); });
    REQUIRE(outcome.has_value());
    return *outcome;
  }

  DamagedStore rig;
  std::string bytes;
  Superblock from;
  Catalog catalog;
  std::set<std::uint64_t> bad;  // blocks of the device
};

}  // namespace

TEST_CASE("blocks of the journal that cannot be read where no frame is missing are passed over") {
  KilledStore store;
  const auto whole = store.replay();
  REQUIRE(whole.has_value());
  store.bad = {store.last_of_ring() - 7, store.last_of_ring()};
  const auto outcome = store.replay();
  REQUIRE(outcome.has_value());
  CHECK(outcome->end == whole->end);
  CHECK(outcome->frames == 4);
  CHECK(outcome->unreadable_blocks == 2);
}

TEST_CASE("a journal is not ended where the device does not give the head or the data of what may be the next frame") {
  for (const std::uint64_t before : {0, 1}) {
    KilledStore store;
    store.bad = {store.data_block('f') - before};
    const auto outcome = store.replay();
    REQUIRE_FALSE(outcome.has_value());
    CHECK(outcome.error().kind == ReplayFault::Kind::unreadable);
    CHECK(block_of_ring(outcome.error().block).value == *store.bad.begin());
    CHECK(outcome.error().frames == 3);
    CHECK_THAT(outcome.error().words, Catch::Contains(std::to_string(*store.bad.begin() * kBlock)));

    // Ended by a chain of its own, it goes on where the device can be read.
    store.from.chain = store.from.next_chain = journal::test::kChain;
    store.from.replay = outcome.error().end;
    const auto ended = store.replay();
    REQUIRE(ended.has_value());
    CHECK(ended->frames == 0);
  }
}

TEST_CASE("a block behind the journal's end where the next frame would begin may hold one") {
  KilledStore store;
  const auto whole = store.replay();
  REQUIRE(whole.has_value());
  store.bad = {block_of_ring(whole->end.block).value};
  const auto outcome = store.replay();
  REQUIRE_FALSE(outcome.has_value());
  CHECK(outcome.error().kind == ReplayFault::Kind::unreadable);
  CHECK(outcome.error().end.block == whole->end.block + 1);
}

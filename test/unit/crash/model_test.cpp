#include "test/crash/model.h"

#include <catch2/catch.hpp>

namespace shoal::crash {
namespace {

using namespace routing;

const PageId kPage{ImageId{1}, PageIndex{0}};
const BlockId kBlock{kPage, 0};

Operation write(OperationNumber number, std::uint32_t offset = 0, std::uint32_t length = 4096) {
  return {.number = number, .records = {{.page = kPage, .offset = offset, .length = length}}};
}

BlockValue value_of(OperationNumber operation) {
  BlockValue value;
  for (std::size_t sector = 0; sector < kBlockSectors; ++sector) value[sector] = stamp(operation, 0, sector);
  return value;
}

struct Seen {
  explicit Seen(const Model& model) : model(model) { all.promises[kPage] = {}; }
  bool allowed(const BlockValue& value) {
    all.blocks[kBlock] = value;
    return !model.difference(all);
  }
  const Model& model;
  Observation all;
};

TEST_CASE("a block is what was acknowledged, or what was asked for later") {
  Model model;
  model.ask(write(1));
  model.answered(1, Durability::durable);
  model.ask(write(2));
  Seen seen(model);
  CHECK(seen.allowed(value_of(1)));
  CHECK(seen.allowed(value_of(2)));
  CHECK_FALSE(seen.allowed({}));
  model.answered(2, Durability::durable);
  CHECK_FALSE(seen.allowed(value_of(1)));
}

TEST_CASE("a block is never torn") {
  Model model;
  model.ask(write(1));
  BlockValue torn = value_of(1);
  torn[3] = 0;
  CHECK_FALSE(Seen(model).allowed(torn));
}

TEST_CASE("what is applied is seen at once, and may be lost with the power until the next sync") {
  Model model;
  model.ask(write(1));
  model.answered(1, Durability::applied);
  CHECK_FALSE(Seen(model).allowed({}));
  Model without_sync = model;
  without_sync.power_lost();
  CHECK(Seen(without_sync).allowed({}));
  CHECK(Seen(without_sync).allowed(value_of(1)));
  model.synced(model.waiting_for_sync());
  model.power_lost();
  CHECK_FALSE(Seen(model).allowed({}));
}

TEST_CASE("a write of some sectors keeps the others, whichever of two outcomes those have") {
  Model model;
  model.ask(write(1));
  model.answered(1, Durability::durable);
  model.ask(write(2));  // fails: nobody knows
  model.ask(write(3, 512, 512));
  model.answered(3, Durability::durable);
  for (const OperationNumber below : {1, 2}) {
    BlockValue value = value_of(below);
    value[1] = stamp(3, 0, 1);
    CHECK(Seen(model).allowed(value));
    CHECK_FALSE(Seen(model).allowed(value_of(below)));
  }
}

TEST_CASE("what was read once stays") {
  Model model;
  model.ask(write(1));
  Seen seen(model);
  CHECK(seen.allowed(value_of(1)));
  model.observed(seen.all);
  CHECK_FALSE(seen.allowed({}));
}

TEST_CASE("promises and voids are kept from their answers on") {
  Model model;
  model.ask({.number = 1, .records = {{.kind = RecordKind::promise, .page = kPage, .version = {Epoch{3}, 0}}}});
  Seen seen(model);
  CHECK(seen.allowed({}));
  model.answered(1, Durability::durable);
  CHECK_FALSE(seen.allowed({}));
  seen.all.promises[kPage] = Epoch{3};
  CHECK(seen.allowed({}));
  CHECK(model.known_voids().empty());
  model.ask(
      {.number = 2, .records = {{.kind = RecordKind::voided, .page = kPage, .version = {Epoch{3}, 0}, .attempt = 4}}});
  CHECK(model.known_voids().empty());
  model.answered(2, Durability::durable);
  CHECK(model.known_voids().at(kPage) == PlacedVoid{Epoch{3}, 4});
}

TEST_CASE("a dropped image is gone, with its note") {
  Model model;
  model.ask({.kind = Operation::Kind::describe, .number = 1, .image = ImageId{1}, .note = {4096, "text"}});
  model.answered(1, Durability::durable);
  Seen seen(model);
  seen.all.notes[ImageId{1}] = std::nullopt;
  CHECK_FALSE(seen.allowed({}));
  model.ask({.kind = Operation::Kind::drop, .number = 2, .image = ImageId{1}});
  CHECK(seen.allowed({}));
  model.answered(2, Durability::durable);
  seen.all.images = {ImageId{1}};
  CHECK_FALSE(seen.allowed({}));
}

}  // namespace
}  // namespace shoal::crash

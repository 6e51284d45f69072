#include "routing/page_map.h"

#include <catch2/catch.hpp>

#include "target/base/crc32c.h"
#include "test/unit/routing/routing_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::test;

namespace {

using Counts = std::vector<std::pair<StoreId, std::uint64_t>>;

PageMap::Snapshot with(const PageMap::Snapshot& map, std::uint64_t index, const RoutingContainer& container,
                       std::uint64_t revision = 1) {
  const auto next = map->with_container(index, revision, encode(container));
  REQUIRE(next.has_value());
  return *next;
}

// The container as it is now, with that page at that store and epoch.
RoutingContainer moved(const PageMap::Snapshot& map, std::uint64_t page, StoreId to, std::uint32_t epoch) {
  RoutingContainer container = map->container(page / kPagesPerContainer);
  container.sets.push_back({.primary = to});
  auto& entry = container.pages[page % kPagesPerContainer];
  entry.set = static_cast<std::uint8_t>(container.sets.size() - 1);
  entry.epoch = Epoch{epoch};
  return container;
}

RoutingContainer rich_container() {
  return {.sets = {{.primary = store_id(1), .members = {store_id(2), store_id(3)}},
                   {.primary = store_id(4), .learner = Learner{store_id(5), 17, true}}},
          .pages = {{.set = 0, .epoch = Epoch{3}}, {.epoch = Epoch{1}}, {.set = 1, .epoch = Epoch{0xffffffff}}}};
}

std::string with_right_crc(std::string bytes) {
  bytes.resize(bytes.size() - 4);
  std::byte crc[4];
  store_le(MutableByteSpan(crc), 0, crc32c(as_bytes(bytes)));
  return bytes.append(as_text(crc));
}

}  // namespace

TEST_CASE("striped pages go round the stores") {
  const auto map = PageMap::make(ImageOf{.pages = 10, .stores = 3});
  for (std::uint64_t i = 0; i < 10; ++i) {
    CHECK(map->owner(PageIndex{i}) == Owner{store_id(static_cast<std::uint8_t>(i % 3 + 1)), kFirstEpoch});
  }
  CHECK(map->counts() == Counts{{store_id(1), 4}, {store_id(2), 3}, {store_id(3), 3}});
}

TEST_CASE("contiguous pages lie in runs, the last one shorter") {
  const auto map = PageMap::make(ImageOf{.pages = 10, .stores = 3, .rule = PlacementRule::contiguous});
  CHECK(map->default_store(PageIndex{3}) == store_id(1));
  CHECK(map->default_store(PageIndex{4}) == store_id(2));
  CHECK(map->default_store(PageIndex{9}) == store_id(3));
  CHECK(map->counts() == Counts{{store_id(1), 4}, {store_id(2), 4}, {store_id(3), 2}});
}

TEST_CASE("more stores than pages leave the last ones empty") {
  const auto map = PageMap::make(ImageOf{.pages = 2, .stores = 3, .rule = PlacementRule::contiguous});
  CHECK(map->counts() == Counts{{store_id(1), 1}, {store_id(2), 1}, {store_id(3), 0}});
}

TEST_CASE("the last page of an image may be shorter") {
  Image image = ImageOf{.pages = 2};
  image.size_bytes -= 4096;
  const auto map = PageMap::make(image);
  CHECK(map->page_length(PageIndex{0}) == kMinPageBytes);
  CHECK(map->page_length(PageIndex{1}) == kMinPageBytes - 4096);
}

TEST_CASE("a map of default placement stores nothing, however large the image is") {
  const auto map = PageMap::make(ImageOf{.pages = std::uint64_t{1} << 22, .page_bytes = kDefaultPageBytes});
  CHECK(map->memory_bytes() == 0);
  CHECK(map->owner(PageIndex{(1 << 22) - 1}).epoch == kFirstEpoch);
}

TEST_CASE("a container moves a page, and the older snapshot stays as it was") {
  const auto before = PageMap::make(ImageOf{.pages = 200, .stores = 2});
  const auto after = with(before, 1, moved(before, 64, store_id(9), 2), 42);
  CHECK(after->owner(PageIndex{64}) == Owner{store_id(9), Epoch{2}});
  CHECK(after->owner(PageIndex{65}) == before->owner(PageIndex{65}));
  CHECK(before->owner(PageIndex{64}) == Owner{store_id(1), kFirstEpoch});
  CHECK(after->revision(1) == 42);
  CHECK(after->revisions() == std::vector<std::pair<std::uint64_t, std::uint64_t>>{{1, 42}});
  CHECK(after->counts() == Counts{{store_id(1), 99}, {store_id(2), 100}, {store_id(9), 1}});
  CHECK(after->hash() != before->hash());
}

TEST_CASE("seven bytes a page, and a table of owner sets") {
  auto map = PageMap::make(ImageOf{.pages = 64 * 256, .stores = 2});
  for (std::uint64_t c = 0; c < 256; ++c) map = with(map, c, moved(map, c * 64, store_id(9), 2));
  CHECK(map->memory_bytes() <= 8 * map->page_count());
}

TEST_CASE("a container that says nothing new changes neither owners nor the hash") {
  const auto map = PageMap::make(ImageOf{.pages = 70, .stores = 2});
  RoutingContainer same = map->container(1);
  same.sets = {{.primary = store_id(1)}, {.primary = store_id(2)}};
  for (std::size_t i = 0; i < same.pages.size(); ++i) same.pages[i].set = static_cast<std::uint8_t>(i % 2);
  CHECK(with(map, 1, same)->hash() == map->hash());
}

TEST_CASE("the hash does not depend on the order in which sets were written or containers were learned") {
  const auto map = PageMap::make(ImageOf{.pages = 200, .stores = 2});
  const auto one = moved(map, 3, store_id(8), 2), other = moved(map, 130, store_id(9), 5);
  CHECK(with(with(map, 0, one), 2, other, 7)->hash() == with(with(map, 2, other), 0, one, 9)->hash());
}

TEST_CASE("the hash tells images, placements and learners apart") {
  const auto hash = [](const Image& image) { return PageMap::make(image)->hash(); };
  CHECK(hash(ImageOf{}) != hash(ImageOf{.id = 8}));
  CHECK(hash(ImageOf{}) != hash(ImageOf{.rule = PlacementRule::contiguous}));
  CHECK(hash(ImageOf{}) != hash(ImageOf{.stores = 2}));
  const auto map = PageMap::make(ImageOf{.pages = 3});
  RoutingContainer container = moved(map, 0, store_id(1), 2);
  const auto plain = with(map, 0, container)->hash();
  container.sets[0].learner = Learner{store_id(2), 1, false};
  const auto learning = with(map, 0, container)->hash();
  container.sets[0].learner->move = true;
  CHECK(plain != learning);
  CHECK(learning != with(map, 0, container)->hash());
}

TEST_CASE("a page never goes back to an older epoch") {
  const auto map = PageMap::make(ImageOf{.pages = 64});
  const auto at_3 = with(map, 0, moved(map, 5, store_id(9), 3));
  const auto older = at_3->with_container(0, 9, encode(moved(map, 5, store_id(8), 2)));
  REQUIRE(older.has_error());
  CHECK(older.error() == ContainerError::older);
}

TEST_CASE("the same epoch with another owner is a contradiction") {
  const auto map = PageMap::make(ImageOf{.pages = 64});
  const auto at_3 = with(map, 0, moved(map, 5, store_id(9), 3));
  const auto other = at_3->with_container(0, 9, encode(moved(map, 5, store_id(8), 3)));
  REQUIRE(other.has_error());
  CHECK(other.error() == ContainerError::contradicts);
  CHECK(at_3->with_container(0, 9, encode(moved(map, 5, store_id(9), 3))).has_value());
}

TEST_CASE("a container of another image is refused") {
  const auto map = PageMap::make(ImageOf{.pages = 70});
  const auto other = PageMap::make(ImageOf{.pages = 64});
  const auto error = [&](std::uint64_t index, const std::string& bytes) {
    const auto next = map->with_container(index, 1, bytes);
    REQUIRE(next.has_error());
    return next.error();
  };
  CHECK(error(1, encode(other->container(0))) == ContainerError::out_of_range);  // it has 64 pages, ours has 6
  CHECK(error(2, encode(map->container(1))) == ContainerError::out_of_range);
  CHECK(error(std::uint64_t{1} << 60, encode(map->container(1))) == ContainerError::out_of_range);
}

TEST_CASE("container() gives back what was put in") {
  const auto map = PageMap::make(ImageOf{.pages = 3, .stores = 2});
  CHECK(with(map, 0, rich_container())->container(0) == rich_container());
  CHECK(map->container(0).pages.size() == 3);
  CHECK(map->container(0).sets.empty());
}

TEST_CASE("decode(encode(container)) is the container") {
  for (const RoutingContainer& container : {rich_container(), RoutingContainer{}}) {
    const auto decoded = decode_container(encode(container));
    REQUIRE(decoded.has_value());
    CHECK(*decoded == container);
  }
}

TEST_CASE("a container has these bytes") {  // the example of page_map_format.md
  const RoutingContainer container{.sets = {{.primary = store_id(0xaa)}},
                                   .pages = {{.set = 0, .epoch = Epoch{2}}, {.epoch = Epoch{1}}}};
  const std::string expected(
      "shrc\x01\x01\x02\x00"
      "\x00\x00"
      "\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\xaa"
      "\x00\x02\x00\x00\x00\x00"
      "\xff\x01\x00\x00\x00\x00",
      38);
  const std::string bytes = encode(container);
  REQUIRE(bytes.size() == 42);
  CHECK(bytes.substr(0, 38) == expected);
  CHECK(load_le<std::uint32_t>(as_bytes(bytes), 38) == crc32c(as_bytes(expected)));
}

TEST_CASE("a container that is damaged anywhere, or cut short, is malformed") {
  const std::string good = encode(rich_container());
  for (std::size_t i = 0; i < good.size(); ++i) {
    std::string bad = good;
    bad[i] = static_cast<char>(bad[i] ^ 0x10);
    CHECK(decode_container(bad).has_error());
    CHECK(decode_container(good.substr(0, i)).has_error());
  }
  CHECK(decode_container(std::string(kMaxContainerBytes + 1, 'x')).has_error());
}

TEST_CASE("a container that lies under a right checksum is malformed") {
  const std::string good = encode(rich_container());
  const auto is_malformed = [&](std::size_t at, char value) {
    std::string bad = good;
    bad[at] = value;
    const auto decoded = decode_container(with_right_crc(bad));
    return decoded.has_error() && decoded.error() == ContainerError::malformed;
  };
  CHECK(is_malformed(4, 2));   // version
  CHECK(is_malformed(5, 1));   // fewer sets than there are
  CHECK(is_malformed(5, 65));  // more than allowed
  CHECK(is_malformed(6, 65));  // pages
  CHECK(is_malformed(7, 1));   // reserved
  CHECK(is_malformed(8, 2));   // a move without a learner
  CHECK(is_malformed(9, 16));  // members
  const std::size_t pages = good.size() - 4 - 3 * 6;
  CHECK(is_malformed(pages, 2));          // a set that is not there
  CHECK(is_malformed(pages + 5, 1));      // flags
  CHECK(is_malformed(pages + 6 + 1, 0));  // epoch 0
  CHECK(decode_container(with_right_crc(good + "more")).has_error());
}

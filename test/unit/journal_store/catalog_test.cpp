#include "routing/journal_store/catalog.h"

#include <catch2/catch.hpp>

#include <algorithm>

#include "routing/journal_store/format_layout.h"
#include "test/unit/journal_store/format_builders.h"

using namespace shoal;
using namespace shoal::routing;
using namespace shoal::routing::journal;
using namespace shoal::routing::journal::test;

namespace {

// Where things lie in the catalog of format_builders.h.
constexpr std::size_t kFirstImageAt = catalog_layout::kBytes;
constexpr std::size_t kSecondImageAt = kFirstImageAt + image_layout::kBytes + 6;
constexpr std::size_t kPromisesAt = kSecondImageAt + image_layout::kBytes;

template <class Field, class Value>
bool is_read_with(std::size_t at, Value value) {
  std::string bytes = encode(a_catalog());
  Field::put(std::as_writable_bytes(std::span(bytes)).subspan(at), value);
  return decode_catalog(bytes).has_value();
}

std::string with_promises_swapped(std::size_t a, std::size_t b) {
  std::string bytes = encode(a_catalog());
  const auto promise = [&](std::size_t n) {
    return bytes.begin() + static_cast<std::ptrdiff_t>(kPromisesAt + n * promise_layout::kBytes);
  };
  std::swap_ranges(promise(a), promise(a) + promise_layout::kBytes, promise(b));
  return bytes;
}

}  // namespace

TEST_CASE("a catalog is read as it was written") {
  const std::string bytes = encode(a_catalog());
  const auto catalog = decode_catalog(bytes);
  REQUIRE(catalog);
  CHECK(catalog->images == a_catalog().images);
  CHECK(catalog->promises.promised(kPage) == Epoch{4});
  CHECK(catalog->promises.fences() == a_catalog().promises.fences());
  CHECK(encode(*catalog) == bytes);
  CHECK(encode(*decode_catalog(encode({}))) == encode({}));
}

TEST_CASE("a void that the catalog keeps refuses the same attempt again") {
  auto catalog = decode_catalog(encode(a_catalog()));
  PageRecord voided{.kind = RecordKind::voided, .page = kPage, .version = {.epoch = {4}}, .attempt = 6};
  CHECK(catalog->promises.add(voided).has_value());
  CHECK(catalog->promises.add(voided).has_error());
}

TEST_CASE("what is read as a catalog is what is written for it") {
  const std::string bytes = encode(a_catalog());
  const ByteSpan span = as_bytes(bytes);
  CHECK(wrong_changes(Buffer(span.begin(), span.end()), [](ByteSpan changed) {
          const auto catalog = decode_catalog(as_text(changed));
          return !catalog || encode(*catalog) == as_text(changed);
        }) == 0);
}

TEST_CASE("a catalog that is cut off, or goes on, is none") {
  const std::string bytes = encode(a_catalog());
  for (std::size_t size = 0; size < bytes.size(); ++size) CHECK_FALSE(decode_catalog(bytes.substr(0, size)));
  CHECK_FALSE(decode_catalog(bytes + '\0'));
}

TEST_CASE("images that repeat or are out of order are none") {
  CHECK(is_read_with<image_layout::Image>(kSecondImageAt, ImageId{9}));
  CHECK_FALSE(is_read_with<image_layout::Image>(kSecondImageAt, ImageId{7}));
  CHECK_FALSE(is_read_with<image_layout::Image>(kSecondImageAt, ImageId{6}));
}

TEST_CASE("promises that repeat or are out of order are none") {
  CHECK_FALSE(decode_catalog(with_promises_swapped(0, 1)));
  CHECK_FALSE(decode_catalog(with_promises_swapped(1, 2)));
  std::string bytes = encode(a_catalog());
  bytes += bytes.substr(bytes.size() - promise_layout::kBytes);
  catalog_layout::Promises::put(std::as_writable_bytes(std::span(bytes)), 4);
  CHECK_FALSE(decode_catalog(bytes));
}

TEST_CASE("numbers of images and promises that are not there are none") {
  for (const std::uint32_t count : {0u, 1u, 3u, 0xffffffffu}) {
    CHECK_FALSE(is_read_with<catalog_layout::Images>(0, count));
  }
  for (const std::uint32_t count : {0u, 2u, 4u, 0xffffffffu}) {
    CHECK_FALSE(is_read_with<catalog_layout::Promises>(0, count));
  }
}

TEST_CASE("an image that says what cannot be is none") {
  CHECK_FALSE(is_read_with<image_layout::PageBytes>(kFirstImageAt, 0u));
  CHECK(is_read_with<image_layout::RootLevel>(kFirstImageAt, kMaxLevel));
  CHECK_FALSE(is_read_with<image_layout::RootLevel>(kFirstImageAt, static_cast<std::uint8_t>(kMaxLevel + 1)));
  CHECK_FALSE(is_read_with<image_layout::PageBytes>(kFirstImageAt, kMinPageBytes + 1));
  CHECK_FALSE(is_read_with<image_layout::PageBytes>(kFirstImageAt, kMaxPageBytes * 2));
  CHECK_FALSE(is_read_with<image_layout::Dropped>(kFirstImageAt, std::uint8_t{2}));
  CHECK_FALSE(is_read_with<image_layout::Root::At>(kFirstImageAt, BlockNumber{0}));
  CHECK_FALSE(is_read_with<image_layout::Root::Unused>(kFirstImageAt, 2u));
  CHECK_FALSE(is_read_with<image_layout::TextBytes>(kFirstImageAt, 5u));
  CHECK_FALSE(is_read_with<image_layout::TextBytes>(kFirstImageAt, 0xffffffffu));
  CHECK_FALSE(is_read_with<Number<std::uint8_t, 43>>(kFirstImageAt, std::uint8_t{1}));
}

TEST_CASE("a text is at most as long as its limit") {
  Catalog catalog = a_catalog();
  std::string& text = catalog.images[ImageId{8}].text;
  text.assign(kMaxImageTextBytes, 't');
  std::string bytes = encode(catalog);
  REQUIRE(decode_catalog(bytes));
  bytes.insert(bytes.begin() + kPromisesAt, 't');
  image_layout::TextBytes::put(std::as_writable_bytes(std::span(bytes)).subspan(kSecondImageAt),
                               kMaxImageTextBytes + 1);
  CHECK_FALSE(decode_catalog(bytes));
}

TEST_CASE("a promise of a kind that the catalog does not keep, or with fields of another, is none") {
  for (const std::uint32_t kind : {0u, 1u, 3u, 7u, 256u + 4u}) {
    CHECK_FALSE(is_read_with<promise_layout::Kind>(kPromisesAt, kind));
  }
  const std::size_t promise = kPromisesAt + promise_layout::kBytes, fence = promise + promise_layout::kBytes;
  CHECK_FALSE(is_read_with<promise_layout::Attempt>(promise, 1u));
  CHECK_FALSE(is_read_with<promise_layout::Nexus>(promise, id_from<NexusId>(1)));
  CHECK_FALSE(is_read_with<promise_layout::TheGeneration>(promise, Generation{1}));
  CHECK_FALSE(is_read_with<promise_layout::Page>(fence, PageIndex{1}));
  CHECK_FALSE(is_read_with<promise_layout::TheEpoch>(fence, Epoch{1}));
  CHECK_FALSE(is_read_with<catalog_layout::Magic>(0, std::uint64_t{0}));
}

// ---- limits -----------------------------------------------------------------------------------------------------

TEST_CASE("a catalog takes notes up to its limit, and always a shorter one") {
  const std::string longest(kMaxImageTextBytes, 'n');
  Catalog catalog;
  std::uint64_t id = 0;
  for (; has_room_for(catalog, ImageId{id}, longest); ++id) catalog.images[ImageId{id}].text = longest;
  CHECK(id == kMaxNotedBytes / (image_layout::kBytes + kMaxImageTextBytes));
  CHECK(has_room_for(catalog, ImageId{id}, "short"));
  CHECK(has_room_for(catalog, ImageId{3}, longest));
  catalog.images[ImageId{3}].text.pop_back();
  catalog.images[ImageId{id}].text.assign(kMaxNotedBytes - id * (image_layout::kBytes + kMaxImageTextBytes), 'n');
  CHECK_FALSE(has_room_for(catalog, ImageId{3}, longest));
  CHECK(has_room_for(catalog, ImageId{3}, "shorter"));
  CHECK(encode(catalog).size() <= kMaxCatalogBytes);
}

TEST_CASE("a full catalog takes promises, voids and fences only in the place of older ones") {
  const Catalog catalog = a_catalog();
  const PageId other{ImageId{7}, PageIndex{10}};
  for (const RecordKind kind : {RecordKind::promise, RecordKind::voided}) {
    const PageRecord known{.kind = kind, .page = kPage}, news{.kind = kind, .page = other};
    CHECK(has_room_for(catalog, news, 4));
    CHECK(has_room_for(catalog, known, 3));
    CHECK_FALSE(has_room_for(catalog, news, 3));
  }
  PageRecord fence{
      .kind = RecordKind::fence, .page = {.image = ImageId{7}}, .origin = {.nexus = id_from<NexusId>(0x10)}};
  CHECK(has_room_for(catalog, fence, 3));
  fence.origin.nexus = id_from<NexusId>(0x11);
  CHECK_FALSE(has_room_for(catalog, fence, 3));
}

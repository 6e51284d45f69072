#include "routing/journal_store/catalog.h"

#include <algorithm>
#include <utility>

#include "routing/journal_store/format_layout.h"
#include "routing/journal_store/frame.h"
#include "target/base/check.h"

namespace shoal::routing::journal {
namespace {

static_assert(catalog_layout::kBytes + kMaxNotedBytes + kMaxPromises * promise_layout::kBytes +
                  kMaxFrameBlocks * kBlock <=
              kMaxCatalogBytes);

// ---- written ----------------------------------------------------------------------------------------------------

// So many more bytes, zeros yet.
MutableByteSpan append(std::string& to, std::size_t bytes) {
  const std::size_t at = to.size();
  to.resize(at + bytes);
  return std::as_writable_bytes(std::span(to)).subspan(at);
}

void put_image(std::string& to, ImageId id, const StoredImage& image) {
  namespace layout = image_layout;
  const MutableByteSpan at = append(to, layout::kBytes);
  layout::Image::put(at, id);
  layout::Chunks::put(at, image.chunks);
  layout::Root::put(at, image.root);
  if (image.emptied != Version{}) layout::Emptied::put(at, image.emptied);
  layout::PageBytes::put(at, image.page_bytes);
  layout::TextBytes::put(at, static_cast<std::uint32_t>(image.text.size()));
  layout::RootLevel::put(at, image.root_level);
  layout::Dropped::put(at, image.dropped ? 1 : 0);
  to += image.text;
}

JournalKind journal_kind(RecordKind kind) {
  switch (kind) {
    case RecordKind::promise: return JournalKind::promise;
    case RecordKind::voided: return JournalKind::voided;
    default: return JournalKind::fence;
  }
}

void put_promise(std::string& to, const PageRecord& record) {
  namespace layout = promise_layout;
  const MutableByteSpan at = append(to, layout::kBytes);
  layout::Kind::put(at, static_cast<std::uint32_t>(journal_kind(record.kind)));
  layout::Attempt::put(at, record.attempt);
  layout::Image::put(at, record.page.image);
  layout::Page::put(at, record.page.index);
  layout::Nexus::put(at, record.origin.nexus);
  layout::TheGeneration::put(at, record.origin.generation);
  layout::TheEpoch::put(at, record.version.epoch);
}

// ---- read -------------------------------------------------------------------------------------------------------

bool is_sound(const StoredImage& image) {
  if (!is_page_size(image.page_bytes)) return false;
  if (image.root.at == BlockNumber{} && image.root != NodeRef{} && image.root != kLostNode) return false;
  if (image.emptied != Version{} && image.root != NodeRef{}) return false;
  return image.root_level <= kMaxLevel && image.text.size() <= kMaxImageTextBytes;
}

bool take_image(ByteSpan& rest, Catalog& into) {
  namespace layout = image_layout;
  const auto at = take(rest, layout::kBytes);
  if (!at || layout::TextBytes::get(*at) > kMaxImageTextBytes) return false;
  const auto text = take(rest, layout::TextBytes::get(*at));
  if (!text) return false;
  const Version emptied = layout::Emptied::get(*at);
  const StoredImage image{.page_bytes = layout::PageBytes::get(*at),
                          .dropped = layout::Dropped::get(*at) != 0,
                          .chunks = layout::Chunks::get(*at),
                          .root_level = layout::RootLevel::get(*at),
                          .root = emptied == Version{} ? layout::Root::get(*at) : NodeRef{},
                          .emptied = emptied,
                          .text = std::string(as_text(*text))};
  return is_sound(image) && into.images.emplace(layout::Image::get(*at), image).second;
}

std::optional<RecordKind> record_kind(std::uint32_t kind) {
  if (kind == static_cast<std::uint32_t>(JournalKind::promise)) return RecordKind::promise;
  if (kind == static_cast<std::uint32_t>(JournalKind::voided)) return RecordKind::voided;
  if (kind == static_cast<std::uint32_t>(JournalKind::fence)) return RecordKind::fence;
  return std::nullopt;
}

bool take_promise(ByteSpan& rest, Promises& into) {
  namespace layout = promise_layout;
  const auto at = take(rest, layout::kBytes);
  const auto kind = at ? record_kind(layout::Kind::get(*at)) : std::nullopt;
  if (!kind) return false;
  return into
      .add({.kind = *kind,
            .page = {layout::Image::get(*at), layout::Page::get(*at)},
            .version = {.epoch = layout::TheEpoch::get(*at)},
            .origin = {.nexus = layout::Nexus::get(*at), .generation = layout::TheGeneration::get(*at)},
            .attempt = layout::Attempt::get(*at)})
      .has_value();
}

std::optional<Catalog> read(ByteSpan rest) {
  namespace layout = catalog_layout;
  const auto header = take(rest, layout::kBytes);
  if (!header || layout::Magic::get(*header) != layout::kMagic) return std::nullopt;
  Catalog catalog;
  for (std::uint32_t left = layout::Images::get(*header); left > 0; --left) {
    if (!take_image(rest, catalog)) return std::nullopt;
  }
  for (std::uint32_t left = layout::Promises::get(*header); left > 0; --left) {
    if (!take_promise(rest, catalog.promises)) return std::nullopt;
  }
  return catalog;
}

}  // namespace

std::uint64_t bytes_of_images(const Catalog& catalog) {
  std::uint64_t bytes = catalog_layout::kBytes;
  for (const auto& [id, image] : catalog.images) bytes += image_layout::kBytes + image.text.size();
  return bytes;
}

std::uint64_t bytes_of_promises(const Catalog& catalog) { return catalog.promises.size() * promise_layout::kBytes; }

std::uint64_t growth_by(const Catalog& catalog, ImageId image, std::string_view note) {
  const auto known = catalog.images.find(image);
  if (known == catalog.images.end()) return image_layout::kBytes + note.size();
  return note.size() - std::min(note.size(), known->second.text.size());
}

std::uint64_t growth_by(const Catalog& catalog, const PageRecord& promise) {
  return catalog.promises.knows_older(promise) ? 0 : promise_layout::kBytes;
}

// A note may always become shorter.
bool has_room_for(const Catalog& catalog, ImageId image, std::string_view note) {
  const std::uint64_t growth = growth_by(catalog, image, note);
  return growth == 0 || bytes_of_images(catalog) + growth <= catalog_layout::kBytes + kMaxNotedBytes;
}

bool has_room_for(const Catalog& catalog, const PageRecord& promise, std::size_t most) {
  return catalog.promises.size() < most || catalog.promises.knows_older(promise);
}

std::string encode(const Catalog& catalog) {
  namespace layout = catalog_layout;
  std::string bytes;
  bytes.reserve(bytes_of_images(catalog) + bytes_of_promises(catalog));
  const MutableByteSpan header = append(bytes, layout::kBytes);
  layout::Magic::put(header, layout::kMagic);
  layout::Images::put(header, static_cast<std::uint32_t>(catalog.images.size()));
  layout::Promises::put(header, static_cast<std::uint32_t>(catalog.promises.size()));
  for (const auto& [id, image] : catalog.images) {
    CHECK(is_sound(image), id, image.page_bytes, image.root_level, image.text.size());
    put_image(bytes, id, image);
  }
  catalog.promises.visit([&bytes](const PageRecord& record) { put_promise(bytes, record); });
  CHECK(bytes.size() <= kMaxCatalogBytes, bytes.size());
  return bytes;
}

// Order, repetitions, unused fields, bytes behind the end: there is one way to write a catalog, and no other is one.
std::optional<Catalog> decode_catalog(std::string_view bytes) {
  if (bytes.size() > kMaxCatalogBytes) return std::nullopt;
  auto catalog = read(as_bytes(bytes));
  if (!catalog || encode(*catalog) != bytes) return std::nullopt;
  return catalog;
}

}  // namespace shoal::routing::journal

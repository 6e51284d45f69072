#include "test/crash/model.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>

namespace shoal::crash {

using routing::Durability;
using routing::Fence;
using routing::ImageNote;
using routing::PageId;
using routing::PageRecord;
using routing::RecordKind;

namespace {

constexpr std::size_t kStampBytes = sizeof(std::uint64_t);

// nullopt: the sector is not one stamp, repeated.
std::optional<std::uint64_t> sector_stamp(ByteSpan sector) {
  const bool repeats = std::memcmp(sector.data(), sector.data() + kStampBytes, sector.size() - kStampBytes) == 0;
  return repeats ? std::optional(load_le<std::uint64_t>(sector)) : std::nullopt;
}

std::string text_of(const PageId& page) { return fmt::format("image {} page {}", page.image, page.index); }
std::string text_of(const BlockId& block) { return fmt::format("{} block {}", text_of(block.page), block.block); }

std::string text_of(const BlockValue& value) {
  const bool uniform = std::ranges::all_of(value, [&](std::uint64_t sector) { return sector >> 16 == value[0] >> 16; });
  if (uniform) return value[0] == 0 ? "zeros" : fmt::format("operation {}", value[0] >> 16);
  std::string text = "operations";
  for (const std::uint64_t sector : value) text += fmt::format(" {}", sector >> 16);
  return text + " by sectors";
}

}  // namespace

std::uint64_t stamp(OperationNumber operation, std::uint32_t block, std::size_t sector) {
  return operation << 16 | block << 4 | sector;
}

Slice bytes_of(const BlockValue& block) {
  MutableByteSpan bytes;
  Slice slice = Slice::fresh(kPhysicalBlockBytes, bytes);
  for (std::size_t at = 0; at < bytes.size(); at += kStampBytes) store_le(bytes, at, block[at / kBlockBytes]);
  return slice;
}

Slice stamped_data(OperationNumber operation, std::uint32_t offset, std::uint32_t length) {
  MutableByteSpan bytes;
  Slice slice = Slice::fresh(length, bytes);
  for (std::uint32_t at = 0; at < length; at += kBlockBytes) {
    const std::uint32_t place = offset + at;
    const std::uint64_t word = stamp(operation, place / kPhysicalBlockBytes, place % kPhysicalBlockBytes / kBlockBytes);
    std::array<std::uint64_t, kBlockBytes / kStampBytes> sector;
    sector.fill(word);
    std::ranges::copy(std::as_bytes(std::span(sector)), bytes.begin() + at);
  }
  return slice;
}

std::optional<BlockValue> block_value(ByteSpan block) {
  BlockValue value;
  for (std::size_t sector = 0; sector < kBlockSectors; ++sector) {
    const auto known = sector_stamp(block.subspan(sector * kBlockBytes, kBlockBytes));
    if (!known) return std::nullopt;
    value[sector] = *known;
  }
  return value;
}

// ---- what is asked and answered

template <class Change>
void Model::for_all(Change change) {
  for (auto& [id, values] : blocks_) change(values);
  for (auto& [id, values] : promises_) change(values);
  for (auto& [id, values] : voids_) change(values);
  for (auto& [id, values] : fences_) change(values);
  for (auto& [id, values] : notes_) change(values);
}

void Model::ask(const Operation& operation) {
  switch (operation.kind) {
    case Operation::Kind::records:
      for (const PageRecord& record : operation.records) ask_record(operation.number, record);
      return;
    case Operation::Kind::describe:
      return notes_[operation.image].ask(operation.number, [&](auto& note) { note = operation.note; });
    case Operation::Kind::drop: return ask_drop(operation.number, operation.image);
  }
}

void Model::ask_record(OperationNumber operation, const PageRecord& record) {
  if (record.kind == RecordKind::fence) {
    fences_[{record.page.image, record.origin.nexus}].ask(
        operation, [&](Generation& generation) { generation = record.origin.generation; });
    return;
  }
  pages_.insert(record.page);
  if (record.kind == RecordKind::promise) {
    return promises_[record.page].ask(operation, [&](Epoch& epoch) { epoch = record.version.epoch; });
  }
  if (record.kind == RecordKind::voided) {
    voids_[record.page].ask(operation, [&](PlacedVoid& known) { known = {record.version.epoch, record.attempt}; });
  }
  const std::uint32_t end = record.offset + record.length;
  for (std::uint32_t block = record.offset / kPhysicalBlockBytes; block * kPhysicalBlockBytes < end; ++block) {
    blocks_[{record.page, block}].ask(operation, [&](BlockValue& value) {
      for (std::size_t sector = 0; sector < kBlockSectors; ++sector) {
        const std::size_t at = block * kPhysicalBlockBytes + sector * kBlockBytes;
        const bool inside = at >= record.offset && at < end;
        if (inside) value[sector] = record.kind == RecordKind::data ? stamp(operation, block, sector) : 0;
      }
    });
  }
}

void Model::ask_drop(OperationNumber operation, ImageId image) {
  const auto end = [&](auto& each) { each = {}; };
  for (auto& [id, values] : blocks_) {
    if (id.page.image == image) values.ask(operation, end);
  }
  for (auto& [id, values] : promises_) {
    if (id.image == image) values.ask(operation, end);
  }
  for (auto& [id, values] : voids_) {
    if (id.image == image) values.ask(operation, end);
  }
  for (auto& [id, values] : fences_) {
    if (id.first == image) values.ask(operation, end);
  }
  notes_[image].ask(operation, end);
}

void Model::answered(OperationNumber operation, Durability durability) {
  for_all([&](auto& values) { values.answered(operation); });
  if (durability == Durability::durable) {
    for_all([&](auto& values) { values.hardened(operation); });
  } else {
    applied_.push_back(operation);
  }
}

void Model::synced(const std::vector<OperationNumber>& operations) {
  for (const OperationNumber operation : operations) {
    for_all([&](auto& values) { values.hardened(operation); });
  }
  std::erase_if(applied_,
                [&](OperationNumber each) { return std::ranges::find(operations, each) != operations.end(); });
}

void Model::power_lost() {
  applied_.clear();
  for_all([](auto& values) { values.power_lost(); });
}

// ---- questions

std::vector<ImageId> Model::images() const {
  std::vector<ImageId> images;
  for (const auto& [image, note] : notes_) images.push_back(image);
  return images;
}

BlockValue Model::newest(const BlockId& block) const {
  const auto found = blocks_.find(block);
  return found == blocks_.end() ? BlockValue{} : found->second.newest();
}

bool Model::is_sure(const BlockId& block) const {
  const auto found = blocks_.find(block);
  return !canaries_.contains(block) && (found == blocks_.end() || found->second.is_surely(found->second.newest()));
}

bool Model::is_described(ImageId image) const {
  const auto found = notes_.find(image);
  return found != notes_.end() && found->second.newest().has_value();
}

Epoch Model::epoch_of(const PageId& page) const {
  const auto found = promises_.find(page);
  return found == promises_.end() ? routing::kFirstEpoch : std::max(routing::kFirstEpoch, found->second.newest());
}

std::map<PageId, PlacedVoid> Model::known_voids() const {
  std::map<PageId, PlacedVoid> known;
  for (const auto& [page, values] : voids_) {
    const bool sure = values.oldest() != PlacedVoid{} && values.newest() != PlacedVoid{};
    if (sure) known[page] = values.oldest();
  }
  return known;
}

std::string Model::tell(const BlockId& block, const BlockValue& seen) const {
  const auto found = blocks_.find(block);
  const bool known = found != blocks_.end();
  return fmt::format("{} is {}, but must be {} or newer (newest: {})", text_of(block), text_of(seen),
                     known ? text_of(found->second.oldest()) : "zeros",
                     known ? text_of(found->second.newest()) : "zeros");
}

std::optional<std::string> Model::difference(const Observation& seen, bool readable) const {
  if (auto found = difference_of_blocks(seen, readable)) return found;
  if (auto found = difference_of_promises(seen)) return found;
  return difference_of_images(seen);
}

std::optional<std::string> Model::difference_of_blocks(const Observation& seen, bool readable) const {
  for (const BlockId& block : seen.garbled) return text_of(block) + " is not what anybody wrote";
  if (readable) {
    for (const BlockId& block : seen.unreadable) return text_of(block) + " cannot be read";
  }
  for (const auto& [block, value] : seen.blocks) {
    if (canaries_.contains(block)) continue;
    const auto found = blocks_.find(block);
    const bool right = found == blocks_.end() ? value == BlockValue{} : found->second.shows(value);
    if (!right) return tell(block, value);
  }
  return std::nullopt;
}

std::optional<std::string> Model::difference_of_promises(const Observation& seen) const {
  for (const auto& [page, values] : promises_) {
    const Epoch epoch = seen.promises.at(page);
    if (!values.shows(epoch)) {
      return fmt::format("{} promises epoch {}, but must {} or more", text_of(page), epoch, values.oldest());
    }
  }
  for (const auto& [key, values] : fences_) {
    const auto same = [&](const Fence& fence) { return fence.image == key.first && fence.nexus == key.second; };
    const auto found = std::ranges::find_if(seen.fences, same);
    const Generation generation = found == seen.fences.end() ? Generation{} : found->generation;
    if (!values.shows(generation)) {
      return fmt::format("image {} nexus {} is fenced at {}, but must be at {} or above", key.first, key.second,
                         generation, values.oldest());
    }
  }
  return std::nullopt;
}

std::optional<std::string> Model::difference_of_images(const Observation& seen) const {
  for (const auto& [image, values] : notes_) {
    const auto& note = seen.notes.at(image);
    if (!values.shows(note)) {
      return fmt::format("image {} is described as '{}', but must be as '{}' or newer", image,
                         note ? note->text : "nothing", values.oldest() ? values.oldest()->text : "nothing");
    }
    const bool listed = std::ranges::find(seen.images, image) != seen.images.end();
    if (note && !listed) return fmt::format("image {} has a note and is not listed", image);
    const bool gone = values.is_surely(std::nullopt);
    if (gone && listed) return fmt::format("image {} was dropped and is listed", image);
  }
  return std::nullopt;
}

void Model::observed(const Observation& seen) {
  applied_.clear();
  for (auto& [block, values] : blocks_) {
    if (const auto value = seen.blocks.find(block); value != seen.blocks.end()) values.observed(value->second);
  }
  for (auto& [page, values] : promises_) values.observed(seen.promises.at(page));
  for (auto& [key, values] : fences_) {
    const auto same = [&](const Fence& fence) { return fence.image == key.first && fence.nexus == key.second; };
    const auto found = std::ranges::find_if(seen.fences, same);
    values.observed(found == seen.fences.end() ? Generation{} : found->generation);
  }
  for (auto& [image, values] : notes_) values.observed(seen.notes.at(image));
}

}  // namespace shoal::crash

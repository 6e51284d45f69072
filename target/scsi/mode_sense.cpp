#include "target/scsi/mode_sense.h"

#include <algorithm>

#include "target/scsi/primary_cdb.h"

namespace shoal::scsi {

namespace {

enum class PageControl : std::uint8_t { current = 0, changeable = 1, defaults = 2, saved = 3 };

constexpr std::uint8_t kAllPages = 0x3f;
constexpr std::uint8_t kAllSubpages = 0xff;

namespace page_layout {  // SPC-4 7.5.7, page_0 format
constexpr std::size_t kHeaderBytes = 2;
using PageCode = Bits<std::uint8_t, 0, 0, 6>;
using PageLength = Field<std::uint8_t, 1>;
}  // namespace page_layout

namespace caching_layout {  // SBC-3 6.5.5
constexpr std::size_t kBytes = 20;
using WriteCacheEnabled = Bits<bool, 2, 2>;
}  // namespace caching_layout

namespace control_layout {  // SPC-4 7.5.10
constexpr std::size_t kBytes = 12;
using TaskSetType = Bits<std::uint8_t, 2, 5, 3>;
using GlobalLogSaveDisable = Bits<bool, 2, 1>;
using QueueAlgorithm = Bits<std::uint8_t, 3, 4, 4>;
using BusyTimeoutPeriod = Field<std::uint16_t, 8>;
}  // namespace control_layout

namespace exceptions_layout {  // SPC-4 7.5.14
constexpr std::size_t kBytes = 12;
using DisableExceptions = Bits<bool, 2, 3>;
}  // namespace exceptions_layout

struct Header6 {  // SPC-4 table 454
  static constexpr std::size_t kBytes = 4;
  using ModeDataLength = Field<std::size_t, 0, 1>;
  using DpoFua = Bits<bool, 2, 4>;
  using BlockDescriptorLength = Field<std::size_t, 3, 1>;
};

struct Header10 {  // SPC-4 table 455
  static constexpr std::size_t kBytes = 8;
  using ModeDataLength = Field<std::size_t, 0, 2>;
  using DpoFua = Bits<bool, 3, 4>;
  using BlockDescriptorLength = Field<std::size_t, 6, 2>;
};

namespace block_descriptor_layout {  // SBC-3 6.5.2.2, short LBA
constexpr std::size_t kBytes = 8;
using Blocks = Field<std::uint32_t, 0>;
using BlockLength = Field<std::uint32_t, 5, 3>;
}  // namespace block_descriptor_layout

using ModeBytes = std::vector<std::byte>;

template <std::size_t N>
void append(ModeBytes& to, const std::array<std::byte, N>& bytes) {
  to.insert(to.end(), bytes.begin(), bytes.end());
}

// A page whose values are all zero: as every changeable page is here.
template <std::size_t N>
std::array<std::byte, N> empty_page(std::uint8_t code) {
  std::array<std::byte, N> page{};
  page_layout::PageCode::put(page, code);
  page_layout::PageLength::put(page, N - page_layout::kHeaderBytes);
  return page;
}

void append_caching(ModeBytes& to, std::uint8_t code, PageControl control, const LogicalUnit& unit) {
  using namespace caching_layout;
  auto page = empty_page<kBytes>(code);
  if (control != PageControl::changeable) WriteCacheEnabled::put(page, unit.write_cache);
  append(to, page);
}

void append_control(ModeBytes& to, std::uint8_t code, PageControl control, const LogicalUnit&) {
  using namespace control_layout;
  constexpr std::uint8_t kTaskSetPerNexus = 1;  // the nexus' member orders its tasks; nobody orders them over nexuses
  constexpr std::uint8_t kUnrestrictedReordering = 1;
  constexpr std::uint16_t kBusyWithoutLimit = 0xffff;
  auto page = empty_page<kBytes>(code);
  if (control != PageControl::changeable) {
    TaskSetType::put(page, kTaskSetPerNexus);
    GlobalLogSaveDisable::put(page, true);
    QueueAlgorithm::put(page, kUnrestrictedReordering);
    BusyTimeoutPeriod::put(page, kBusyWithoutLimit);
  }
  append(to, page);
}

void append_exceptions(ModeBytes& to, std::uint8_t code, PageControl control, const LogicalUnit&) {
  using namespace exceptions_layout;
  auto page = empty_page<kBytes>(code);
  if (control != PageControl::changeable) DisableExceptions::put(page, true);
  append(to, page);
}

struct PageEntry {
  std::uint8_t code;
  void (*append)(ModeBytes& to, std::uint8_t code, PageControl control, const LogicalUnit& unit);
};

// In ascending order: that of an answer with all pages.
constexpr PageEntry kPages[] = {{0x08, append_caching}, {0x0a, append_control}, {0x1c, append_exceptions}};

struct ModeRequest {
  PageControl control = PageControl::current;
  std::uint8_t page = 0, subpage = 0;
  bool block_descriptor = true;
};

template <class Layout>
ModeRequest decode(const Cdb& cdb) {
  return {.control = PageControl{Layout::PageControl::get(cdb)},
          .page = Layout::PageCode::get(cdb),
          .subpage = Layout::SubpageCode::get(cdb),
          .block_descriptor = !Layout::DisableBlockDescriptors::get(cdb)};
}

void append_block_descriptor(ModeBytes& to, std::uint64_t unit_blocks) {
  using namespace block_descriptor_layout;
  std::array<std::byte, kBytes> descriptor{};
  Blocks::put(descriptor, static_cast<std::uint32_t>(std::min<std::uint64_t>(unit_blocks, 0xffffffff)));
  BlockLength::put(descriptor, kBlockBytes);
  append(to, descriptor);
}

ModeBytes pages(const ModeRequest& request, const LogicalUnit& unit) {
  ModeBytes bytes;
  for (const PageEntry& page : kPages) {
    if (request.page == kAllPages || request.page == page.code) page.append(bytes, page.code, request.control, unit);
  }
  return bytes;
}

// What is wrong with a request that cannot be met.
template <class Layout>
std::optional<Sense> refusal(const ModeRequest& request, const ModeBytes& pages) {
  if (pages.empty()) return sense::invalid<typename Layout::PageCode>();
  if (request.subpage != 0 && request.subpage != kAllSubpages) return sense::invalid<typename Layout::SubpageCode>();
  if (request.control == PageControl::saved) return sense::kSavingNotSupported;
  return std::nullopt;
}

// The mode data length counts the bytes that follow it.
template <class Header>
ModeBytes header(std::size_t descriptor_bytes, std::size_t page_bytes) {
  std::array<std::byte, Header::kBytes> header{};
  Header::ModeDataLength::put(header, Header::kBytes - Header::ModeDataLength::kWidth + descriptor_bytes + page_bytes);
  Header::DpoFua::put(header, true);
  Header::BlockDescriptorLength::put(header, descriptor_bytes);
  return {header.begin(), header.end()};
}

template <class Layout, class Header>
Answer mode_sense(const CommandContext& command) {
  const ModeRequest request = decode<Layout>(command.request.cdb);
  const ModeBytes found = pages(request, command.unit);
  if (const auto refused = refusal<Layout>(request, found)) return check_condition(*refused);
  ModeBytes descriptor;
  if (request.block_descriptor) append_block_descriptor(descriptor, command.unit_blocks);
  ModeBytes answer = header<Header>(descriptor.size(), found.size());
  answer.insert(answer.end(), descriptor.begin(), descriptor.end());
  answer.insert(answer.end(), found.begin(), found.end());
  return good(ByteSpan(answer), Layout::AllocationLength::get(command.request.cdb));
}

}  // namespace

Answer mode_sense_6(CommandContext& command) { return mode_sense<ModeSense6Cdb, Header6>(command); }
Answer mode_sense_10(CommandContext& command) { return mode_sense<ModeSense10Cdb, Header10>(command); }

}  // namespace shoal::scsi

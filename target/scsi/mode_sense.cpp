#include "target/scsi/mode_sense.h"

#include <algorithm>

#include "target/scsi/mode_layout.h"
#include "target/scsi/mode_pages.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/report_bytes.h"

namespace shoal::scsi {

namespace {

constexpr std::uint8_t kAllPages = 0x3f;
constexpr std::uint8_t kAllSubpages = 0xff;

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

ModeBytes block_descriptor(std::uint64_t unit_blocks) {
  constexpr std::uint64_t kMany = ModeBlockDescriptor::kAsManyAsThereAre;
  std::array<std::byte, ModeBlockDescriptor::kBytes> descriptor{};
  ModeBlockDescriptor::Blocks::put(descriptor, static_cast<std::uint32_t>(std::min(unit_blocks, kMany)));
  ModeBlockDescriptor::BlockLength::put(descriptor, kBlockBytes);
  return {descriptor.begin(), descriptor.end()};
}

bool asks_for(const ModeRequest& request, const ModePage& page) {
  const bool is_code = request.page == kAllPages || request.page == page.code;
  return is_code && (request.subpage == kAllSubpages || request.subpage == page.subpage);
}

ModeBytes pages(const ModeRequest& request, const LogicalUnit& unit) {
  ModeBytes bytes;
  for (const ModePage& page : mode_pages()) {
    if (asks_for(request, page)) append(bytes, page.make(page.code, request.control, unit));
  }
  return bytes;
}

// What is wrong with a request that cannot be met.
template <class Layout>
std::optional<Sense> refusal(const ModeRequest& request, const ModeBytes& pages) {
  const bool all = request.page == kAllPages, one_subpage = request.subpage != 0 && request.subpage != kAllSubpages;
  if (!all && std::ranges::count(mode_pages(), request.page, &ModePage::code) == 0) {
    return sense::invalid<typename Layout::PageCode>();
  }
  if (pages.empty() || (all && one_subpage)) return sense::invalid<typename Layout::SubpageCode>();
  if (request.control == PageControl::saved) return sense::kSavingNotSupported;
  return std::nullopt;
}

// The mode data length counts the bytes that follow it.
template <class Header>
ModeBytes header(std::size_t descriptor_bytes, std::size_t page_bytes, const LogicalUnit& unit) {
  std::array<std::byte, Header::kBytes> header{};
  Header::ModeDataLength::put(header, Header::kBytes - Header::ModeDataLength::kWidth + descriptor_bytes + page_bytes);
  Header::WriteProtect::put(header, unit.state->view().mode.software_write_protect);
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
  if (request.block_descriptor) descriptor = block_descriptor(command.unit_blocks);
  ModeBytes answer = header<Header>(descriptor.size(), found.size(), command.unit);
  append(answer, descriptor);
  append(answer, found);
  return good(ByteSpan(answer), Layout::AllocationLength::get(command.request.cdb));
}

}  // namespace

Answer mode_sense_6(CommandContext& command) { return mode_sense<ModeSense6Cdb, ModeHeader6>(command); }
Answer mode_sense_10(CommandContext& command) { return mode_sense<ModeSense10Cdb, ModeHeader10>(command); }

}  // namespace shoal::scsi

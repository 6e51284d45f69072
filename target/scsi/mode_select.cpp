#include "target/scsi/mode_select.h"

#include <algorithm>
#include <bit>

#include "target/base/check.h"
#include "target/scsi/mode_layout.h"
#include "target/scsi/mode_pages.h"
#include "target/scsi/primary_cdb.h"

namespace shoal::scsi {

namespace {

using Wrong = std::optional<Sense>;

Sense wrong_bit(std::size_t byte, unsigned bit) {
  return sense::invalid_parameter(static_cast<std::uint16_t>(byte), static_cast<std::uint8_t>(bit));
}

template <class ListField>
Sense wrong_field(std::size_t at) {
  return wrong_bit(at + ListField::kByte, ListField::kHighBit);
}

// Goes through a list from front to back, and gathers what its pages make of the parameters.
class ModeList {
 public:
  ModeList(ByteSpan list, const CommandContext& command)
      : list_(list), command_(command), parameters_(command.unit.state->view().mode) {}

  template <class Header>
  Wrong take() {
    if (auto wrong = take_header<Header>()) return wrong;
    while (at_ < list_.size()) {
      if (auto wrong = take_page()) return wrong;
    }
    return std::nullopt;
  }
  const ModeParameters& parameters() const { return parameters_; }

 private:
  struct PageHeader {
    std::uint8_t code, subpage;
    std::size_t bytes, page_length;  // of the header; of what follows it
  };
  std::optional<PageHeader> page_header() const;
  ByteSpan rest() const { return list_.subspan(at_); }
  template <class Header>
  Wrong take_header();
  Wrong take_block_descriptor();
  Wrong take_page();
  Wrong check_page(ByteSpan page, const ModePage& known, std::size_t header_bytes) const;

  ByteSpan list_;
  const CommandContext& command_;
  std::size_t at_ = 0;
  ModeParameters parameters_;
};

// The mode data length and the device-specific parameter mean nothing here (SPC-4 7.5.5, SBC-3 6.5.1).
template <class Header>
Wrong ModeList::take_header() {
  if (list_.size() < Header::kBytes) return sense::kParameterListLengthError;
  const auto header = list_.first<Header::kBytes>();
  if (Header::MediumType::get(header) != 0) return wrong_field<typename Header::MediumType>(0);
  if constexpr (requires { typename Header::LongLba; }) {
    if (Header::LongLba::get(header)) return wrong_field<typename Header::LongLba>(0);
  }
  at_ = Header::kBytes;
  const std::size_t descriptor_bytes = Header::BlockDescriptorLength::get(header);
  if (descriptor_bytes == 0) return std::nullopt;
  if (descriptor_bytes != ModeBlockDescriptor::kBytes) return wrong_field<typename Header::BlockDescriptorLength>(0);
  return take_block_descriptor();
}

// Neither size nor block length of a volume change by MODE SELECT. Zero blocks: as it is (SBC-3 6.5.2.2).
Wrong ModeList::take_block_descriptor() {
  using Descriptor = ModeBlockDescriptor;
  if (rest().size() < Descriptor::kBytes) return sense::kParameterListLengthError;
  const auto descriptor = rest().first<Descriptor::kBytes>();
  const std::uint32_t blocks = Descriptor::Blocks::get(descriptor);
  if (blocks != 0 && blocks != Descriptor::kAsManyAsThereAre && blocks != command_.unit_blocks) {
    return wrong_field<Descriptor::Blocks>(at_);
  }
  if (Descriptor::BlockLength::get(descriptor) != kBlockBytes) return wrong_field<Descriptor::BlockLength>(at_);
  at_ += Descriptor::kBytes;
  return std::nullopt;
}

// Of the page that comes next; nullopt: the list ends within its header.
std::optional<ModeList::PageHeader> ModeList::page_header() const {
  if (rest().size() < ModePageHeader::kBytes) return std::nullopt;
  const auto header = rest().first<ModePageHeader::kBytes>();
  const std::uint8_t code = ModePageHeader::PageCode::get(header);
  if (!ModePageHeader::Subpages::get(header)) {
    return PageHeader{code, 0, ModePageHeader::kBytes, ModePageHeader::PageLength::get(header)};
  }
  if (rest().size() < ModeSubpageHeader::kBytes) return std::nullopt;
  const auto longer = rest().first<ModeSubpageHeader::kBytes>();
  return PageHeader{code, ModeSubpageHeader::SubpageCode::get(longer), ModeSubpageHeader::kBytes,
                    ModeSubpageHeader::PageLength::get(longer)};
}

Wrong ModeList::take_page() {
  const auto header = page_header();
  if (!header) return sense::kParameterListLengthError;
  const bool is_subpage = header->bytes == ModeSubpageHeader::kBytes;
  const auto known = std::ranges::find_if(mode_pages(), [&header](const ModePage& page) {
    return page.code == header->code && page.subpage == header->subpage;
  });
  if (known == mode_pages().end()) {
    return is_subpage ? wrong_field<ModePageHeader::Subpages>(at_) : wrong_field<ModePageHeader::PageCode>(at_);
  }
  const std::size_t bytes = header->bytes + header->page_length;
  if (bytes != known->make(known->code, PageControl::current, command_.unit).size()) {
    return is_subpage ? wrong_field<ModeSubpageHeader::PageLength>(at_) : wrong_field<ModePageHeader::PageLength>(at_);
  }
  if (rest().size() < bytes) return sense::kParameterListLengthError;
  const ByteSpan page = rest().first(bytes);
  if (auto wrong = check_page(page, *known, header->bytes)) return wrong;
  take_mode_page(page, parameters_);
  at_ += bytes;
  return std::nullopt;
}

Wrong ModeList::check_page(ByteSpan page, const ModePage& known, std::size_t header_bytes) const {
  const ModeBytes current = known.make(known.code, PageControl::current, command_.unit);
  const ModeBytes changeable = known.make(known.code, PageControl::changeable, command_.unit);
  CHECK(page.size() == current.size() && page.size() == changeable.size(), page.size(), known.code);
  for (std::size_t i = header_bytes; i < page.size(); ++i) {
    const auto wrong = std::to_integer<std::uint8_t>((page[i] ^ current[i]) & ~changeable[i]);
    if (wrong != 0) return wrong_bit(at_ + i, std::bit_width(wrong) - 1u);
  }
  return std::nullopt;
}

template <class Layout, class Header>
Answer mode_select(const CommandContext& command) {
  const Cdb& cdb = command.request.cdb;
  const std::size_t announced = Layout::ParameterListLength::get(cdb);
  if (announced == 0) return CommandResult{.status = status::kGood};
  if (!Layout::PageFormat::get(cdb)) return check_condition(sense::invalid<typename Layout::PageFormat>());
  const Slice given = parameter_list(command.request, announced);
  if (given.size() != announced) return check_condition(sense::kParameterListLengthError);
  ModeList list(given.bytes(), command);
  if (const auto wrong = list.take<Header>()) return check_condition(*wrong);
  if (list.parameters() == command.unit.state->view().mode) return result_of_change(UnitAnswer::good, announced);
  return Ask{ChangeMode{list.parameters()},
             [announced](UnitAnswer answer) { return result_of_change(answer, announced); }};
}

}  // namespace

Answer mode_select_6(CommandContext& command) { return mode_select<ModeSelect6Cdb, ModeHeader6>(command); }
Answer mode_select_10(CommandContext& command) { return mode_select<ModeSelect10Cdb, ModeHeader10>(command); }

}  // namespace shoal::scsi

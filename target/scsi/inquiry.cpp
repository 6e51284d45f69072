#include "target/scsi/inquiry.h"

#include "target/scsi/identity.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/vital_product_data.h"

namespace shoal::scsi {

namespace {

namespace standard_layout {  // SPC-4 table 142
constexpr std::size_t kBytes = 96;
using Peripheral = Field<std::uint8_t, 0>;
using Version = Field<std::uint8_t, 2>;
using HierarchicalLuns = Bits<bool, 3, 4>;
using ResponseDataFormat = Bits<std::uint8_t, 3, 0, 4>;
using AdditionalLength = Field<std::uint8_t, 4>;
using TargetPortGroupSupport = Bits<std::uint8_t, 5, 4, 2>;
using ThirdPartyCopy = Bits<bool, 5, 3>;
using CommandQueue = Bits<bool, 7, 1>;
constexpr std::size_t kVendor = 8;
constexpr std::size_t kProduct = 16;
constexpr std::size_t kRevision = 32;
using Standard0 = Field<std::uint16_t, 58>;
using Standard1 = Field<std::uint16_t, 60>;
using Standard2 = Field<std::uint16_t, 62>;
using Standard3 = Field<std::uint16_t, 64>;
}  // namespace standard_layout

constexpr std::uint8_t kDisk = 0x00;
constexpr std::uint8_t kNoUnitHere = 0x7f;  // qualifier 011b, type 1Fh
constexpr std::uint8_t kVersionSpc4 = 0x06;
constexpr std::uint8_t kImplicit = 1;  // states of target port groups are not set by initiators

using StandardData = std::array<std::byte, standard_layout::kBytes>;

void put_text(StandardData& data, std::size_t at, std::string_view text) {
  const ByteSpan bytes = as_bytes(text);
  std::copy(bytes.begin(), bytes.end(), data.begin() + static_cast<std::ptrdiff_t>(at));
}

StandardData standard_data(bool lun_exists) {
  using namespace standard_layout;
  StandardData data{};
  Peripheral::put(data, lun_exists ? kDisk : kNoUnitHere);
  Version::put(data, kVersionSpc4);
  HierarchicalLuns::put(data, true);
  ResponseDataFormat::put(data, 2);
  AdditionalLength::put(data, kBytes - 5);
  if (lun_exists) TargetPortGroupSupport::put(data, kImplicit);
  ThirdPartyCopy::put(data, lun_exists);
  CommandQueue::put(data, true);
  put_text(data, kVendor, kVendorId);
  put_text(data, kProduct, kProductId);
  put_text(data, kRevision, kRevisionLevel);
  Standard0::put(data, 0x00a0);  // SAM-5
  Standard1::put(data, 0x0460);  // SPC-4
  Standard2::put(data, 0x04c0);  // SBC-3
  Standard3::put(data, 0x0960);  // iSCSI
  return data;
}

Answer vital_product_data(const CommandContext& command, std::uint8_t page, std::uint16_t allocation_length) {
  if (!command.lun_exists) return check_condition(sense::kLunNotSupported);
  const auto data = vital_product_data_page(page, command.unit);
  if (!data) return check_condition(sense::invalid<InquiryCdb::PageCode>());
  return good(*data, allocation_length);
}

}  // namespace

Answer inquiry(CommandContext& command) {
  const Cdb& cdb = command.request.cdb;
  const std::uint8_t page = InquiryCdb::PageCode::get(cdb);
  const std::uint16_t allocation_length = InquiryCdb::AllocationLength::get(cdb);
  if (InquiryCdb::VitalProductData::get(cdb)) return vital_product_data(command, page, allocation_length);
  if (page != 0) return check_condition(sense::invalid<InquiryCdb::PageCode>());
  return good(standard_data(command.lun_exists), allocation_length);
}

}  // namespace shoal::scsi

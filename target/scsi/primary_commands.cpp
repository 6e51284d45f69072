#include "target/scsi/primary_commands.h"

#include "target/scsi/primary_cdb.h"
#include "target/scsi/unit_attentions.h"
#include "target/scsi/unit_condition.h"

namespace shoal::scsi {

namespace {

enum class SelectReport : std::uint8_t {  // SPC-4 table 247
  addressable = 0x00,
  well_known = 0x01,
  all = 0x02,
  administrative = 0x10,
  addressable_and_administrative = 0x11,
};

namespace lun_list_layout {  // SPC-4 table 248
constexpr std::size_t kHeaderBytes = 8;
constexpr std::size_t kEntryBytes = 8;
using ListLength = Field<std::uint32_t, 0>;
}  // namespace lun_list_layout

Sense to_report(const CommandContext& command) {
  if (!command.lun_exists) return sense::kLunNotSupported;
  if (!command.attention) return not_ready_sense(command.unit).value_or(sense::kNothing);
  return sense_of(*command.attention);
}

// Where LUN 0 is listed, its eight bytes are zero.
CommandResult lun_list(bool with_lun_0, std::uint32_t allocation_length) {
  using namespace lun_list_layout;
  std::array<std::byte, kHeaderBytes + kEntryBytes> list{};
  const std::size_t entries = with_lun_0 ? kEntryBytes : 0;
  ListLength::put(list, static_cast<std::uint32_t>(entries));
  return good(std::span<const std::byte>(list).first(kHeaderBytes + entries), allocation_length);
}

}  // namespace

Answer test_unit_ready(CommandContext&) { return CommandResult{.status = status::kGood}; }

Answer request_sense(CommandContext& command) {
  const Cdb& cdb = command.request.cdb;
  const Sense sense = to_report(command);
  return good(encode(sense, RequestSenseCdb::Descriptor::get(cdb)), RequestSenseCdb::AllocationLength::get(cdb));
}

Answer report_luns(CommandContext& command) {
  const Cdb& cdb = command.request.cdb;
  const std::uint32_t allocation_length = ReportLunsCdb::AllocationLength::get(cdb);
  switch (SelectReport{ReportLunsCdb::SelectReport::get(cdb)}) {
    case SelectReport::addressable:
    case SelectReport::all:
    case SelectReport::addressable_and_administrative: return lun_list(true, allocation_length);
    case SelectReport::well_known:
    case SelectReport::administrative: return lun_list(false, allocation_length);
  }
  return check_condition(sense::invalid<ReportLunsCdb::SelectReport>());
}

}  // namespace shoal::scsi

#include "target/scsi/defect_data.h"

#include "target/scsi/block_cdb.h"

namespace shoal::scsi {

namespace {

// The lists' length, the last field of either header, stays 0.
namespace header_layout {  // SBC-3 tables 73, 75
constexpr std::size_t kBytes10 = 4, kBytes12 = 8;
using PrimaryListValid = Bits<bool, 1, 4>;
using GrownListValid = Bits<bool, 1, 3>;
using Format = Bits<std::uint8_t, 1, 0, 3>;
}  // namespace header_layout

template <class Layout, std::size_t kBytes>
Answer empty_lists(const CommandContext& command) {
  using namespace header_layout;
  const Cdb& cdb = command.request.cdb;
  std::array<std::byte, kBytes> header{};
  PrimaryListValid::put(header, Layout::PrimaryList::get(cdb));
  GrownListValid::put(header, Layout::GrownList::get(cdb));
  Format::put(header, Layout::Format::get(cdb));
  return good(header, Layout::AllocationLength::get(cdb));
}

}  // namespace

Answer read_defect_data_10(CommandContext& command) {
  return empty_lists<ReadDefectData10Cdb, header_layout::kBytes10>(command);
}
Answer read_defect_data_12(CommandContext& command) {
  return empty_lists<ReadDefectData12Cdb, header_layout::kBytes12>(command);
}

}  // namespace shoal::scsi

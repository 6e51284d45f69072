// Where each field of each CDB lies; the layouts are in primary_cdb.h and block_cdb.h. Names are those of SPC-4 and
// SBC-3. `Used` lists what the unit looks at: it is both the usage map of REPORT SUPPORTED OPERATION CODES and the
// check of every CDB, in which all other bits must be zero. So protection information (no PROTECT), group numbers (no
// GROUP_SUP), NACA and LINK are refused without a line of code.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>

#include "target/base/field.h"
#include "target/base/ids.h"

namespace shoal::scsi {

using Cdb = std::array<std::byte, 16>;

enum class Opcode : std::uint8_t {
  test_unit_ready = 0x00,
  request_sense = 0x03,
  format_unit = 0x04,
  read_6 = 0x08,
  write_6 = 0x0a,
  inquiry = 0x12,
  mode_select_6 = 0x15,
  reserve_6 = 0x16,
  release_6 = 0x17,
  mode_sense_6 = 0x1a,
  start_stop_unit = 0x1b,
  send_diagnostic = 0x1d,
  prevent_allow_medium_removal = 0x1e,
  read_capacity_10 = 0x25,
  read_10 = 0x28,
  write_10 = 0x2a,
  write_and_verify_10 = 0x2e,
  verify_10 = 0x2f,
  prefetch_10 = 0x34,
  synchronize_cache_10 = 0x35,
  read_defect_data_10 = 0x37,
  write_same_10 = 0x41,
  unmap = 0x42,
  sanitize = 0x48,
  log_sense = 0x4d,
  mode_select_10 = 0x55,
  reserve_10 = 0x56,
  release_10 = 0x57,
  mode_sense_10 = 0x5a,
  persistent_reserve_in = 0x5e,
  persistent_reserve_out = 0x5f,
  extended_copy = 0x83,
  receive_copy_results = 0x84,
  read_16 = 0x88,
  compare_and_write = 0x89,
  write_16 = 0x8a,
  orwrite_16 = 0x8b,
  write_and_verify_16 = 0x8e,
  verify_16 = 0x8f,
  prefetch_16 = 0x90,
  synchronize_cache_16 = 0x91,
  write_same_16 = 0x93,
  write_atomic_16 = 0x9c,
  service_action_in_16 = 0x9e,
  report_luns = 0xa0,
  maintenance_in = 0xa3,
  read_12 = 0xa8,
  write_12 = 0xaa,
  write_and_verify_12 = 0xae,
  verify_12 = 0xaf,
  read_defect_data_12 = 0xb7,
};

inline constexpr std::uint8_t kReadCapacity16Action = 0x10;  // of service_action_in_16
inline constexpr std::uint8_t kGetLbaStatusAction = 0x12;
inline constexpr std::uint8_t kOverwriteAction = 0x01;  // of sanitize
inline constexpr std::uint8_t kBlockEraseAction = 0x02;
inline constexpr std::uint8_t kExitFailureModeAction = 0x1f;
inline constexpr std::uint8_t kExtendedCopyLid1Action = 0x00;  // of extended_copy
inline constexpr std::uint8_t kCopyStatusAction = 0x00;        // of receive_copy_results
inline constexpr std::uint8_t kCopyOperatingParametersAction = 0x03;
inline constexpr std::uint8_t kFailedSegmentDetailsAction = 0x04;
inline constexpr std::uint8_t kReportTargetPortGroupsAction = 0x0a;  // of maintenance_in
inline constexpr std::uint8_t kReportSupportedOpcodesAction = 0x0c;
inline constexpr std::uint8_t kReportTaskFunctionsAction = 0x0d;
inline constexpr std::uint8_t kReadKeysAction = 0;  // of persistent_reserve_in
inline constexpr std::uint8_t kReadReservationAction = 1;
inline constexpr std::uint8_t kReportCapabilitiesAction = 2;
inline constexpr std::uint8_t kReadFullStatusAction = 3;

using OpcodeField = Field<Opcode, 0>;
using ServiceActionField = Bits<std::uint8_t, 1, 0, 5>;

template <class... F>
struct Fields {
  static constexpr Cdb usage() {
    Cdb bits{};
    (F::mark(bits), ...);
    return bits;
  }
};

}  // namespace shoal::scsi

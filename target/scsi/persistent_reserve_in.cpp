#include "target/scsi/persistent_reserve_in.h"

#include "target/scsi/identity.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/report_bytes.h"
#include "target/scsi/transport_id.h"
#include "target/unit/access.h"

namespace shoal::scsi {

namespace {

namespace header_layout {  // SPC-4 tables 169, 171
constexpr std::size_t kBytes = 8;
using Generation = Field<std::uint32_t, 0>;
using AdditionalLength = Field<std::uint32_t, 4>;
}  // namespace header_layout

namespace reservation_layout {  // SPC-4 table 171, behind the header
constexpr std::size_t kBytes = 16;
using Key = Field<std::uint64_t, 0>;
using Type = Bits<ReservationType, 13, 0, 4>;  // the scope, beside it, is 0: the whole unit
}  // namespace reservation_layout

namespace capabilities_layout {  // SPC-4 table 175. Its bits that stay 0: RLR_C, CRH, PTPL_C, PTPL_A
constexpr std::size_t kBytes = 8;
using Length = Field<std::uint16_t, 0>;
using SpecifyInitiatorPorts = Bits<bool, 2, 3>;
using AllTargetPorts = Bits<bool, 2, 2>;
using TypeMaskValid = Bits<bool, 3, 7>;
using WriteExclusiveAllRegistrants = Bits<bool, 4, 7>;
using ExclusiveAccessRegistrantsOnly = Bits<bool, 4, 6>;
using WriteExclusiveRegistrantsOnly = Bits<bool, 4, 5>;
using ExclusiveAccess = Bits<bool, 4, 3>;
using WriteExclusive = Bits<bool, 4, 1>;
using ExclusiveAccessAllRegistrants = Bits<bool, 5, 0>;
}  // namespace capabilities_layout

namespace full_status_layout {  // SPC-4 table 180
constexpr std::size_t kBytes = 24;
using Key = Field<std::uint64_t, 0>;
using AllTargetPorts = Bits<bool, 12, 1>;
using Holder = Bits<bool, 12, 0>;
using Type = Bits<ReservationType, 13, 0, 4>;
using RelativePort = Field<std::uint16_t, 18>;
using TransportIdBytes = Field<std::uint32_t, 20>;
}  // namespace full_status_layout

ReportBytes with_header(const PersistentReservations& persistent, const ReportBytes& content) {
  std::array<std::byte, header_layout::kBytes> header{};
  header_layout::Generation::put(header, persistent.generation);
  header_layout::AdditionalLength::put(header, static_cast<std::uint32_t>(content.size()));
  ReportBytes report(header.begin(), header.end());
  append(report, content);
  return report;
}

ReportBytes keys(const PersistentReservations& persistent) {
  ReportBytes keys;
  for (const Registration& registration : persistent.registrations) {
    std::array<std::byte, sizeof registration.key> key{};
    store_be(MutableByteSpan(key), 0, registration.key);
    append(keys, key);
  }
  return with_header(persistent, keys);
}

// That of a reservation whose holders are all registrants is 0 (SPC-4 6.15.3.2).
std::uint64_t holders_key(const PersistentReservations& persistent) {
  if (unit::is_all_registrants(persistent.held->type)) return 0;
  const Registration* const holder = unit::find_registration(persistent, persistent.held->holder);
  return holder ? holder->key : 0;
}

ReportBytes reservation(const PersistentReservations& persistent) {
  if (!persistent.held) return with_header(persistent, {});
  std::array<std::byte, reservation_layout::kBytes> held{};
  reservation_layout::Key::put(held, holders_key(persistent));
  reservation_layout::Type::put(held, persistent.held->type);
  return with_header(persistent, {held.begin(), held.end()});
}

ReportBytes capabilities(const PersistentReservations&) {
  using namespace capabilities_layout;
  std::array<std::byte, kBytes> report{};
  Length::put(report, kBytes);
  SpecifyInitiatorPorts::put(report, true);
  AllTargetPorts::put(report, true);
  TypeMaskValid::put(report, true);
  WriteExclusive::put(report, true);
  ExclusiveAccess::put(report, true);
  WriteExclusiveRegistrantsOnly::put(report, true);
  ExclusiveAccessRegistrantsOnly::put(report, true);
  WriteExclusiveAllRegistrants::put(report, true);
  ExclusiveAccessAllRegistrants::put(report, true);
  return {report.begin(), report.end()};
}

void append_full_status(ReportBytes& to, const Registration& registration, const PersistentReservations& persistent) {
  using namespace full_status_layout;
  const auto transport_id = encode_transport_id(registration.port);
  std::array<std::byte, kBytes> status{};
  Key::put(status, registration.key);
  AllTargetPorts::put(status, registration.all_target_ports);
  if (unit::holds(persistent, registration.port)) {
    Holder::put(status, true);
    Type::put(status, persistent.held->type);
  }
  if (!registration.all_target_ports) RelativePort::put(status, kRelativeTargetPort);
  TransportIdBytes::put(status, static_cast<std::uint32_t>(transport_id.size()));
  append(to, status);
  append(to, transport_id);
}

ReportBytes full_status(const PersistentReservations& persistent) {
  ReportBytes all;
  for (const Registration& one : persistent.registrations) append_full_status(all, one, persistent);
  return with_header(persistent, all);
}

// While the unit is reserved by RESERVE the command conflicts even for who holds it (SPC-2 5.5.1).
Answer answer_with(ReportBytes (*report)(const PersistentReservations&), const CommandContext& command) {
  const UnitView& view = command.unit.state->view();
  if (view.reserved_by) return reservation_conflict();
  return good(ByteSpan(report(view.persistent)), PersistentReserveInCdb::AllocationLength::get(command.request.cdb));
}

}  // namespace

Answer read_keys(CommandContext& command) { return answer_with(keys, command); }
Answer read_reservation(CommandContext& command) { return answer_with(reservation, command); }
Answer report_capabilities(CommandContext& command) { return answer_with(capabilities, command); }
Answer read_full_status(CommandContext& command) { return answer_with(full_status, command); }

}  // namespace shoal::scsi

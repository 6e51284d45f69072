#include "target/scsi/persistent_reserve_out.h"

#include "target/scsi/identity.h"
#include "target/scsi/limits.h"
#include "target/scsi/primary_cdb.h"
#include "target/scsi/transport_id.h"

namespace shoal::scsi {

namespace {

using Action = PersistentReserveOut::Action;
using Layout = PersistentReserveOutCdb;
using Wrong = std::optional<Sense>;

namespace list_layout {  // SPC-4 table 185
constexpr std::size_t kBytes = 24;
using Key = Field<std::uint64_t, 0>;
using ActionKey = Field<std::uint64_t, 8>;
using SpecifyInitiatorPorts = Bits<bool, 20, 3>;
using AllTargetPorts = Bits<bool, 20, 2>;
using ThroughPowerLoss = Bits<bool, 20, 0>;
using TransportIdBytes = Field<std::uint32_t, kBytes>;  // with SPEC_I_PT
constexpr std::size_t kTransportIds = kBytes + TransportIdBytes::kWidth;
}  // namespace list_layout

namespace move_layout {  // SPC-4 table 187: REGISTER AND MOVE
constexpr std::size_t kBytes = 24;
using Key = Field<std::uint64_t, 0>;
using ActionKey = Field<std::uint64_t, 8>;
using Unregister = Bits<bool, 17, 1>;
using ThroughPowerLoss = Bits<bool, 17, 0>;
using RelativePort = Field<std::uint16_t, 18>;
using TransportIdBytes = Field<std::uint32_t, 20>;
}  // namespace move_layout

bool registers(Action action) { return action == Action::register_key || action == Action::register_and_ignore; }

bool needs_type(Action action) { return action == Action::reserve || action == Action::release; }
bool preempts(Action action) { return action == Action::preempt || action == Action::preempt_and_abort; }

bool is_known(ReservationType type) {
  switch (type) {
    case ReservationType::write_exclusive:
    case ReservationType::exclusive_access:
    case ReservationType::write_exclusive_registrants_only:
    case ReservationType::exclusive_access_registrants_only:
    case ReservationType::write_exclusive_all_registrants:
    case ReservationType::exclusive_access_all_registrants: return true;
  }
  return false;
}

// Scope and type are ignored where they mean nothing (SPC-4 table 184, 5.13.11.4.3): of a preemption only who knows the
// reservations can tell.
Wrong take_cdb(PersistentReserveOut& to, const Cdb& cdb) {
  constexpr std::uint8_t kWholeUnit = 0;
  to.action = Action{ServiceActionField::get(cdb)};
  if (!needs_type(to.action) && !preempts(to.action)) return std::nullopt;
  const bool good_scope = Layout::Scope::get(cdb) == kWholeUnit;
  to.type = Layout::Type::get(cdb);
  if (good_scope && is_known(*to.type)) return std::nullopt;
  to.type.reset();
  if (preempts(to.action)) return std::nullopt;
  return good_scope ? sense::invalid<Layout::Type>() : sense::invalid<Layout::Scope>();
}

// All of `ids`, which begins at byte `at` of the list, must be TransportIDs.
Wrong take_ports(PersistentReserveOut& to, ByteSpan ids, std::size_t at) {
  while (!ids.empty()) {
    auto id = decode_transport_id(ids);
    if (!id) return sense::invalid_parameter(static_cast<std::uint16_t>(at));
    to.ports.push_back(std::move(id->port));
    at += id->bytes;
    ids = ids.subspan(id->bytes);
  }
  return std::nullopt;
}

// Bytes behind the fixed part of the list. Their number is there twice: both must say the same.
Wrong take_counted_ports(PersistentReserveOut& to, ByteSpan list, std::size_t at, std::uint32_t bytes) {
  if (bytes != list.size() - at) return sense::kParameterListLengthError;
  return take_ports(to, list.subspan(at), at);
}

Wrong must_be_all(ByteSpan list, std::size_t bytes) {
  return list.size() == bytes ? std::nullopt : Wrong(sense::kParameterListLengthError);
}

Wrong take_registration(PersistentReserveOut& to, ByteSpan list) {
  using namespace list_layout;
  const auto fixed = list.first<kBytes>();
  if (ThroughPowerLoss::get(fixed)) return sense::invalid_parameter<ThroughPowerLoss>();
  to.all_target_ports = AllTargetPorts::get(fixed);
  if (!SpecifyInitiatorPorts::get(fixed)) return must_be_all(list, kBytes);
  if (to.action != Action::register_key) return sense::invalid_parameter<SpecifyInitiatorPorts>();
  if (list.size() < kTransportIds) return sense::kParameterListLengthError;
  return take_counted_ports(to, list, kTransportIds, TransportIdBytes::get(list.first<kTransportIds>()));
}

Wrong take_list(PersistentReserveOut& to, ByteSpan list) {
  using namespace list_layout;
  if (list.size() < kBytes) return sense::kParameterListLengthError;
  to.key = Key::get(list.first<kBytes>());
  to.action_key = ActionKey::get(list.first<kBytes>());
  if (registers(to.action)) return take_registration(to, list);
  return must_be_all(list, kBytes);
}

Wrong take_move_list(PersistentReserveOut& to, ByteSpan list) {
  using namespace move_layout;
  if (list.size() < kBytes) return sense::kParameterListLengthError;
  const auto fixed = list.first<kBytes>();
  to.key = Key::get(fixed);
  to.action_key = ActionKey::get(fixed);
  to.unregister = Unregister::get(fixed);
  if (ThroughPowerLoss::get(fixed)) return sense::invalid_parameter<ThroughPowerLoss>();
  if (RelativePort::get(fixed) != kRelativeTargetPort) return sense::invalid_parameter<RelativePort>();
  const auto wrong = take_counted_ports(to, list, kBytes, TransportIdBytes::get(fixed));
  if (!wrong && to.ports.size() != 1) return sense::invalid_parameter<TransportIdBytes>();
  return wrong;
}

// 1A/00 as well when fewer bytes came than the CDB announces.
Wrong take_given_list(PersistentReserveOut& to, const CommandRequest& request) {
  const std::size_t announced = Layout::ParameterListLength::get(request.cdb);
  if (announced > kMaxReserveOutListBytes) return sense::kParameterListLengthError;
  const Slice list = parameter_list(request, announced);
  if (list.size() != announced) return sense::kParameterListLengthError;
  return to.action == Action::register_and_move ? take_move_list(to, list.bytes()) : take_list(to, list.bytes());
}

}  // namespace

Answer persistent_reserve_out(CommandContext& command) {
  const CommandRequest& request = command.request;
  PersistentReserveOut change;
  if (const auto wrong = take_cdb(change, request.cdb)) return check_condition(*wrong);
  if (const auto wrong = take_given_list(change, request)) return check_condition(*wrong);
  const std::uint64_t taken = Layout::ParameterListLength::get(request.cdb);
  return Ask{std::move(change), [taken](UnitAnswer answer) { return result_of_change(answer, taken); }};
}

}  // namespace shoal::scsi

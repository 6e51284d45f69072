// UnitState: what all nexuses of a logical unit share beside its blocks: who reserves it, its mode parameters, whether
// it is being sanitized. One member keeps it for the group; every member has a picture of it, which is what commands
// are checked against. The rules are in target/unit; who keeps it, and how the others learn of it, is the
// implementation's.
//
// view() stays the same object until control returns to the runtime. change() completes when every member in reach
// goes by the new picture, has raised its unit attentions, and nothing of the tasks it aborts can touch data any more.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "target/base/completion.h"
#include "target/base/ids.h"
#include "target/ports/unit_attention.h"

namespace shoal {

enum class AccessKind : std::uint8_t { read, write };

// An initiator port (RFC 7143 4.4: name and ISID; its TransportID is SPC-4 7.6.4.6). In one portal group for the whole
// group it names the I_T nexus of a unit.
struct InitiatorPort {
  std::string name;
  std::uint64_t isid = 0;  // 48 bits
  auto operator<=>(const InitiatorPort&) const = default;
};

enum class ReservationType : std::uint8_t {  // SPC-4 table 68
  write_exclusive = 1,
  exclusive_access = 3,
  write_exclusive_registrants_only = 5,
  exclusive_access_registrants_only = 6,
  write_exclusive_all_registrants = 7,
  exclusive_access_all_registrants = 8,
};

struct Registration {
  InitiatorPort port;
  std::uint64_t key = 0;  // never 0
  bool all_target_ports = false;
  bool operator==(const Registration&) const = default;
};

struct PersistentReservation {
  ReservationType type = ReservationType::write_exclusive;
  InitiatorPort holder;  // of the all-registrants types: nobody in particular
  bool operator==(const PersistentReservation&) const = default;
};

struct PersistentReservations {
  std::uint32_t generation = 0;             // PRGENERATION
  bool through_power_loss = false;          // APTPL, as the last REGISTER said
  std::vector<Registration> registrations;  // in order of ports
  std::optional<PersistentReservation> held;
  bool operator==(const PersistentReservations&) const = default;
};

struct ModeParameters {
  bool descriptor_sense = false;        // D_SENSE, mode page 0A
  bool software_write_protect = false;  // SWP, mode page 0A
  bool operator==(const ModeParameters&) const = default;
};

enum class UnitCondition : std::uint8_t {
  ready,
  formatting,                    // FORMAT UNIT: NOT READY 02/04/04
  format_failed,                 // MEDIUM ERROR 03/31/01 until it is done again
  sanitizing,                    // SANITIZE: NOT READY 02/04/1B
  sanitize_failed_exit_allowed,  // MEDIUM ERROR 03/31/03 until it is exited (AUSE) or done again
  sanitize_failed,               // the same, until it is done again
  format_corrupted,              // MEDIUM ERROR 03/31/00: who formatted it is gone; until it is done again
};

struct UnitView {
  // Counts up with every change of who may do what; a term of the keeper in the high 32 bits. Owners of pages refuse
  // operations that were allowed by an older one.
  std::uint64_t generation = 0;
  PersistentReservations persistent;
  std::optional<InitiatorPort> reserved_by;  // RESERVE (SPC-2)
  ModeParameters mode;
  UnitCondition condition = UnitCondition::ready;
  bool operator==(const UnitView&) const = default;
};

// ---- what changes it

// PERSISTENT RESERVE OUT (SPC-4 6.16) with its parameter list, decoded.
struct PersistentReserveOut {
  enum class Action : std::uint8_t {
    register_key = 0,
    reserve = 1,
    release = 2,
    clear = 3,
    preempt = 4,
    preempt_and_abort = 5,
    register_and_ignore = 6,
    register_and_move = 7,
    replace_lost = 8,
  };
  Action action = Action::register_key;
  // nullopt: SCOPE and TYPE name none that there is, which PREEMPT ignores where it only removes registrations.
  std::optional<ReservationType> type = ReservationType::write_exclusive;
  std::uint64_t key = 0, action_key = 0;
  bool through_power_loss = false;   // APTPL
  bool all_target_ports = false;     // ALL_TG_PT
  bool unregister = false;           // register_and_move: UNREG
  std::vector<InitiatorPort> ports;  // SPEC_I_PT: to be registered too. register_and_move: exactly the destination
  bool operator==(const PersistentReserveOut&) const = default;
};
struct ReserveUnit {  // RESERVE(6), (10): SPC-2 7.21, 7.22
  bool operator==(const ReserveUnit&) const = default;
};
struct ReleaseUnit {
  bool operator==(const ReleaseUnit&) const = default;
};
struct ChangeMode {  // MODE SELECT
  ModeParameters mode;
  bool operator==(const ChangeMode&) const = default;
};
struct ChangeCondition {  // FORMAT UNIT, SANITIZE. Refused (conflict) where the condition is not `from` any more
  UnitCondition from = UnitCondition::ready, to = UnitCondition::ready;
  std::optional<UnitCondition> abandoned{};  // work begins: the condition where its member is gone before it ends
  bool operator==(const ChangeCondition&) const = default;
};
enum class ResetKind : std::uint8_t { logical_unit, target_warm, target_cold };
struct ResetUnit {  // task management: ends the tasks of every nexus, clears RESERVE, not persistent reservations
  ResetKind kind = ResetKind::logical_unit;
  bool operator==(const ResetUnit&) const = default;
};
struct NexusLost {  // its session ended and did not move: RESERVE is released
  bool operator==(const NexusLost&) const = default;
};
struct TellNexuses {  // changes nothing: every nexus is told that
  UnitAttention attention;
  bool operator==(const TellNexuses&) const = default;
};
using UnitChange = std::variant<PersistentReserveOut, ReserveUnit, ReleaseUnit, ChangeMode, ChangeCondition, ResetUnit,
                                NexusLost, TellNexuses>;

enum class UnitAnswer : std::uint8_t {
  good,
  conflict,                // RESERVATION CONFLICT
  invalid_field_in_cdb,    // 24/00
  invalid_field_in_list,   // 26/00
  invalid_release,         // 26/04: INVALID RELEASE OF PERSISTENT RESERVATION
  insufficient_resources,  // 55/04: INSUFFICIENT REGISTRATION RESOURCES
  unavailable,             // the keeper is out of reach: BUSY
};

// A point in the history of a unit's shared state: so many changes in a term of its keeper.
struct UnitMoment {
  std::uint32_t term = 0;
  std::uint64_t serial = 0;
  bool operator==(const UnitMoment&) const = default;
};

class UnitState {
 public:
  virtual ~UnitState() = default;
  virtual const UnitView& view() const = 0;
  virtual void change(const InitiatorPort& from, UnitChange change, Completion<UnitAnswer> done) = 0;

  // Every session here has been told of what happened up to now.
  virtual UnitMoment moment() const = 0;
  // What a nexus without a session would have been told since; 29/00 where that is not known any more.
  virtual std::vector<UnitAttention> missed(const InitiatorPort& port, const UnitMoment& since) const = 0;
};

}  // namespace shoal

// The keys of RFC 7143 sections 12 and 13 (and RFC 7144) in one table: what kind each is, its range, its value when nobody
// speaks of it, where and by whom it may be said. login.cpp and text_exchange.cpp follow the table.
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <string_view>

namespace shoal::iscsi {

enum class KeyId : std::uint8_t {
  auth_method,
  initiator_name,
  initiator_alias,
  target_name,
  target_alias,
  target_address,
  target_portal_group_tag,
  session_type,
  send_targets,
  header_digest,
  data_digest,
  max_connections,
  initial_r2t,
  immediate_data,
  max_recv_data_segment_length,
  max_burst_length,
  first_burst_length,
  default_time2wait,
  default_time2retain,
  max_outstanding_r2t,
  data_pdu_in_order,
  data_sequence_in_order,
  error_recovery_level,
  task_reporting,
  protocol_level,
  if_marker,
  of_marker,
  if_mark_int,
  of_mark_int,
  node_architecture,
};

enum class KeyRule : std::uint8_t {
  declared,   // no answer
  list,       // the first element of the offer that is known here
  minimum,    // numbers: the smaller of both
  maximum,    // numbers: the larger of both
  and_rule,   // Yes/No: Yes if both say so
  or_rule,    // Yes/No: Yes if one says so
  always_no,  // obsolete boolean: answered No
  always_reject,  // obsolete number: answered Reject
};

// Where a key may be said by the initiator.
enum class KeyPlace : std::uint8_t {
  nowhere,      // the target's to say
  security,     // security stage
  first,        // first login request
  login,        // either stage of a login
  operational,  // operational stage
  operational_or_full_feature,
  full_feature,
};

struct KeyRow {
  std::string_view name;
  KeyId id;
  KeyRule rule;
  KeyPlace place;
  std::uint32_t low, high;      // numbers: what may be offered. Booleans: 0..1
  std::uint32_t initial;        // if nobody says it. Booleans: 1 is Yes
  bool relevant_in_discovery;   // else answered Irrelevant there
  std::string_view section;
};

inline constexpr std::uint32_t kMaxLength = 0xffffff;  // what a 24-bit length holds

inline constexpr std::array kKeys{
    // clang-format off
    KeyRow{"AuthMethod",               KeyId::auth_method,                  KeyRule::list,     KeyPlace::security,    0, 0, 0, true, "12.1"},
    KeyRow{"InitiatorName",            KeyId::initiator_name,               KeyRule::declared, KeyPlace::first,       0, 0, 0, true, "13.5"},
    KeyRow{"InitiatorAlias",           KeyId::initiator_alias,              KeyRule::declared, KeyPlace::login,       0, 0, 0, true, "13.7"},
    KeyRow{"TargetName",               KeyId::target_name,                  KeyRule::declared, KeyPlace::first,       0, 0, 0, true, "13.4"},
    KeyRow{"TargetAlias",              KeyId::target_alias,                 KeyRule::declared, KeyPlace::nowhere,     0, 0, 0, true, "13.6"},
    KeyRow{"TargetAddress",            KeyId::target_address,               KeyRule::declared, KeyPlace::nowhere,     0, 0, 0, true, "13.8"},
    KeyRow{"TargetPortalGroupTag",     KeyId::target_portal_group_tag,      KeyRule::declared, KeyPlace::nowhere,     0, 65535, 0, true, "13.9"},
    KeyRow{"SessionType",              KeyId::session_type,                 KeyRule::declared, KeyPlace::first,       0, 0, 0, true, "13.21"},
    KeyRow{"SendTargets",              KeyId::send_targets,                 KeyRule::declared, KeyPlace::full_feature, 0, 0, 0, true, "13.3"},
    KeyRow{"HeaderDigest",             KeyId::header_digest,                KeyRule::list,     KeyPlace::operational, 0, 0, 0, true, "13.1"},
    KeyRow{"DataDigest",               KeyId::data_digest,                  KeyRule::list,     KeyPlace::operational, 0, 0, 0, true, "13.1"},
    KeyRow{"MaxConnections",           KeyId::max_connections,              KeyRule::minimum,  KeyPlace::operational, 1, 65535, 1, false, "13.2"},
    KeyRow{"InitialR2T",               KeyId::initial_r2t,                  KeyRule::or_rule,  KeyPlace::operational, 0, 1, 1, false, "13.10"},
    KeyRow{"ImmediateData",            KeyId::immediate_data,               KeyRule::and_rule, KeyPlace::operational, 0, 1, 1, false, "13.11"},
    KeyRow{"MaxRecvDataSegmentLength", KeyId::max_recv_data_segment_length, KeyRule::declared, KeyPlace::operational_or_full_feature, 512, kMaxLength, 8192, true, "13.12"},
    KeyRow{"MaxBurstLength",           KeyId::max_burst_length,             KeyRule::minimum,  KeyPlace::operational, 512, kMaxLength, 262144, false, "13.13"},
    KeyRow{"FirstBurstLength",         KeyId::first_burst_length,           KeyRule::minimum,  KeyPlace::operational, 512, kMaxLength, 65536, false, "13.14"},
    KeyRow{"DefaultTime2Wait",         KeyId::default_time2wait,            KeyRule::maximum,  KeyPlace::operational, 0, 3600, 2, true, "13.15"},
    KeyRow{"DefaultTime2Retain",       KeyId::default_time2retain,          KeyRule::minimum,  KeyPlace::operational, 0, 3600, 20, true, "13.16"},
    KeyRow{"MaxOutstandingR2T",        KeyId::max_outstanding_r2t,          KeyRule::minimum,  KeyPlace::operational, 1, 65535, 1, false, "13.17"},
    KeyRow{"DataPDUInOrder",           KeyId::data_pdu_in_order,            KeyRule::or_rule,  KeyPlace::operational, 0, 1, 1, false, "13.18"},
    KeyRow{"DataSequenceInOrder",      KeyId::data_sequence_in_order,       KeyRule::or_rule,  KeyPlace::operational, 0, 1, 1, false, "13.19"},
    KeyRow{"ErrorRecoveryLevel",       KeyId::error_recovery_level,         KeyRule::minimum,  KeyPlace::operational, 0, 2, 0, true, "13.20"},
    KeyRow{"TaskReporting",            KeyId::task_reporting,               KeyRule::list,     KeyPlace::operational, 0, 0, 0, false, "13.23"},
    KeyRow{"iSCSIProtocolLevel",       KeyId::protocol_level,               KeyRule::minimum,  KeyPlace::operational, 0, 31, 1, false, "RFC 7144 7.1.1"},
    KeyRow{"IFMarker",                 KeyId::if_marker,                    KeyRule::always_no, KeyPlace::operational, 0, 1, 0, true, "13.25"},
    KeyRow{"OFMarker",                 KeyId::of_marker,                    KeyRule::always_no, KeyPlace::operational, 0, 1, 0, true, "13.25"},
    KeyRow{"IFMarkInt",                KeyId::if_mark_int,                  KeyRule::always_reject, KeyPlace::operational, 0, 0, 0, true, "13.25"},
    KeyRow{"OFMarkInt",                KeyId::of_mark_int,                  KeyRule::always_reject, KeyPlace::operational, 0, 0, 0, true, "13.25"},
    KeyRow{"X#NodeArchitecture",       KeyId::node_architecture,            KeyRule::declared, KeyPlace::login,       0, 0, 0, true, "13.26"},
    // clang-format on
};

constexpr const KeyRow& key_row(KeyId id) { return kKeys[static_cast<std::size_t>(id)]; }

// null: a key of nobody (answered NotUnderstood). Key names are compared exactly, as 6.1 wants.
const KeyRow* find_key(std::string_view name);

// What the responder answers to a number or a Yes/No, by rule: `own` is what this side would have. nullopt: Reject (not a
// value of this key).
std::optional<std::uint32_t> negotiate_number(const KeyRow& row, std::string_view offered, std::uint32_t own);
std::optional<bool> negotiate_boolean(const KeyRow& row, std::string_view offered, bool own);

}  // namespace shoal::iscsi

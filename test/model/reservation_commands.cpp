#include "test/model/reservation_commands.h"

#include <fmt/format.h>

#include <algorithm>

namespace model {

namespace {

constexpr std::size_t kAllocation = 4096;
constexpr std::size_t kHeader = 8;         // PRGENERATION, ADDITIONAL LENGTH
constexpr std::size_t kDescriptor = 24;    // of READ FULL STATUS, before the TransportID
constexpr std::uint8_t kIscsiPort = 0x45;  // TransportID: FORMAT CODE 01b, iSCSI

Bytes transport_id_bytes(Who who) {
  const std::string text = transport_id(who);
  Bytes id(4 + (text.size() + 1 + 3) / 4 * 4);
  id[0] = kIscsiPort;
  put(id, 2, 2, id.size() - 4);
  std::ranges::copy(text, id.begin() + 4);
  return id;
}

Bytes move_parameters(const ReserveOut& out) {
  Bytes list(24);
  put(list, 0, 8, out.key);
  put(list, 8, 8, out.action_key);
  list[17] = out.unregister ? 2 : 0;
  put(list, 18, 2, 1);  // RELATIVE TARGET PORT IDENTIFIER
  const Bytes id = transport_id_bytes(out.destination);
  put(list, 20, 4, id.size());
  append(list, id);
  return list;
}

Bytes parameters(const ReserveOut& out) {
  if (out.action == Action::register_and_move) return move_parameters(out);
  Bytes list(24);
  put(list, 0, 8, out.key);
  put(list, 8, 8, out.action_key);
  return list;
}

}  // namespace

std::string transport_id(Who who) {
  std::string text = initiator_name(who) + ",i,0x";
  for (const auto byte : initiator_isid(who)) text += fmt::format("{:02x}", byte);
  return text;
}

Command persistent_reserve_out(const ReserveOut& out) {
  Command command{.cdb = Bytes(10), .out = parameters(out)};
  command.cdb[0] = 0x5f;
  command.cdb[1] = static_cast<std::uint8_t>(out.action);
  command.cdb[2] = static_cast<std::uint8_t>(out.type);
  put(command.cdb, 5, 4, command.out.size());
  return command;
}

Command persistent_reserve_in(int service_action) {
  Command command{.cdb = Bytes(10), .in = kAllocation};
  command.cdb[0] = 0x5e;
  command.cdb[1] = static_cast<std::uint8_t>(service_action);
  put(command.cdb, 7, 2, kAllocation);
  return command;
}

Command reserve_unit() { return {.cdb = {0x16, 0, 0, 0, 0, 0}}; }
Command release_unit() { return {.cdb = {0x17, 0, 0, 0, 0, 0}}; }
Command test_unit_ready() { return {.cdb = {0x00, 0, 0, 0, 0, 0}}; }
Command request_sense() { return {.cdb = {0x03, 0, 0, 0, 252, 0}, .in = 252}; }

std::uint32_t generation_of(const Bytes& data) { return static_cast<std::uint32_t>(get(data, 0, 4)); }

std::vector<Key> keys_of(const Bytes& data) {
  std::vector<Key> keys;
  for (std::size_t at = kHeader; at < kHeader + get(data, 4, 4); at += 8) keys.push_back(get(data, at, 8));
  std::ranges::sort(keys);
  return keys;
}

std::optional<std::pair<Key, int>> held_of(const Bytes& data) {
  if (get(data, 4, 4) == 0) return std::nullopt;
  return std::pair(get(data, kHeader, 8), data.at(kHeader + 13) & 15);
}

std::vector<FullStatus> full_status_of(const Bytes& data) {
  std::vector<FullStatus> all;
  for (std::size_t at = kHeader; at < kHeader + get(data, 4, 4);) {
    const bool holder = data.at(at + 12) & 1;
    const auto id_bytes = get(data, at + 20, 4);
    const Bytes id(data.begin() + static_cast<long>(at + kDescriptor + 4),
                   data.begin() + static_cast<long>(at + kDescriptor + id_bytes));
    all.push_back({std::string(id.begin(), std::ranges::find(id, 0)), get(data, at, 8), holder,
                   holder ? data.at(at + 13) & 15 : 0});
    at += kDescriptor + id_bytes;
  }
  std::ranges::sort(all);
  return all;
}

}  // namespace model

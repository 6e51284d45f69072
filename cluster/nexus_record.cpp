#include "cluster/nexus_record.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>
#include <nlohmann/json.hpp>
#include <vector>

#include "target/base/parse_number.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;

bool is_plain(char c) {
  return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '.' || c == '-' || c == ':' || c == '_';
}

std::vector<std::string_view> parts_of(std::string_view key) {
  std::vector<std::string_view> parts;
  if (!key.starts_with(kSessionsPrefix)) return parts;
  key.remove_prefix(kSessionsPrefix.size());
  for (;;) {
    const std::size_t slash = std::min(key.find('/'), key.size());
    parts.push_back(key.substr(0, slash));
    if (slash == key.size()) return parts;
    key.remove_prefix(slash + 1);
  }
}

std::optional<json> object_of(std::string_view text) {
  json value = json::parse(text, nullptr, false);
  if (!value.is_object()) return std::nullopt;
  return value;
}

}  // namespace

bool of_same_host(const NexusName& a, const NexusName& b) {
  return a.image == b.image && a.portal_group_tag == b.portal_group_tag && a.initiator_name == b.initiator_name;
}

std::string escape(std::string_view name) {
  std::string text;
  for (const char c : name) {
    if (is_plain(c)) {
      text += c;
    } else {
      text += fmt::format("%{:02x}", static_cast<unsigned char>(c));
    }
  }
  return text;
}

std::optional<std::string> unescape(std::string_view text) {
  std::string name;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      name += text[i];
      continue;
    }
    const auto byte = i + 3 <= text.size() ? parse_number<std::uint8_t>(text.substr(i + 1, 2), 16) : std::nullopt;
    if (!byte) return std::nullopt;
    name += static_cast<char>(*byte);
    i += 2;
  }
  return name;
}

std::string gate_key(ImageId image) { return fmt::format("{}{:016x}", kSessionsPrefix, image.value); }

std::string nexus_key(const NexusName& name) {
  return fmt::format("{}/{}/{}/{:012x}", gate_key(name.image), name.portal_group_tag, escape(name.initiator_name),
                     name.isid);
}

std::optional<ImageId> gate_of_key(std::string_view key) {
  const auto parts = parts_of(key);
  const auto image = parts.size() == 1 ? parse_number<std::uint64_t>(parts[0], 16) : std::nullopt;
  if (!image || gate_key(ImageId{*image}) != key) return std::nullopt;
  return ImageId{*image};
}

std::optional<NexusName> nexus_of_key(std::string_view key) {
  const auto parts = parts_of(key);
  if (parts.size() != 4) return std::nullopt;
  const auto image = parse_number<std::uint64_t>(parts[0], 16);
  const auto tag = parse_number<std::uint16_t>(parts[1], 10);
  auto initiator = unescape(parts[2]);
  const auto isid = parse_number<std::uint64_t>(parts[3], 16);
  if (!image || !tag || !initiator || !isid) return std::nullopt;
  NexusName name{ImageId{*image}, *tag, std::move(*initiator), *isid};
  if (nexus_key(name) != key) return std::nullopt;  // one name, one key
  return name;
}

std::string encode(const NexusRecord& record) {
  json value{{"member", record.member.value},     {"not_at", record.not_at.value}, {"epoch", record.epoch},
             {"incarnation", record.incarnation}, {"token", record.token},         {"place_at", record.place_at.value}};
  if (record.memory) value["memory"] = encode(*record.memory);
  return value.dump();
}

std::string encode(const NexusMemory& memory) {
  json waiting = json::array();
  for (const auto& [asc, ascq] : memory.waiting) waiting.push_back(json::array({asc, ascq}));
  return json{{"term", memory.moment.term}, {"serial", memory.moment.serial}, {"waiting", std::move(waiting)}}.dump();
}

std::optional<NexusMemory> decode_memory(std::string_view text) try {
  const json value = json::parse(text);
  NexusMemory memory{{value.at("term").get<std::uint32_t>(), value.at("serial").get<std::uint64_t>()}, {}};
  if (value.at("waiting").size() > kMaxRemembered) return std::nullopt;
  for (const json& each : value.at("waiting")) {
    memory.waiting.push_back({each.at(0).get<std::uint8_t>(), each.at(1).get<std::uint8_t>()});
  }
  return memory;
} catch (const json::exception&) {
  return std::nullopt;
}

std::optional<NexusRecord> decode_nexus(std::string_view key, std::string_view text) {
  auto name = nexus_of_key(key);
  const auto value = object_of(text);
  if (!name || !value) return std::nullopt;
  try {
    return NexusRecord{std::move(*name),
                       MemberId{value->at("member").get<std::uint32_t>()},
                       MemberId{value->at("not_at").get<std::uint32_t>()},
                       value->at("epoch").get<std::uint32_t>(),
                       value->at("incarnation").get<std::uint64_t>(),
                       value->at("token").get<std::uint64_t>(),
                       MemberId{value->value("place_at", std::uint32_t{0})},
                       decode_memory(value->value("memory", ""))};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

std::string encode(const ImageGate& gate) {
  return json{{"records", gate.records}, {"highest_removed", gate.highest_removed}, {"token", gate.token}}.dump();
}

std::optional<ImageGate> decode_gate(std::string_view text) {
  const auto value = object_of(text);
  if (!value) return std::nullopt;
  try {
    return ImageGate{value->at("records").get<std::uint64_t>(), value->at("highest_removed").get<std::uint32_t>(),
                     value->at("token").get<std::uint64_t>()};
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

namespace {

ClaimPlan plan_first_claim(const NexusName& name, ImageGate gate, const Claimant& claimant) {
  const NexusRecord record{name, claimant.member, {}, gate.highest_removed + 1, claimant.incarnation, claimant.token};
  ++gate.records;
  gate.token = claimant.token;
  return {record, gate, Expel::nobody, {}};
}

ClaimPlan plan_takeover(const NexusRecord& found, const Claimant& claimant) {
  NexusRecord record{found.name, claimant.member, {}, found.epoch + 1, claimant.incarnation, claimant.token};
  if (found.member == MemberId{}) return {std::move(record), std::nullopt, Expel::nobody, {}, found.memory};
  if (found.member == claimant.member) return {std::move(record), std::nullopt, Expel::owners, {}};
  return {std::move(record), std::nullopt, Expel::holder, found.member};
}

}  // namespace

std::optional<ClaimPlan> plan_claim(const NexusName& name, const std::optional<NexusRecord>& found,
                                    const std::optional<ImageGate>& gate, const Claimant& claimant) {
  if (found) return plan_takeover(*found, claimant);
  if (!gate) return std::nullopt;
  return plan_first_claim(name, *gate, claimant);
}

ImageGate gate_after_removal(const NexusRecord& record, ImageGate gate, std::uint64_t token) {
  if (gate.records > 0) --gate.records;
  gate.highest_removed = std::max(gate.highest_removed, record.epoch);
  gate.token = token;
  return gate;
}

}  // namespace shoal::cluster

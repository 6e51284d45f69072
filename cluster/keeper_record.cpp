#include "cluster/keeper_record.h"

#include <nlohmann/json.hpp>

namespace shoal::cluster {

using nlohmann::json;

std::string encode(const KeeperRecord& record) {
  return json{{"member", record.member.value}, {"incarnation", record.incarnation}, {"term", record.term}}.dump();
}

std::optional<KeeperRecord> decode_keeper(std::string_view text) try {
  const json value = json::parse(text);
  return KeeperRecord{MemberId{value.at("member").get<std::uint32_t>()}, value.at("incarnation").get<std::uint64_t>(),
                      value.at("term").get<std::uint32_t>()};
} catch (const json::exception&) {
  return std::nullopt;
}

UnitView first_view(std::uint32_t term) { return {.generation = std::uint64_t{term} << 32}; }

}  // namespace shoal::cluster

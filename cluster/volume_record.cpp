#include <nlohmann/json.hpp>

#include "cluster/record_json.h"
#include "cluster/volume_rules.h"
#include "cluster/volumes.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

json user_json(const ChapUser& user) { return {{"user", user.user}, {"secret_file", user.secret_file}}; }
ChapUser user_of(const json& value) {
  return {value.at("user").get<std::string>(), value.at("secret_file").get<std::string>()};
}

// What is not set is not written: records of volumes that are open to all look as they did before there was access.
void put_access(json& record, const VolumeAccess& access) {
  if (!access.allow.empty()) record["allow"] = access.allow;
  if (!access.deny.empty()) record["deny"] = access.deny;
  if (!access.chap) return;
  record["chap"] = {{"initiator", user_json(access.chap->initiator)}};
  if (access.chap->target) record["chap"]["target"] = user_json(*access.chap->target);
}

VolumeAccess access_of(const json& record) {
  VolumeAccess access;
  access.allow = record.value("allow", std::vector<std::string>{});
  access.deny = record.value("deny", std::vector<std::string>{});
  if (!record.contains("chap")) return access;
  const json& chap = record.at("chap");
  access.chap = ChapSettings{user_of(chap.at("initiator")), std::nullopt};
  if (chap.contains("target")) access.chap->target = user_of(chap.at("target"));
  return access;
}

// Records of before there was a choice say on which kind of store the volume lies.
routing::DurabilityPolicy durability_in(const json& record) {
  if (record.contains("durability")) return durability_of(record.at("durability").get<std::string>());
  const bool lasts = routing::outlives_its_process(kind_of(record.at("kind").get<std::string>()));
  return lasts ? routing::DurabilityPolicy::writeback : routing::DurabilityPolicy::memory;
}

VolumeRecord record_of(const json& value) {
  VolumeRecord record;
  record.name = value.at("name").get<std::string>();
  record.iqn = value.at("iqn").get<std::string>();
  record.image.id = ImageId{value.at("image").get<std::uint64_t>()};
  record.image.size_bytes = value.at("size_bytes").get<std::uint64_t>();
  record.image.page_bytes = value.at("page_bytes").get<std::uint32_t>();
  record.image.durability = durability_in(value);
  record.image.placement.rule = rule_of(value.at("placement").get<std::string>());
  for (const json& store : value.at("stores"))
    record.image.placement.stores.push_back(store_of(store.get<std::string>()));
  record.identity.naa = value.at("naa").get<std::uint64_t>();
  record.identity.serial = value.at("serial").get<std::string>();
  record.created_ms = value.at("created_ms").get<std::uint64_t>();
  record.access = access_of(value);
  return record;
}

}  // namespace

std::string encode(const VolumeRecord& record) {
  json stores = json::array();
  for (const StoreId& store : record.image.placement.stores) stores.push_back(store.to_string());
  json value = {{"format", kFormat},
                {"name", record.name},
                {"iqn", record.iqn},
                {"image", record.image.id.value},
                {"size_bytes", record.image.size_bytes},
                {"page_bytes", record.image.page_bytes},
                {"durability", to_string(record.image.durability)},
                {"placement", to_string(record.image.placement.rule)},
                {"stores", std::move(stores)},
                {"naa", record.identity.naa},
                {"serial", record.identity.serial},
                {"created_ms", record.created_ms}};
  put_access(value, record.access);
  return value.dump();
}

std::optional<VolumeRecord> decode_volume(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  try {
    if (value.at("format") != kFormat) return std::nullopt;
    VolumeRecord record = record_of(value);
    if (check_shape(record.image.size_bytes, record.image.page_bytes) || record.image.placement.stores.empty()) {
      return std::nullopt;
    }
    if (!is_sound(record.access)) return std::nullopt;  // better not served than to whom it is not for
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace shoal::cluster

#include <nlohmann/json.hpp>

#include "cluster/record_json.h"
#include "cluster/volume_rules.h"
#include "cluster/volumes.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

VolumeRecord record_of(const json& value) {
  VolumeRecord record;
  record.name = value.at("name").get<std::string>();
  record.iqn = value.at("iqn").get<std::string>();
  record.image.id = ImageId{value.at("image").get<std::uint64_t>()};
  record.image.size_bytes = value.at("size_bytes").get<std::uint64_t>();
  record.image.page_bytes = value.at("page_bytes").get<std::uint32_t>();
  record.image.kind = kind_of(value.at("kind").get<std::string>());
  record.image.placement.rule = rule_of(value.at("placement").get<std::string>());
  for (const json& store : value.at("stores"))
    record.image.placement.stores.push_back(store_of(store.get<std::string>()));
  record.identity.naa = value.at("naa").get<std::uint64_t>();
  record.identity.serial = value.at("serial").get<std::string>();
  record.created_ms = value.at("created_ms").get<std::uint64_t>();
  return record;
}

}  // namespace

std::string encode(const VolumeRecord& record) {
  json stores = json::array();
  for (const StoreId& store : record.image.placement.stores) stores.push_back(store.to_string());
  return json{{"format", kFormat},
              {"name", record.name},
              {"iqn", record.iqn},
              {"image", record.image.id.value},
              {"size_bytes", record.image.size_bytes},
              {"page_bytes", record.image.page_bytes},
              {"kind", to_string(record.image.kind)},
              {"placement", to_string(record.image.placement.rule)},
              {"stores", std::move(stores)},
              {"naa", record.identity.naa},
              {"serial", record.identity.serial},
              {"created_ms", record.created_ms}}
      .dump();
}

std::optional<VolumeRecord> decode_volume(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  try {
    if (value.at("format") != kFormat) return std::nullopt;
    VolumeRecord record = record_of(value);
    if (check_shape(record.image.size_bytes, record.image.page_bytes) || record.image.placement.stores.empty()) {
      return std::nullopt;
    }
    return record;
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

}  // namespace shoal::cluster

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <set>

#include "cluster/members.h"
#include "cluster/record_json.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;

constexpr int kFormat = 1;

json text_or_null(const Endpoint& endpoint) { return endpoint.port == 0 ? json() : json(endpoint.to_string()); }

// Throws json::exception where the text is not one that this version writes.
Endpoint endpoint_of(const json& value) {
  if (value.is_null()) return {};
  return readable(Endpoint::parse(value.get<std::string>()), "endpoint");
}

MemberRecord record_of(const json& value) {
  MemberRecord record;
  record.id = MemberId{value.at("id").get<std::uint32_t>()};
  record.incarnation = value.at("incarnation").get<std::uint64_t>();
  record.instance = value.at("instance").get<std::uint64_t>();
  for (const json& portal : value.at("group_portals")) record.group_portals.push_back(endpoint_of(portal));
  record.member_portal = endpoint_of(value.at("member_portal"));
  record.peer = endpoint_of(value.at("peer"));
  record.control = endpoint_of(value.at("control"));
  for (const json& store : value.at("stores")) {
    record.stores.push_back(
        {store_of(store.at("id").get<std::string>()), kind_of(store.at("kind").get<std::string>())});
  }
  for (const auto& [id, reason] : value.at("lost_stores").items()) {
    record.lost_stores[store_of(id)] = reason.get<std::string>();
  }
  const json checkpoints = value.value("checkpoints", json::object());
  for (const auto& [id, checkpoint] : checkpoints.items()) {
    record.checkpoints[store_of(id)] = checkpoint.get<std::uint64_t>();
  }
  record.draining = value.at("draining").get<bool>();
  record.drain_ordered = value.value("drain_ordered", false);
  return record;
}

std::string why_lost(MemberId member, routing::StoreKind kind) {
  if (!routing::outlives_its_process(kind))
    return fmt::format("member {} restarted, and its pages were in memory", member);
  return fmt::format("member {} came back with another store: its folder was emptied or replaced", member);
}

std::set<StoreId> lasting_stores_of(const MemberRecord& record) {
  std::set<StoreId> stores;
  for (const MemberStore& store : record.stores) {
    if (routing::outlives_its_process(store.kind)) stores.insert(store.id);
  }
  return stores;
}

}  // namespace

bool same_place(const MemberRecord& a, const MemberRecord& b) {
  return a.group_portals == b.group_portals && a.member_portal == b.member_portal && a.peer == b.peer &&
         a.control == b.control && lasting_stores_of(a) == lasting_stores_of(b);
}

std::string member_key(MemberId id) { return fmt::format("/c/srv/{}", id); }

std::string encode(const MemberRecord& record) {
  json portals = json::array(), stores = json::array(), lost = json::object(), checkpoints = json::object();
  for (const Endpoint& portal : record.group_portals) portals.push_back(portal.to_string());
  for (const MemberStore& store : record.stores) {
    stores.push_back({{"id", store.id.to_string()}, {"kind", to_string(store.kind)}});
  }
  for (const auto& [id, reason] : record.lost_stores) lost[id.to_string()] = reason;
  for (const auto& [id, checkpoint] : record.checkpoints) checkpoints[id.to_string()] = checkpoint;
  return json{{"format", kFormat},
              {"id", record.id.value},
              {"incarnation", record.incarnation},
              {"instance", record.instance},
              {"group_portals", std::move(portals)},
              {"member_portal", text_or_null(record.member_portal)},
              {"peer", text_or_null(record.peer)},
              {"control", text_or_null(record.control)},
              {"stores", std::move(stores)},
              {"lost_stores", std::move(lost)},
              {"checkpoints", std::move(checkpoints)},
              {"draining", record.draining},
              {"drain_ordered", record.drain_ordered}}
      .dump(-1, ' ', false, json::error_handler_t::replace);
}

std::optional<MemberRecord> decode_member(std::string_view text) {
  const json value = json::parse(text, nullptr, false);
  try {
    if (value.at("format") != kFormat) return std::nullopt;
    return record_of(value);
  } catch (const json::exception&) {
    return std::nullopt;
  }
}

MemberRecord next_incarnation(const std::optional<MemberRecord>& found, MemberRecord self) {
  self.incarnation = 1;
  self.lost_stores.clear();
  if (!found) return self;
  self.incarnation = found->incarnation + 1;
  self.drain_ordered = found->drain_ordered;
  for (const MemberStore& store : found->stores) self.lost_stores.emplace(store.id, why_lost(self.id, store.kind));
  for (const auto& [id, reason] : found->lost_stores) {
    if (self.lost_stores.size() < kMaxLostStores) self.lost_stores.emplace(id, reason);
  }
  for (const MemberStore& store : self.stores) self.lost_stores.erase(store.id);  // it is here, perhaps again
  for (const auto& [id, checkpoint] : found->checkpoints) {
    if (self.lost_stores.contains(id)) self.checkpoints.emplace(id, checkpoint);
  }
  return self;
}

std::optional<std::uint64_t> missing_checkpoint(const MemberRecord& last, const StoreId& store,
                                                std::uint64_t checkpoint) {
  const auto known = last.checkpoints.find(store);
  if (known == last.checkpoints.end() || known->second <= checkpoint) return std::nullopt;
  return known->second;
}

}  // namespace shoal::cluster

#include "cluster/session_messages.h"

#include <nlohmann/json.hpp>

#include "cluster/nexus_record.h"

namespace shoal::cluster {
namespace {

using nlohmann::json;

json object_of(std::string_view text) {
  json value = json::parse(text, nullptr, false);
  return value.is_object() ? value : json::object();
}

template <class T>
std::optional<T> member_of(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || !found->is_number_unsigned()) return std::nullopt;
  const auto value = found->get<std::uint64_t>();
  if (static_cast<T>(value) != value) return std::nullopt;
  return static_cast<T>(value);
}

std::string text_of(const json& object, const char* key) {
  const auto found = object.find(key);
  return found != object.end() && found->is_string() ? found->get<std::string>() : "";
}

}  // namespace

std::string encode(const SessionRequest& request) {
  if (const auto* end = std::get_if<EndRequest>(&request)) {
    return json{{"end", nexus_key(end->name)}, {"epoch", end->epoch}}.dump();
  }
  if (const auto* moved = std::get_if<MovedRequest>(&request)) {
    return json{
        {"moved", nexus_key(moved->record.name)}, {"record", encode(moved->record)}, {"revision", moved->revision}}
        .dump();
  }
  if (const auto* redirected = std::get_if<RedirectedRequest>(&request)) {
    return json{{"redirected", nexus_key(redirected->name)}}.dump();
  }
  if (const auto* placed = std::get_if<PlacedRequest>(&request)) {
    return json{{"placed", nexus_key(placed->name)}, {"at", placed->at.value}}.dump();
  }
  return json{{"release_idle", std::get<ReleaseIdleRequest>(request).image.value}}.dump();
}

std::optional<SessionRequest> decode_session_request(std::string_view text) {
  const json object = object_of(text);
  if (const auto image = member_of<std::uint64_t>(object, "release_idle")) return ReleaseIdleRequest{ImageId{*image}};
  if (const auto revision = member_of<std::uint64_t>(object, "revision")) {
    auto record = decode_nexus(text_of(object, "moved"), text_of(object, "record"));
    if (!record) return std::nullopt;
    return MovedRequest{std::move(*record), *revision};
  }
  if (object.contains("redirected")) {
    auto name = nexus_of_key(text_of(object, "redirected"));
    if (!name) return std::nullopt;
    return RedirectedRequest{std::move(*name)};
  }
  if (const auto at = member_of<std::uint32_t>(object, "at")) {
    auto name = nexus_of_key(text_of(object, "placed"));
    if (!name) return std::nullopt;
    return PlacedRequest{std::move(*name), MemberId{*at}};
  }
  auto name = nexus_of_key(text_of(object, "end"));
  const auto epoch = member_of<std::uint32_t>(object, "epoch");
  if (!name || !epoch) return std::nullopt;
  return EndRequest{std::move(*name), *epoch};
}

std::string encode(const EndReply& reply) {
  const EndAnswer answer = reply.answer;
  const char* const word = answer == EndAnswer::ended ? "ended" : answer == EndAnswer::newer ? "newer" : "unknown";
  json object{{"answer", word}};
  if (reply.memory) object["memory"] = encode(*reply.memory);
  return object.dump();
}

EndReply decode_end_reply(std::string_view text) {
  const json object = object_of(text);
  const std::string word = text_of(object, "answer");
  if (word == "ended") return {EndAnswer::ended, decode_memory(text_of(object, "memory"))};
  return {word == "newer" ? EndAnswer::newer : EndAnswer::unknown};
}

std::string encode_live(std::size_t live) { return json{{"live", live}}.dump(); }
std::optional<std::size_t> decode_live(std::string_view text) {
  return member_of<std::size_t>(object_of(text), "live");
}

}  // namespace shoal::cluster

#include "tools/shoalctl/store_view.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <vector>

#include "tools/node/config.h"
#include "tools/shoalctl/views.h"

namespace shoal {

using nlohmann::json;

namespace {

std::uint64_t number(const json& object, const char* key) { return object.value(key, std::uint64_t{0}); }
std::string size(const json& object, const char* key) { return format_size(number(object, key)); }

std::string ago(const json& object, const char* key) {
  const auto seconds = object.find(key);
  return seconds == object.end() || !seconds->is_number_unsigned() ? "none since its member started"
                                                                   : age_text(seconds->get<std::uint64_t>()) + " ago";
}

std::string service(const json& store) {
  const std::string reason = store.value("reason", "");
  return store.value("state", "-") + (reason.empty() ? "" : ": " + reason);
}

std::string images(const json& list) {
  std::vector<std::vector<std::string>> rows;
  for (const json& image : list) {
    const json volume = image.value("volume", json());
    rows.push_back({fmt::format("{}", number(image, "image")), volume.is_string() ? volume.get<std::string>() : "-",
                    size(image, "page_bytes"), size(image, "allocated_bytes")});
  }
  return table({"IMAGE", "VOLUME", "PAGE", "ALLOCATED"}, rows);
}

}  // namespace

std::string view_scrub(const json& store) {
  const json scrub = store.value("scrub", json::object());
  const std::string state = scrub.value("state", "-");
  std::string text = "scrub: " + state;
  if (state != "idle") text += fmt::format(", {} of {}", size(scrub, "read_bytes"), size(scrub, "most_bytes"));
  text += fmt::format("; last whole one: {}; {} damaged blocks found", ago(scrub, "ended_s_ago"),
                      number(scrub, "damaged_blocks"));
  if (number(scrub, "unread_bytes") > 0)
    text += fmt::format("; {} could not be read then", size(scrub, "unread_bytes"));
  text += "\n";
  for (const json& range : scrub.value("damaged", json::array())) {
    text += fmt::format("  damaged: image {}, page {}, offset {}, {} bytes\n", number(range, "image"),
                        number(range, "page"), number(range, "offset"), number(range, "length"));
  }
  return text;
}

std::string view_store(const json& store) {
  const json damage = store.value("damage", json::object());
  std::string text =
      fmt::format("store {} of member {}, {}\n", store.value("uuid", "-"), number(store, "member"), service(store));
  text += fmt::format("  {}, of group {}\n  {}\n", store.value("path", "-"), store.value("group", "-"),
                      store.value("device", "-"));
  for (const json& warning : store.value("warnings", json::array())) {
    text += "  warning: " + warning.get<std::string>() + "\n";
  }
  text += fmt::format("space: {} used of {}, {} free; device {} in use, of that {} for metadata\n",
                      size(store, "used_bytes"), size(store, "total_bytes"), size(store, "free_bytes"),
                      size(store, "device_bytes"), size(store, "metadata_bytes"));
  text += fmt::format("journal: {} of {} in use, {} of data to be written home; checkpoint {}\n",
                      size(store, "journal_used_bytes"), size(store, "journal_bytes"),
                      size(store, "waiting_home_bytes"), number(store, "checkpoint"));
  text += fmt::format("metadata in memory: {} nodes of at most {}, {} changed; versions below {}, {} fences\n",
                      number(store, "cached_nodes"), number(store, "most_cached_nodes"), number(store, "changed_nodes"),
                      number(store, "first_seq"), number(store, "fences"));
  text += fmt::format("damage since it was opened: {} blocks, of which {} repaired; {} nodes\n",
                      number(damage, "blocks"), number(damage, "repaired_blocks"), number(damage, "nodes"));
  return text + view_scrub(store) + "\n" + images(store.value("images", json::array()));
}

}  // namespace shoal

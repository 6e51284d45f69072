#include "tools/shoalctl/views.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>

#include "tools/node/config.h"

namespace shoal {

using nlohmann::json;

namespace {

constexpr std::size_t kPictureWidth = 64;
constexpr std::size_t kPictureRows = 16;
constexpr std::size_t kMostStripes = 64;  // that are listed

std::string text(const json& object, const char* key) {
  const auto found = object.find(key);
  if (found == object.end() || found->is_null()) return "-";
  if (found->is_string()) return found->get<std::string>().empty() ? "-" : found->get<std::string>();
  if (found->is_boolean()) return found->get<bool>() ? "yes" : "no";
  return found->dump();
}

std::string size_of(const json& object, const char* key) { return format_size(object.value(key, std::uint64_t{0})); }

std::string joined(const json& list) {
  std::string line;
  for (const json& one : list)
    line += (line.empty() ? "" : ", ") + (one.is_string() ? one.get<std::string>() : one.dump());
  return line.empty() ? "-" : line;
}

std::vector<std::vector<std::string>> rows_of(const json& list, const std::vector<const char*>& keys) {
  std::vector<std::vector<std::string>> rows;
  for (const json& one : list) {
    std::vector<std::string> row;
    for (const char* key : keys) row.push_back(text(one, key));
    rows.push_back(std::move(row));
  }
  return rows;
}

// One letter a member: 1..9, then a..z.
char mark_of(std::uint32_t member) {
  if (member == 0) return '!';
  return member <= 9 ? static_cast<char>('0' + member) : static_cast<char>('a' + (member - 10) % 26);
}

std::string painted(char mark, std::uint32_t member, bool colour) {
  if (!colour) return std::string(1, mark);
  if (mark == '!') return "\x1b[41;97m!\x1b[0m";
  return fmt::format("\x1b[48;5;{}m\x1b[30m{}\x1b[0m", 110 + member * 37 % 110, mark);
}

// The owner of each page, from the runs in the answer.
std::vector<std::uint32_t> owners_of(const json& map) {
  std::vector<std::uint32_t> owners(map.value("pages", std::size_t{0}));
  for (const json& run : map.at("runs")) {
    const auto first = run.at("first").get<std::size_t>(), count = run.at("count").get<std::size_t>();
    const auto step = run.value("step", std::size_t{1});
    for (std::size_t i = 0; i < count && first + i * step < owners.size(); ++i) {
      owners[first + i * step] = run.value("member", 0u);
    }
  }
  return owners;
}

// "pages 0, 3, 6 ...: member 1", where pages of several members alternate: a picture would show nothing of that.
std::string stripes(const json& map) {
  std::string lines;
  for (const json& run : map.at("runs")) {
    const auto first = run.at("first").get<std::size_t>(), count = run.at("count").get<std::size_t>();
    const auto step = run.value("step", std::size_t{1});
    if (step == 1 || count < 2) continue;
    lines += fmt::format("pages {}, {}{} up to {}: member {}\n", first, first + step, count > 2 ? " ..." : "",
                         first + (count - 1) * step, run.value("member", 0u));
  }
  return lines;
}

std::string picture(const json& map, bool colour) {
  const auto owners = owners_of(map);
  const std::size_t cells = kPictureWidth * kPictureRows;
  const std::size_t per_cell = std::max<std::size_t>(1, (owners.size() + cells - 1) / cells);
  std::string lines = fmt::format("one character = {} page{} of {}; '+' several members, '!' no member has it\n",
                                  per_cell, per_cell == 1 ? "" : "s", size_of(map, "page_bytes"));
  for (std::size_t at = 0, column = 0; at < owners.size(); at += per_cell) {
    const std::size_t end = std::min(owners.size(), at + per_cell);
    const bool mixed =
        std::any_of(owners.begin() + static_cast<std::ptrdiff_t>(at), owners.begin() + static_cast<std::ptrdiff_t>(end),
                    [&](auto o) { return o != owners[at]; });
    lines += painted(mixed ? '+' : mark_of(owners[at]), owners[at], colour && !mixed);
    if (++column == kPictureWidth || end == owners.size()) lines += '\n', column = 0;
  }
  return per_cell == 1 || map.at("runs").size() > kMostStripes ? lines : stripes(map) + lines;
}

}  // namespace

std::string age_text(std::uint64_t seconds) {
  if (seconds < 60) return fmt::format("{} s", seconds);
  if (seconds < 3600) return fmt::format("{} min", seconds / 60);
  if (seconds < 86400) return fmt::format("{} h {} min", seconds / 3600, seconds % 3600 / 60);
  return fmt::format("{} d {} h", seconds / 86400, seconds % 86400 / 3600);
}

std::string table(const std::vector<std::string>& head, const std::vector<std::vector<std::string>>& rows) {
  std::vector<std::size_t> widths;
  for (const auto& cell : head) widths.push_back(cell.size());
  for (const auto& row : rows) {
    for (std::size_t i = 0; i < row.size() && i < widths.size(); ++i) widths[i] = std::max(widths[i], row[i].size());
  }
  const auto line_of = [&](const std::vector<std::string>& row) {
    std::string line;
    for (std::size_t i = 0; i < row.size(); ++i) {
      line += i + 1 == row.size() ? row[i] : fmt::format("{:<{}}  ", row[i], widths[i]);
    }
    return line + "\n";
  };
  std::string out = line_of(head);
  for (const auto& row : rows) out += line_of(row);
  return out;
}

// "file 12 MiB of 1 GiB"
std::string space_text(const json& space) {
  if (text(space, "used_bytes") == "-") return "not known";
  const std::string used = size_of(space, "used_bytes");
  return text(space, "total_bytes") == "-" ? used : used + " of " + size_of(space, "total_bytes");
}

std::string stores_text(const json& stores) {
  std::string line;
  for (const json& store : stores) {
    line += (line.empty() ? "" : ", ") + fmt::format("{} {}", text(store, "kind"), space_text(store));
  }
  return line.empty() ? "-" : line;
}

std::string view_members(const json& members) {
  std::vector<std::vector<std::string>> rows;
  for (const json& m : members) {
    rows.push_back({text(m, "id"), text(m, "state"), joined(m.value("group_portals", json::array())),
                    text(m, "member_portal"), text(m, "control"), stores_text(m.value("stores", json::array())),
                    text(m, "note")});
  }
  return table({"MEMBER", "STATE", "GROUP PORTALS", "MEMBER PORTAL", "CONTROL", "STORES USED", "NOTE"}, rows);
}

// At least so much, where a member did not say.
std::string allocated_text(const json& volume) {
  const bool all = volume.value("allocation_missing", json::array()).empty();
  return (all ? "" : ">= ") + size_of(volume, "allocated_bytes");
}

std::string view_volumes(const json& volumes) {
  std::vector<std::vector<std::string>> rows;
  for (const json& v : volumes) {
    rows.push_back({text(v, "name"), size_of(v, "size_bytes"), allocated_text(v), size_of(v, "page_bytes"),
                    text(v, "durability"), text(v, "placement"), text(v, "state"), text(v, "iqn")});
  }
  return table({"VOLUME", "SIZE", "USED", "PAGE", "DURABILITY", "PLACEMENT", "STATE", "IQN"}, rows);
}

// What a volume asks of whom at a login.
std::string chap_text(const json& chap) {
  if (chap.is_null()) return "-";
  std::string line = fmt::format("user {}, secret {}", text(chap, "user"), text(chap, "secret_file"));
  if (chap.contains("mutual_user")) {
    line += fmt::format("; mutual user {}, secret {}", text(chap, "mutual_user"), text(chap, "mutual_secret_file"));
  }
  if (text(chap, "problem") != "-") line += "; NOT USABLE at this member: " + text(chap, "problem");
  return line;
}

std::string view_volume(const json& v) {
  std::string out;
  const auto line = [&](const char* name, const std::string& value) { out += fmt::format("{:<14} {}\n", name, value); };
  line("volume", text(v, "name"));
  line("iqn", text(v, "iqn"));
  line("state", text(v, "state"));
  line("size", size_of(v, "size_bytes"));
  if (v.contains("allocated_bytes")) line("used", allocated_text(v));
  line("page", size_of(v, "page_bytes") + fmt::format(" ({} pages)", text(v, "pages")));
  line("durability", text(v, "durability"));
  line("placement", text(v, "placement"));
  line("image", text(v, "image"));
  line("serial", text(v, "serial"));
  line("naa", text(v, "naa"));
  const json allow = v.value("allow", json::array());
  line("allow", allow.empty() ? "everybody who is not denied" : joined(allow));
  line("deny", joined(v.value("deny", json::array())));
  line("chap", chap_text(v.value("chap", json())));
  for (const json& store : v.value("stores", json::array())) {
    line("store", fmt::format("{} on member {}{}", text(store, "uuid"), text(store, "member"),
                              text(store, "note") == "-" ? "" : ": " + text(store, "note")));
  }
  for (const json& member : v.value("left_out", json::array())) {
    line("left out", fmt::format("member {}: {}", text(member, "member"), text(member, "why")));
  }
  return out;
}

std::string view_map(const json& map, bool colour) {
  std::vector<std::vector<std::string>> rows;
  for (const json& m : map.at("members")) {
    const double share = 100.0 * m.value("pages", 0.0) / std::max(1.0, map.value("pages", 1.0));
    rows.push_back(
        {text(m, "member"), text(m, "store"), text(m, "pages"), fmt::format("{:.1f} %", share), text(m, "note")});
  }
  return fmt::format("volume {}: {} pages of {}, map {}\n\n", text(map, "volume"), text(map, "pages"),
                     size_of(map, "page_bytes"), text(map, "hash")) +
         table({"MEMBER", "STORE", "PAGES", "SHARE", "NOTE"}, rows) + "\n" + picture(map, colour);
}

std::string view_sessions(const json& sessions) {
  std::vector<std::vector<std::string>> rows;
  for (const json& s : sessions) {
    rows.push_back({text(s, "id"), text(s, "member"), text(s, "volume"), text(s, "initiator"), text(s, "peer"),
                    age_text(s.value("age_s", std::uint64_t{0})), text(s, "commands"), size_of(s, "read_bytes"),
                    size_of(s, "written_bytes")});
  }
  return table({"SESSION", "MEMBER", "VOLUME", "INITIATOR", "FROM", "AGE", "COMMANDS", "READ", "WRITTEN"}, rows);
}

std::string view_status(const json& s) {
  std::string out =
      fmt::format("group {}  member {}  {}  up {}  metadata {} ({})\n", text(s, "group"), text(s, "member"),
                  text(s, "state"), age_text(s.value("uptime_s", std::uint64_t{0})), text(s.at("metadata"), "kind"),
                  s.at("metadata").value("reachable", false) ? "reachable" : "OUT OF REACH");
  for (const json& warning : s.value("warnings", json::array())) out += "warning: " + warning.get<std::string>() + "\n";
  const json space = s.value("space", json{{"lasting", json::object()}, {"memory", json::object()}});
  out += fmt::format("stores of the group: {}; in memory: {}\n", space_text(space.at("lasting")),
                     space_text(space.at("memory")));
  out += "\n" + view_members(s.value("members", json::array()));
  out += "\n" +
         table({"VOLUME", "STATE", "PAGES", "UNAVAILABLE", "REASON"},
               rows_of(s.value("volumes", json::array()), {"name", "state", "pages", "unavailable_pages", "reason"}));
  std::vector<std::vector<std::string>> stores;
  for (const json& store : s.value("stores", json::array())) {
    stores.push_back(
        {text(store, "uuid"), text(store, "kind"), space_text(store), text(store, "state"), text(store, "reason")});
  }
  out += "\n" + table({"STORE", "KIND", "USED", "STATE", "REASON"}, stores);
  return out;
}

}  // namespace shoal

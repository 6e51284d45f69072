#include "cluster/volume_access.h"

#include <fmt/format.h>

#include <algorithm>

#include "target/base/log.h"
#include "target/base/name_pattern.h"

namespace shoal::cluster {
namespace {

using Patterns = std::vector<std::string>;

bool is_plain(char c) { return c > ' ' && c < 0x7f; }
bool all_plain(std::string_view text) { return std::all_of(text.begin(), text.end(), is_plain); }

bool contains(const Patterns& patterns, std::string_view pattern) {
  return std::find(patterns.begin(), patterns.end(), pattern) != patterns.end();
}
bool any_matches(const Patterns& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(), [&](const auto& pattern) { return matches(pattern, name); });
}

std::optional<std::string> move_to(Patterns& to, Patterns& from, std::string_view given) {
  const std::string pattern = normalised_name(given);
  if (!is_name_pattern(pattern)) return no_name_pattern(pattern);
  std::erase(from, pattern);
  if (contains(to, pattern)) return std::nullopt;
  if (to.size() + from.size() >= kMaxAccessPatterns) {
    return fmt::format("the volume has {} entries in its access lists, and more are not supported: use wildcards",
                       to.size() + from.size());
  }
  to.push_back(pattern);
  return std::nullopt;
}

std::optional<std::string> check_user(const ChapUser& user, const char* who) {
  if (user.user.empty() || user.user.size() > kMaxChapUserNameBytes || !all_plain(user.user)) {
    return fmt::format("the {} user {} is no CHAP name: 1 to {} printable characters without blanks", who,
                       quoted(user.user.substr(0, kMaxChapUserNameBytes + 1)), kMaxChapUserNameBytes);
  }
  if (!user.secret_file.starts_with('/') || user.secret_file.size() > kMaxSecretPathBytes ||
      !all_plain(user.secret_file)) {
    return fmt::format("the {} secret file {} must be an absolute path without blanks, the same on every member", who,
                       quoted(user.secret_file.substr(0, kMaxSecretPathBytes + 1)));
  }
  return std::nullopt;
}

}  // namespace

bool may_log_in(const VolumeAccess& access, std::string_view initiator_name) {
  if (any_matches(access.deny, initiator_name)) return false;
  return access.allow.empty() || any_matches(access.allow, initiator_name);
}

std::optional<std::string> allow(VolumeAccess& access, std::string_view pattern) {
  return move_to(access.allow, access.deny, pattern);
}
std::optional<std::string> deny(VolumeAccess& access, std::string_view pattern) {
  return move_to(access.deny, access.allow, pattern);
}
bool forget(VolumeAccess& access, std::string_view given) {
  const std::string pattern = normalised_name(given);
  return std::erase(access.allow, pattern) + std::erase(access.deny, pattern) != 0;
}

std::optional<std::string> check_chap(const ChapSettings& settings) {
  if (auto wrong = check_user(settings.initiator, "initiator's")) return wrong;
  if (!settings.target) return std::nullopt;
  if (auto wrong = check_user(*settings.target, "mutual")) return wrong;
  if (settings.target->secret_file == settings.initiator.secret_file) {
    return "mutual CHAP needs another secret for the other direction: give another file";
  }
  return std::nullopt;
}

bool is_sound(const VolumeAccess& access) {
  const auto sound = [](const Patterns& patterns) {
    return std::all_of(patterns.begin(), patterns.end(), is_name_pattern);
  };
  return access.allow.size() + access.deny.size() <= kMaxAccessPatterns && sound(access.allow) && sound(access.deny) &&
         (!access.chap || !check_chap(*access.chap));
}

}  // namespace shoal::cluster

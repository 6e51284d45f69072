// VolumeAccess: who may log in to a volume. Patterns of initiator names that are allowed and denied, and the CHAP that
// is asked for. Pure rules; the values are kept in the volume's record and change by compare-and-swap (volumes.h).
//
//   denied by a pattern                    -> no, whatever else allows it
//   allowed by a pattern, or none is given -> yes
//
// Patterns are those of name_pattern.h. The record names files that hold secrets, never a secret; each member has its
// own copy of the files at that path.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::cluster {

inline constexpr std::size_t kMaxAccessPatterns = 256;  // of one volume, both lists together
inline constexpr std::size_t kMaxChapUserNameBytes = 223;
inline constexpr std::size_t kMaxSecretPathBytes = 1024;

struct ChapUser {
  std::string user;
  std::string secret_file;  // absolute
  bool operator==(const ChapUser&) const = default;
};

struct ChapSettings {
  ChapUser initiator;
  std::optional<ChapUser> target;  // mutual CHAP
  bool operator==(const ChapSettings&) const = default;
};

struct VolumeAccess {
  std::vector<std::string> allow, deny;  // in the order in which they were given; a pattern is in one of them, once
  std::optional<ChapSettings> chap;
  bool operator==(const VolumeAccess&) const = default;
};

bool may_log_in(const VolumeAccess& access, std::string_view initiator_name);  // in lower case

// The pattern goes to the end of the list, and leaves the other one. nullopt: done; else what is wrong, for people.
std::optional<std::string> allow(VolumeAccess& access, std::string_view pattern);
std::optional<std::string> deny(VolumeAccess& access, std::string_view pattern);
// False: it was in neither list.
bool forget(VolumeAccess& access, std::string_view pattern);

// nullopt: right. Else what is wrong and what would be right.
std::optional<std::string> check_chap(const ChapSettings& settings);
// Of a record that was read: nothing in it that the calls above would not have made.
bool is_sound(const VolumeAccess& access);

}  // namespace shoal::cluster

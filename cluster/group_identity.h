// GroupIdentity: which group these metadata are of. /c/meta, written once, by the first member that ever joins; whoever
// comes later reads it before it serves anything. Metadata that were lost and begin anew are another group: image ids
// are given out again there, so stores of the old one must not be served (bind_store_to_group).
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "cluster/meta_store.h"
#include "target/base/ids.h"
#include "target/base/log.h"
#include "target/base/result.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

inline constexpr const char* kGroupKey = "/c/meta";

struct GroupIdentity {
  std::string name;
  GroupId id;
  bool operator==(const GroupIdentity&) const = default;
};

std::string encode(const GroupIdentity& identity);                 // JSON
std::optional<GroupIdentity> decode_group(std::string_view text);  // nullopt: not one of this version

class GroupFinder {
 public:
  GroupFinder(Runtime& runtime, MetaStore& meta, std::string name, Log log);
  ~GroupFinder();
  GroupFinder(const GroupFinder&) = delete;

  // Reads the identity, or founds the group where there is none. While metadata are out of reach it says so in the log
  // and tries again. The error, one line for people: the metadata are another group's, or of another version.
  void find(Completion<Result<GroupId, std::string>> done);

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

// GroupMeta: the group's metadata, as long as they are the group's. A MetaStore before the real one. Where the records
// are gone (a wiped etcd), are another group's, or were put back to an earlier state while this member runs, it acts as
// if they were out of reach: nothing that is read there replaces what this member knows, nothing is written, and hosts
// are served as before. When the right ones are back it goes on with them.
//
// Looked at when the store's revision has gone down, when events may have been lost, and while there is trouble. A
// lower revision alone proves nothing (lists may be stale; an etcd may count from lower on after a crash): what does is
// that /c/meta is not there or not ours, or that /i/next has gone down, by a compare-and-swap that finds just that.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cluster/meta_store.h"
#include "target/base/ids.h"
#include "target/base/log.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

inline constexpr Duration kLookAgain = 1s;

class GroupMeta final : public MetaStore {
 public:
  GroupMeta(Runtime& runtime, MetaStore& store, Log log);  // passes everything on, until guard()
  ~GroupMeta() override;

  void guard(const GroupId& group);
  const std::string& trouble() const;  // why the metadata are not used, one line for people; empty: they are

  void cas(std::vector<Expect> expect, std::vector<Write> writes, Completion<CasResult> done) override;
  void list(std::string prefix, std::string after, std::size_t limit, Completion<Listing> done) override;
  std::unique_ptr<Subscription> watch(std::string prefix,
                                      std::function<void(std::optional<Change>)> on_change) override;
  std::unique_ptr<Subscription> announce(std::string key, std::string value, Duration ttl) override;
  bool reachable() const override;
  std::string problem() const override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

// GroupLoadRules: the group's rules of load (load_rules.h), changed by compare-and-swap at any member and followed by
// all. What a listing shows may be a little old; that only lets a login be placed by the rules of a moment before.
#pragma once

#include <functional>
#include <memory>

#include "cluster/load_rules.h"
#include "cluster/meta_store.h"
#include "target/base/log.h"
#include "target/base/result.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

class GroupLoadRules {
 public:
  GroupLoadRules(Runtime& runtime, MetaStore& meta, Log log);
  ~GroupLoadRules();
  GroupLoadRules(const GroupLoadRules&) = delete;

  void load(Completion<> done);  // the first complete listing; tries until it has it
  const LoadRules& rules() const;
  // Told of the rules now, and of each change.
  void on_change(std::function<void(const LoadRules&)> listener);

  // Completes when the record has changed and this member goes by it; the other members follow as fast as their
  // metadata tell them. Where metadata do not answer in time: 503, and the change may still be made.
  void change(ChangeLoadRules change, Completion<Result<LoadRules, LoadRulesError>> done);

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

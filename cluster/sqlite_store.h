// SqliteStore: metadata of a single machine, in one SQLite file (WAL, synchronous=FULL: durable before completion).
// Calls take some hundred microseconds on the caller's thread and complete through Runtime::post. ":memory:" for
// disposable targets.
#pragma once

#include <memory>
#include <string>

#include "cluster/meta_store.h"
#include "target/base/result.h"
#include "target/runtime/runtime.h"

namespace shoal::cluster {

class SqliteStore final : public MetaStore {
 public:
  // The error is one line for people: the file, what is wrong, what to do.
  static Result<std::unique_ptr<SqliteStore>, std::string> open(Runtime& runtime, const std::string& path);
  ~SqliteStore() override;

  void cas(std::vector<Expect> expect, std::vector<Write> writes, Completion<CasResult> done) override;
  void list(std::string prefix, std::string after, std::size_t limit, Completion<Listing> done) override;
  std::unique_ptr<Subscription> watch(std::string prefix,
                                      std::function<void(std::optional<Change>)> on_change) override;
  std::unique_ptr<Subscription> announce(std::string key, std::string value, Duration ttl) override;
  bool reachable() const override;
  std::string problem() const override;

 private:
  struct Impl;
  explicit SqliteStore(std::shared_ptr<Impl> impl);
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

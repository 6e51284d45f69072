// FakeMeta: metadata in memory, one for the group; each member has a MetaDoor to it, where calls get lost. A model of
// what an etcd may do: an answer that is lost, a request that arrives late, a listing from the past, hints that never
// come.
#pragma once

#include <algorithm>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "cluster/meta_store.h"
#include "target/runtime/runtime.h"

namespace shoal::test {

using cluster::CasOutcome;
using cluster::CasResult;
using cluster::Change;
using cluster::Entry;
using cluster::Expect;
using cluster::Listing;
using cluster::Subscription;
using cluster::Write;

class FakeMeta {
 public:
  using Entries = std::map<std::string, Entry>;

  CasResult cas(const std::vector<Expect>& expect, const std::vector<Write>& writes) {
    for (const Expect& one : expect) {
      const auto found = entries_.find(one.key);
      if ((found == entries_.end() ? 0 : found->second.revision) != one.revision) return {CasOutcome::conflict, 0};
    }
    ++revision_;
    for (const Write& write : writes) {
      if (write.value) {
        entries_[write.key] = {write.key, *write.value, revision_};
      } else {
        entries_.erase(write.key);
      }
    }
    history_[revision_] = entries_;
    for (const auto& [id, on_write] : watchers_) {
      for (const Write& write : writes) on_write(Change{write.key, write.value, revision_});
    }
    return {CasOutcome::done, revision_};
  }

  // As it was `ago` revisions ago.
  Listing list(const std::string& prefix, const std::string& after, std::size_t limit, std::uint64_t ago = 0) const {
    const std::uint64_t at = revision_ - std::min(ago, revision_);
    Listing listing{true, {}, false, at};
    for (const auto& [key, entry] : history_.at(at)) {
      if (!key.starts_with(prefix) || key <= after) continue;
      listing.more = listing.entries.size() == limit;
      if (listing.more) break;
      listing.entries.push_back(entry);
    }
    return listing;
  }

  // An older copy takes the place of what is there; 0: nothing at all. Nobody is told.
  void put_back(std::uint64_t revision) {
    revision_ = revision;
    entries_ = history_.at(revision);
    history_.erase(history_.upper_bound(revision), history_.end());
  }
  std::uint64_t revision() const { return revision_; }

  void put(const std::string& key, const std::string& value) { cas({{key, revision_of(key)}}, {{key, value}}); }
  std::uint64_t revision_of(const std::string& key) const {
    return entries_.contains(key) ? entries_.at(key).revision : 0;
  }
  std::optional<std::string> value(const std::string& key) const {
    return entries_.contains(key) ? std::optional(entries_.at(key).value) : std::nullopt;
  }
  std::vector<std::string> keys(const std::string& prefix) const {
    std::vector<std::string> keys;
    for (const auto& [key, entry] : entries_) {
      if (key.starts_with(prefix)) keys.push_back(key);
    }
    return keys;
  }

  std::uint64_t watch(std::function<void(Change)> on_write) {
    watchers_[++next_watcher_] = std::move(on_write);
    return next_watcher_;
  }
  void unwatch(std::uint64_t id) { watchers_.erase(id); }

 private:
  std::uint64_t revision_ = 0;
  Entries entries_;
  std::map<std::uint64_t, Entries> history_{{0, {}}};
  std::map<std::uint64_t, std::function<void(Change)>> watchers_;
  std::uint64_t next_watcher_ = 0;
};

enum class Fault {
  none,
  request_lost,  // nothing was applied, and nobody says so
  answer_lost,   // applied, and nobody says so
  late,          // unknown now, applied a second later
  stale,         // a listing from five revisions ago
};

class MetaDoor final : public cluster::MetaStore {
 public:
  // What happens to call number n (from 1) of this door.
  std::function<Fault(int)> fault = [](int) { return Fault::none; };
  bool away = false;  // no call is answered other than with "unknown"
  bool writes_lost = false;
  bool silent = false;  // no hints
  std::string why;      // no call is answered
  int calls = 0;
  int writes = 0;

  MetaDoor(Runtime& runtime, FakeMeta& meta) : runtime_(runtime), meta_(meta) {}

  void cas(std::vector<Expect> expect, std::vector<Write> writes_, Completion<CasResult> done) override {
    ++writes;
    const Fault fault = writes_lost ? Fault::request_lost : next();
    CasResult result;
    if (fault == Fault::none || fault == Fault::stale) result = meta_.cas(expect, writes_);
    if (fault == Fault::answer_lost) meta_.cas(expect, writes_);
    if (fault == Fault::late) {
      late_.push_back(runtime_.after(1s, [this, expect, writes_] { meta_.cas(expect, writes_); }));
    }
    runtime_.post([done = std::move(done), result]() mutable { done(result); });
  }

  void list(std::string prefix, std::string after, std::size_t limit, Completion<Listing> done) override {
    const Fault fault = next();
    Listing listing;
    if (fault == Fault::none) listing = meta_.list(prefix, after, limit);
    if (fault == Fault::stale) listing = meta_.list(prefix, after, limit, 5);
    runtime_.post([done = std::move(done), listing = std::move(listing)]() mutable { done(std::move(listing)); });
  }

  std::unique_ptr<Subscription> watch(std::string prefix,
                                      std::function<void(std::optional<Change>)> on_change) override {
    struct Watch final : Subscription {
      explicit Watch(FakeMeta& meta_) : meta(meta_) {}
      ~Watch() override { meta.unwatch(id); }
      FakeMeta& meta;
      std::uint64_t id = 0;
    };
    auto watch = std::make_unique<Watch>(meta_);
    watch->id = meta_.watch([this, prefix, on_change](const Change& change) {
      if (change.key.starts_with(prefix) && !silent && !away) on_change(change);
    });
    return watch;
  }

  std::unique_ptr<Subscription> announce(std::string key, std::string value, Duration) override {
    meta_.put(key, value);
    return nullptr;
  }
  std::string problem() const override { return why; }
  bool reachable() const override { return reachable_; }

 private:
  Fault next() {
    const Fault chosen = away ? Fault::request_lost : fault(++calls);
    reachable_ = chosen == Fault::none || chosen == Fault::stale;
    return chosen;
  }

  Runtime& runtime_;
  FakeMeta& meta_;
  bool reachable_ = true;
  std::vector<std::unique_ptr<Timer>> late_;
};

}  // namespace shoal::test

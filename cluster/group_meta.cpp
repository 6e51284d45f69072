#include "cluster/group_meta.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "cluster/group_identity.h"
#include "cluster/image_counter.h"

namespace shoal::cluster {
namespace {

const Entry* find(const Listing& listing, std::string_view key) {
  const auto found = std::ranges::find(listing.entries, key, &Entry::key);
  return found == listing.entries.end() ? nullptr : &*found;
}

std::uint64_t next_in(const Listing& listing) {
  const Entry* entry = find(listing, kImageCounterKey);
  const auto counter = entry ? decode_image_counter(entry->value) : std::nullopt;
  return counter ? counter->next : 0;
}

Expect as_read(const Listing& listing, const char* key) {
  const Entry* entry = find(listing, key);
  return {key, entry ? entry->revision : 0};
}

}  // namespace

struct GroupMeta::Impl : std::enable_shared_from_this<GroupMeta::Impl> {
  Impl(Runtime& runtime_, MetaStore& store_, Log log_) : runtime(runtime_), store(store_), log(std::move(log_)) {}

  template <class Method>
  auto guarded(Method method) {
    return [weak = weak_from_this(), method](auto&&... arguments) {
      if (const auto self = weak.lock()) (self.get()->*method)(std::forward<decltype(arguments)>(arguments)...);
    };
  }

  void begin(const GroupId& id) {
    group = id;
    events = store.watch(kGroupKey, [weak = weak_from_this()](const auto&) {
      if (const auto self = weak.lock()) self->look();
    });
  }

  // ---- what passes

  void on_listing(Listing listing, Completion<Listing> done) {
    if (!group || !listing.ok) return done(std::move(listing));
    const bool right = !looking && trouble.empty() && listing.revision >= revision;
    if (right) return pass(std::move(listing), done);
    held.push_back({std::move(listing), std::move(done)});
    look();
  }

  void pass(Listing listing, Completion<Listing>& done) {
    revision = std::max(revision, listing.revision);
    next_image = std::max(next_image, next_in(listing));
    done(std::move(listing));
  }

  void on_written(const CasResult& result) {
    if (result.outcome != CasOutcome::done) return;
    if (group && result.revision < revision) look();
    revision = std::max(revision, result.revision);
  }

  // ---- whose metadata are these, and from when?

  void look() {
    if (std::exchange(looking, true)) return;
    again.reset();
    store.list(kGroupKey, "", 1, guarded(&Impl::on_identity));
  }

  void on_identity(Listing listing) {
    if (!listing.ok) return decide_later();
    identity = std::move(listing);
    store.list(kImageCounterKey, "", 1, guarded(&Impl::on_counter));
  }

  void on_counter(Listing listing) {
    if (!listing.ok) return decide_later();
    counter = std::move(listing);
    if (judge().empty()) return decide("");
    store.cas({as_read(identity, kGroupKey), as_read(counter, kImageCounterKey)}, {}, guarded(&Impl::on_proof));
  }

  void on_proof(CasResult result) {
    if (result.outcome == CasOutcome::done) return decide(judge());
    decide_later();
  }

  std::string judge() const {
    const Entry* entry = find(identity, kGroupKey);
    if (!entry) return "the metadata are not the group's any more: its records are gone from them";
    const auto found = decode_group(entry->value);
    if (!found || found->id != *group) return "the metadata are another group's";
    if (next_in(counter) >= next_image) return "";
    return fmt::format(
        "the metadata were put back to an earlier state: they would give out image {}, and this member "
        "knows images up to {}",
        std::max<std::uint64_t>(1, next_in(counter)), next_image - 1);
  }

  void decide(std::string verdict) {
    looking = false;
    if (verdict != trouble) {
      verdict.empty() ? log.info("metadata_are_the_groups_again")
                      : log.error("metadata_not_used why={}", quoted(verdict));
    }
    trouble = std::move(verdict);
    if (!trouble.empty()) return decide_later();
    revision = counter.revision;  // perhaps counted from lower on
    for (Held& each : std::exchange(held, {})) pass(std::move(each.listing), each.done);
  }

  void decide_later() {
    looking = false;
    again = runtime.after(kLookAgain, guarded(&Impl::look));
    for (Held& each : std::exchange(held, {})) each.done(Listing{});
  }

  struct Held {
    Listing listing;
    Completion<Listing> done;
  };

  Runtime& runtime;
  MetaStore& store;
  Log log;
  std::optional<GroupId> group;
  std::uint64_t revision = 0;    // the highest that was seen, of the store
  std::uint64_t next_image = 0;  // the highest that was seen, in /i/next
  std::string trouble;
  bool looking = false;
  std::vector<Held> held;  // until it is known whether they may pass
  Listing identity, counter;
  std::unique_ptr<Timer> again;
  std::unique_ptr<Subscription> events;
};

GroupMeta::GroupMeta(Runtime& runtime, MetaStore& store, Log log)
    : impl_(std::make_shared<Impl>(runtime, store, std::move(log))) {}
GroupMeta::~GroupMeta() = default;

void GroupMeta::guard(const GroupId& group) { impl_->begin(group); }
const std::string& GroupMeta::trouble() const { return impl_->trouble; }

void GroupMeta::cas(std::vector<Expect> expect, std::vector<Write> writes, Completion<CasResult> done) {
  if (!impl_->trouble.empty()) {
    return impl_->runtime.post([done = std::move(done)]() mutable { done(CasResult{}); });
  }
  impl_->store.cas(std::move(expect), std::move(writes),
                   [weak = std::weak_ptr(impl_), done = std::move(done)](CasResult result) mutable {
                     if (const auto impl = weak.lock()) impl->on_written(result);
                     done(result);
                   });
}

void GroupMeta::list(std::string prefix, std::string after, std::size_t limit, Completion<Listing> done) {
  impl_->store.list(std::move(prefix), std::move(after), limit,
                    [weak = std::weak_ptr(impl_), done = std::move(done)](Listing listing) mutable {
                      const auto impl = weak.lock();
                      if (impl) impl->on_listing(std::move(listing), std::move(done));
                    });
}

std::unique_ptr<Subscription> GroupMeta::watch(std::string prefix,
                                               std::function<void(std::optional<Change>)> on_change) {
  return impl_->store.watch(std::move(prefix), std::move(on_change));
}

std::unique_ptr<Subscription> GroupMeta::announce(std::string key, std::string value, Duration ttl) {
  return impl_->store.announce(std::move(key), std::move(value), ttl);
}

std::string GroupMeta::problem() const { return impl_->store.problem(); }
bool GroupMeta::reachable() const { return impl_->trouble.empty() && impl_->store.reachable(); }

}  // namespace shoal::cluster

#include "cluster/meta_calls.h"

#include <algorithm>
#include <map>
#include <utility>

namespace shoal::cluster {
namespace {

bool is_own(const Write& witness, const std::optional<Entry>& found) {
  return witness.value ? found && found->value == *witness.value : !found;
}

// The key itself is the first of all keys that begin with it.
std::optional<Entry> entry_of(const std::string& key, Listing& listing) {
  if (listing.entries.empty() || listing.entries.front().key != key) return std::nullopt;
  return std::move(listing.entries.front());
}

struct Pursuit {
  CasRequest request;
  Completion<Settled> done;
  BackOff back_off;
  bool perhaps_applied = false;  // the outcome of an attempt is unknown
};

struct Reading {
  std::string key;
  std::uint64_t at_least = 0;  // an answer from before that revision is asked for again, kStaleRetries times
  Completion<std::optional<Entry>> done;
  BackOff back_off;
  int stale = 0;
};

struct Verification {
  std::vector<Expect> expect;
  Completion<bool> done;
  BackOff back_off;
};

struct PagedListing {
  std::string prefix;
  Completion<CompleteListing> done;
  CompleteListing listing;
  BackOff back_off;
};

// What the caller has seen of the witness: a reading that is older than that proves nothing.
std::uint64_t known_revision(const CasRequest& request) {
  const auto same_key = [&](const Expect& expect) { return expect.key == request.writes.front().key; };
  const auto found = std::find_if(request.expect.begin(), request.expect.end(), same_key);
  return found == request.expect.end() ? 0 : found->revision;
}

void conclude(Pursuit& pursuit, std::optional<Entry> found) {
  const bool own = pursuit.perhaps_applied && is_own(pursuit.request.writes.front(), found);
  if (!own) return pursuit.done(Settled{false, 0, std::move(found)});
  pursuit.done(Settled{true, found ? found->revision : 0, std::nullopt});
}

}  // namespace

Duration BackOff::next(Random& random) {
  const auto half = static_cast<std::uint64_t>(pause_.count() / 2);
  pause_ = std::min(pause_ * 2, kLongestPause);
  return Duration(half + random.below(half + 1));
}

// A call is kept alive by the callback or the pause that will go on with it; callbacks know this by a weak reference.
struct MetaCalls::Impl : std::enable_shared_from_this<MetaCalls::Impl> {
  Impl(Runtime& runtime_, MetaStore& meta_) : runtime(runtime_), meta(meta_) {}

  void attempt(std::shared_ptr<Pursuit> pursuit) {
    const CasRequest request = pursuit->request;
    meta.cas(request.expect, request.writes, [weak = weak_from_this(), pursuit](CasResult result) {
      if (const auto self = weak.lock()) self->on_result(pursuit, result);
    });
  }

  void on_result(std::shared_ptr<Pursuit> pursuit, const CasResult& result) {
    switch (result.outcome) {
      case CasOutcome::unknown:
        pursuit->perhaps_applied = true;
        return pause(pursuit->back_off, [this, pursuit] { attempt(pursuit); });
      case CasOutcome::conflict: return look_for_own_write(pursuit);
      case CasOutcome::done:
        return pursuit->done(Settled{true, pursuit->request.writes.front().value ? result.revision : 0, {}});
    }
  }

  void look_for_own_write(std::shared_ptr<Pursuit> pursuit) {
    Reading reading{pursuit->request.writes.front().key, known_revision(pursuit->request),
                    [pursuit](std::optional<Entry> found) { conclude(*pursuit, std::move(found)); }};
    read(std::make_shared<Reading>(std::move(reading)));
  }

  void read(std::shared_ptr<Reading> reading) {
    meta.list(reading->key, "", 1, [weak = weak_from_this(), reading](Listing listing) {
      const auto self = weak.lock();
      if (!self) return;
      const bool stale = listing.ok && listing.revision < reading->at_least && reading->stale++ < kStaleRetries;
      if (!listing.ok || stale)
        return self->pause(reading->back_off, [self = self.get(), reading] { self->read(reading); });
      reading->done(entry_of(reading->key, listing));
    });
  }

  void list(std::shared_ptr<PagedListing> paged) {
    const std::string after = paged->listing.entries.empty() ? "" : paged->listing.entries.back().key;
    meta.list(paged->prefix, after, kListPage, [weak = weak_from_this(), paged](Listing page) {
      if (const auto self = weak.lock()) self->on_page(paged, std::move(page));
    });
  }

  void on_page(std::shared_ptr<PagedListing> paged, Listing page) {
    if (!page.ok) return pause(paged->back_off, [this, paged] { list(paged); });
    CompleteListing& all = paged->listing;
    all.revision = all.entries.empty() ? page.revision : std::min(all.revision, page.revision);
    const bool more = page.more && !page.entries.empty();
    std::move(page.entries.begin(), page.entries.end(), std::back_inserter(all.entries));
    if (more) return list(paged);
    paged->done(std::move(all));
  }

  // A compare-and-swap that writes nothing may be repeated as often as it takes.
  void verify(std::shared_ptr<Verification> asked) {
    meta.cas(asked->expect, {}, [weak = weak_from_this(), asked](CasResult result) {
      const auto self = weak.lock();
      if (!self) return;
      if (result.outcome != CasOutcome::unknown) return asked->done(result.outcome == CasOutcome::done);
      self->pause(asked->back_off, [self = self.get(), asked] { self->verify(asked); });
    });
  }

  void pause(BackOff& back_off, Completion<> then) {
    const std::uint64_t id = next_pause++;
    auto timer = runtime.after(back_off.next(runtime.random()), [this, id, then = std::move(then)]() mutable {
      const auto keep = shared_from_this();  // what follows may end whoever holds this
      const auto node = pauses.extract(id);
      then();
    });
    pauses.emplace(id, std::move(timer));
  }

  Runtime& runtime;
  MetaStore& meta;
  std::uint64_t next_pause = 1;
  std::map<std::uint64_t, std::unique_ptr<Timer>> pauses;
};

MetaCalls::MetaCalls(Runtime& runtime, MetaStore& meta) : impl_(std::make_shared<Impl>(runtime, meta)) {}
MetaCalls::~MetaCalls() { impl_->pauses.clear(); }

void MetaCalls::pursue(CasRequest request, Completion<Settled> done) {
  impl_->attempt(std::make_shared<Pursuit>(Pursuit{std::move(request), std::move(done), {}}));
}

void MetaCalls::read(std::string key, Completion<std::optional<Entry>> done) {
  impl_->read(std::make_shared<Reading>(Reading{std::move(key), 0, std::move(done)}));
}

void MetaCalls::list(std::string prefix, Completion<CompleteListing> done) {
  impl_->list(std::make_shared<PagedListing>(PagedListing{std::move(prefix), std::move(done), {}, {}}));
}

void MetaCalls::verify(std::vector<Expect> expect, Completion<bool> done) {
  impl_->verify(std::make_shared<Verification>(Verification{std::move(expect), std::move(done), {}}));
}

void MetaCalls::pause(BackOff& back_off, Completion<> then) { impl_->pause(back_off, std::move(then)); }

}  // namespace shoal::cluster

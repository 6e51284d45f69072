#include "test/sim/group/mutation.h"

#include <functional>
#include <utility>

namespace shoal::sim {
namespace {

using routing::LocalPages;
using routing::PageEndpoint;
using routing::PageRequest;
using routing::PageResult;
using routing::PageStatus;

// Pages whose requests are changed, or answered, before they get to the service.
class MutatedPages final : public LocalPages {
 public:
  using Change = std::function<void(PageRequest&)>;

  MutatedPages(std::unique_ptr<LocalPages> own, Mutation mutation)
      : own_(std::move(own)),
        mutation_(mutation),
        sessions_{*this, own_->for_sessions()},
        peers_{*this, own_->for_peers()} {}

  PageEndpoint& for_sessions() override { return sessions_; }
  PageEndpoint& for_peers() override { return peers_; }
  void fence(const routing::Fence& fence, Completion<PageStatus> done) override {
    if (ignores_generations()) return done(PageStatus::ok);
    own_->fence(fence, std::move(done));
  }
  void abort(ImageId image, const AbortSelection& selection, Completion<> done) override {
    own_->abort(image, selection, std::move(done));
  }

 private:
  struct Endpoint final : PageEndpoint {
    Endpoint(MutatedPages& pages, PageEndpoint& own) : pages(pages), own(own) {}
    void submit(PageRequest request, Completion<PageResult> done) override {
      pages.submit(own, std::move(request), std::move(done));
    }
    MutatedPages& pages;
    PageEndpoint& own;
  };

  bool ignores_generations() const {
    return mutation_ == Mutation::generations_ignored || mutation_ == Mutation::ghosts_unguarded;
  }

  void submit(PageEndpoint& own, PageRequest request, Completion<PageResult> done) {
    if (mutation_ == Mutation::flush_unheeded && request.kind == OperationKind::flush) return done({});
    if (ignores_generations()) part_generations(request.origin);
    if (mutation_ == Mutation::repeats_ignored) {
      request.origin.id.value = ++requests_;
      request.origin.lowest_unfinished.value = 1;
    }
    if (mutation_ == Mutation::kept_ranges_ignored) {
      if (request.keep) return compare_only(own, std::move(request), std::move(done));
      write_uncompared(request);
    }
    own.submit(std::move(request), std::move(done));
  }

  void compare_only(PageEndpoint& own, PageRequest request, Completion<PageResult> done) {
    const AbortSelection operation{request.origin.nexus, request.origin.id, request.origin.generation};
    const ImageId image = request.page.image;
    own.submit(std::move(request), [this, image, operation, done = std::move(done)](PageResult result) mutable {
      own_->abort(image, operation, [] {});
      done(std::move(result));
    });
  }

  static void write_uncompared(PageRequest& request) {
    if (request.kind != OperationKind::compare_and_write || request.part == 0) return;
    request.kind = OperationKind::write;
    request.data = sub_slices(request.data, request.length, request.length);
  }

  static void part_generations(Origin& origin) {
    for (std::size_t i = 0; i < 8; ++i)
      origin.nexus.bytes[i] ^= static_cast<std::uint8_t>(origin.generation.value >> 8 * i);
  }

  std::unique_ptr<LocalPages> own_;
  Mutation mutation_;
  Endpoint sessions_, peers_;
  std::uint64_t requests_ = 0;
};

bool changes_pages(Mutation mutation) {
  switch (mutation) {
    case Mutation::generations_ignored:
    case Mutation::repeats_ignored:
    case Mutation::ghosts_unguarded:
    case Mutation::flush_unheeded:
    case Mutation::kept_ranges_ignored: return true;
    default: return false;
  }
}

}  // namespace

const std::vector<NamedMutation>& mutations() {
  static const std::vector<NamedMutation> all = {{"none", Mutation::none},
                                                 {"generations-ignored", Mutation::generations_ignored},
                                                 {"repeats-ignored", Mutation::repeats_ignored},
                                                 {"age-ignored", Mutation::age_ignored},
                                                 {"silence-ignored", Mutation::silence_ignored},
                                                 {"settle-ignored", Mutation::settle_ignored},
                                                 {"standstill-ignored", Mutation::standstill_ignored},
                                                 {"rule-d-ignored", Mutation::rule_d_ignored},
                                                 {"ghosts-unguarded", Mutation::ghosts_unguarded},
                                                 {"flush-unheeded", Mutation::flush_unheeded},
                                                 {"kept-ranges-ignored", Mutation::kept_ranges_ignored}};
  return all;
}

NodeSeams seams_of(Mutation mutation) {
  constexpr Duration kNever = 1h;
  NodeSeams seams;
  const bool all = mutation == Mutation::rule_d_ignored || mutation == Mutation::ghosts_unguarded;
  if (all || mutation == Mutation::age_ignored) seams.links.max_age = seams.router.max_age = kNever;
  if (all || mutation == Mutation::silence_ignored) seams.links.silence = kNever;
  if (all || mutation == Mutation::settle_ignored) seams.router.settle = 0s;
  if (all || mutation == Mutation::standstill_ignored) seams.standstill = kNever;
  if (!changes_pages(mutation)) return seams;
  seams.pages = [mutation](std::unique_ptr<LocalPages> own) {
    return std::make_unique<MutatedPages>(std::move(own), mutation);
  };
  return seams;
}

}  // namespace shoal::sim

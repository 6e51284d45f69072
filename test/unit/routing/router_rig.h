// A router of member 1 with pages and links that the test answers for: what was asked lies there until it is answered.
#pragma once

#include <fmt/format.h>

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>

#include "routing/router.h"
#include "test/sim/world.h"
#include "test/unit/routing/routing_builders.h"

namespace shoal::routing::test {

class AskedPages final : public PageEndpoint {
 public:
  struct Asked {
    PageRequest request;
    Completion<PageResult> done;
  };
  void submit(PageRequest request, Completion<PageResult> done) override {
    if (journal) journal->push_back(fmt::format("request {}", request.origin.id));
    if (at_once) return done(at_once(request));
    asked.push_back({std::move(request), std::move(done)});
  }
  void answer(PageResult result = {}) {  // the oldest
    Asked next = std::move(asked.front());
    asked.pop_front();
    next.done(std::move(result));
  }
  void answer_newest(PageResult result = {}) {
    Asked next = std::move(asked.back());
    asked.pop_back();
    next.done(std::move(result));
  }
  // With the data that a read of these blocks would find (routing_builders.h, pattern).
  void answer_read(bool newest = false) {
    const PageRequest& request = newest ? asked.back().request : asked.front().request;
    const std::uint64_t first = (request.page.index.value * kMinPageBytes + request.offset) / kBlockBytes;
    PageResult result{.data = {pattern(first, request.length / kBlockBytes)}};
    newest ? answer_newest(std::move(result)) : answer(std::move(result));
  }
  void answer_all(const PageResult& result = {}) {
    for (std::size_t left = asked.size(); left > 0; --left) answer(result);
  }

  std::deque<Asked> asked;
  std::function<PageResult(const PageRequest&)> at_once;  // answers from inside of submit
  std::vector<std::string>* journal = nullptr;
};

struct AskedAbort {
  MemberId member;  // 1: here
  AbortSelection selection;
};

class FakePages final : public LocalPages {
 public:
  FakePages() { sessions.journal = &journal; }
  FakePages(const FakePages&) = delete;
  PageEndpoint& for_sessions() override { return sessions; }
  PageEndpoint& for_peers() override { return sessions; }
  void fence(const Fence& fence, Completion<PageStatus> done) override {
    fences.push_back(fence);
    journal.push_back(fmt::format("fence {}", fence.generation));
    done(fence_status);
  }
  void abort(ImageId, const AbortSelection& selection, Completion<> done) override {
    aborts.push_back({MemberId{1}, selection});
    journal.push_back("abort");
    done();
  }

  std::vector<std::string> journal;  // what was asked, in order
  AskedPages sessions;
  std::vector<Fence> fences;
  PageStatus fence_status = PageStatus::ok;
  std::vector<AskedAbort> aborts;
};

class FakeLinks final : public PeerLinks {
 public:
  PageEndpoint* endpoint(MemberId member) override { return up.contains(member) ? &links[member] : nullptr; }
  void abort(MemberId member, ImageId, const AbortSelection& selection, Completion<> done) override {
    aborts.push_back({member, selection});
    done();
  }
  void fence(const Fence&, const std::vector<MemberId>& members, Duration,
             Completion<std::vector<MemberFence>> done) override {
    fenced = members;
    std::vector<MemberFence> outcomes;
    for (const MemberId member : members) {
      outcomes.push_back({member, up.contains(member) ? FenceOutcome::confirmed : FenceOutcome::pending});
    }
    done(std::move(outcomes));
  }
  void subscribe(Listener& listener) override { listener_ = &listener; }

  void connect(MemberId member) {
    up.insert(member);
    listener_->on_link_up(member);
  }
  void break_link(MemberId member) {
    up.erase(member);
    auto lost = std::exchange(links[member].asked, {});
    for (auto& asked : lost) asked.done({.status = PageStatus::unreachable});
  }

  std::set<MemberId> up;
  std::map<MemberId, AskedPages> links;
  std::vector<AskedAbort> aborts;
  std::vector<MemberId> fenced;

 private:
  Listener* listener_ = nullptr;
};

inline constexpr std::uint64_t kPageBlocks = kMinPageBytes / kBlockBytes;
inline constexpr MemberId kHere{1}, kSecond{2}, kThird{3};

// Three members with a store each, an image of nine pages striped over them: page 0 is here, page 1 at the second, ...
struct RouterRig {
  explicit RouterRig(Image image = ImageOf{}, RouterLimits limits = {}) {
    router.emplace(host.runtime(), kHere, pages, &links, Log(), limits);
    links.up = {kSecond, kThird};
    serve({{1, kHere}, {2, kSecond}, {3, kThird}});
    router->on_stale_map([this](ImageId) { ++refreshes; });
    volume = router->open(PageMap::make(std::move(image)));
  }

  void serve(std::map<std::uint8_t, MemberId> stores, std::map<std::uint8_t, std::string> lost = {}) {
    auto directory = std::make_shared<StoreDirectory>();
    for (const auto& [store, member] : stores) directory->serving[store_id(store)] = member;
    for (const auto& [store, why] : lost) directory->lost[store_id(store)] = why;
    router->set_directory(directory);
  }

  using Answer = std::shared_ptr<std::optional<IoResult>>;

  Operation operation(OperationKind kind, std::uint64_t first, std::uint64_t count) {
    Operation operation{.kind = kind, .range = {Lba{first}, count}};
    operation.origin = {.nexus = nexus_id(1),
                        .generation = Generation{1},
                        .id = OperationId{++last_id},
                        .issued_at = host.runtime().now()};
    if (kind == OperationKind::write) operation.data = {pattern(first, count)};
    return operation;
  }
  Answer submit(Operation operation) {
    auto answer = std::make_shared<std::optional<IoResult>>();
    volume->submit(std::move(operation), [answer, this](IoResult result) {
      REQUIRE(!answer->has_value());
      *answer = std::move(result);
      order.push_back("operation");
    });
    return answer;
  }
  Answer read(std::uint64_t first, std::uint64_t count) { return submit(operation(OperationKind::read, first, count)); }
  Answer write(std::uint64_t first, std::uint64_t count) {
    return submit(operation(OperationKind::write, first, count));
  }
  std::shared_ptr<bool> abort(const AbortSelection& selection) {
    auto ended = std::make_shared<bool>(false);
    volume->abort(selection, [ended, this] {
      *ended = true;
      order.push_back("abort");
    });
    return ended;
  }

  std::deque<AskedPages::Asked>& local() { return pages.sessions.asked; }
  std::deque<AskedPages::Asked>& at(MemberId member) { return links.links[member].asked; }
  AskedPages& link(MemberId member) { return links.links[member]; }

  sim::World world{1};
  sim::Host& host = world.add_host("first", {"10.0.0.1"});
  FakePages pages;
  FakeLinks links;
  std::optional<Router> router;
  std::shared_ptr<RoutedVolume> volume;
  int refreshes = 0;
  std::uint64_t last_id = 0;
  std::vector<std::string> order;
};

}  // namespace shoal::routing::test

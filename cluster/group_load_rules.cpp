#include "cluster/group_load_rules.h"

#include <utility>
#include <vector>

#include "cluster/followed_listing.h"
#include "cluster/meta_calls.h"

namespace shoal::cluster {
namespace {

constexpr std::string_view kPrefix = "/l/";
constexpr const char* kKey = "/l/rules";
constexpr Duration kAnswerWithin = 10s;

using Changed = Result<LoadRules, LoadRulesError>;

// One order of an operator. It is answered once; when metadata do not answer in time, with that, and goes on.
struct Order {
  ChangeLoadRules change;
  Completion<Changed> done;
  BackOff back_off;
  std::unique_ptr<Timer> deadline;

  void answer(Changed result) {
    deadline.reset();
    if (auto then = std::exchange(done, {})) then(std::move(result));
  }
  bool overdue() const { return !done; }
};

}  // namespace

struct GroupLoadRules::Impl {
  Impl(Runtime& runtime_, MetaStore& meta, Log log_)
      : runtime(runtime_),
        log(std::move(log_)),
        calls(runtime_, meta),
        listing(runtime_, meta, std::string(kPrefix), "", FollowedListing::FirstPicture::good_enough,
                [this](const ListedPicture& picture) { on_picture(picture); }) {}

  // --- following ---

  void on_picture(const ListedPicture& picture) {
    LoadRules found;
    for (const Entry& entry : picture.entries) {
      if (entry.key != kKey) continue;
      auto decoded = decode_load_rules(entry.value);
      if (!decoded) log.warn("load_rules_unreadable key={} advice={}", kKey, quoted("all members need one version"));
      found = decoded ? std::move(*decoded) : rules;
    }
    show(std::move(found));
    for (auto& waiting : std::exchange(loading, {})) waiting();
  }

  void show(LoadRules now) {
    if (now == rules) return;
    rules = std::move(now);
    log.info("load_rules policy={} balance={} weights={} pins={}", rules.policy ? to_string(*rules.policy) : "-",
             to_string(rules.balance), rules.weights.size(), rules.pins.size());
    for (const auto& listener : listeners) listener(rules);
  }

  // --- changing ---

  void change(ChangeLoadRules change, Completion<Changed> done) {
    auto order = std::make_shared<Order>();
    order->change = std::move(change);
    order->done = std::move(done);
    order->deadline = runtime.after(kAnswerWithin, [weak = std::weak_ptr<Order>(order)] {
      const auto late = weak.lock();
      if (!late) return;
      late->answer(
          LoadRulesError{503,
                         "metadata do not answer: whether the rules of load were changed is not known yet. Look "
                         "with `shoalctl load rules` when they are back"});
    });
    read(order);
  }

  void read(const std::shared_ptr<Order>& order) {
    calls.read(kKey, [this, order](const std::optional<Entry>& found) {
      auto rules = found ? decode_load_rules(found->value) : LoadRules{};
      if (!rules) return order->answer(LoadRulesError{503, "the group's rules of load are of another version"});
      apply(order, std::move(*rules), found ? found->revision : 0);
    });
  }

  void apply(const std::shared_ptr<Order>& order, LoadRules changed, std::uint64_t revision) {
    if (auto error = order->change(changed)) return refuse(order, std::move(*error), revision);
    const std::string value = encode(changed, runtime.random().next());
    calls.pursue({{{kKey, revision}}, {{kKey, value}}}, [this, order, changed](const Settled& settled) {
      if (!settled.done) return again(order);
      show(changed);
      order->answer(changed);
    });
  }

  // What was read may be from the past: only a compare-and-swap proves that it is not.
  void refuse(const std::shared_ptr<Order>& order, LoadRulesError error, std::uint64_t revision) {
    calls.verify({{kKey, revision}}, [this, order, error = std::move(error)](bool holds) mutable {
      holds ? order->answer(std::move(error)) : again(order);
    });
  }

  void again(const std::shared_ptr<Order>& order) {
    if (order->overdue()) return;
    calls.pause(order->back_off, [this, order] { read(order); });
  }

  Runtime& runtime;
  Log log;
  MetaCalls calls;
  FollowedListing listing;
  LoadRules rules;
  std::vector<Completion<>> loading;
  std::vector<std::function<void(const LoadRules&)>> listeners;
};

GroupLoadRules::GroupLoadRules(Runtime& runtime, MetaStore& meta, Log log)
    : impl_(std::make_unique<Impl>(runtime, meta, std::move(log))) {}
GroupLoadRules::~GroupLoadRules() = default;

void GroupLoadRules::load(Completion<> done) {
  impl_->loading.push_back(std::move(done));
  impl_->listing.start();
}
const LoadRules& GroupLoadRules::rules() const { return impl_->rules; }
void GroupLoadRules::on_change(std::function<void(const LoadRules&)> listener) {
  listener(impl_->rules);
  impl_->listeners.push_back(std::move(listener));
}
void GroupLoadRules::change(ChangeLoadRules change, Completion<Changed> done) {
  impl_->change(std::move(change), std::move(done));
}

}  // namespace shoal::cluster

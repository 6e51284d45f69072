#include "test/sim/meta/sim_meta_store.h"

#include <utility>

namespace shoal::sim {
namespace {

class Held final : public cluster::Subscription {
 public:
  explicit Held(std::shared_ptr<void> what) : what_(std::move(what)) {}

 private:
  std::shared_ptr<void> what_;
};

}  // namespace

// One request on its way. Answered by etcd or by the clock, whichever comes first; Answer{} is "no answer".
template <class Answer>
struct SimMetaStore::Call {
  std::weak_ptr<State> state;
  Completion<Answer> done;

  void finish(Answer answer, bool reached) {
    const auto alive = state.lock();
    if (!alive || !done) return;
    alive->reachable = reached;
    std::exchange(done, {})(std::move(answer));
  }
};

SimMetaStore::SimMetaStore(Host& host, SimEtcd& etcd) : host_(host), etcd_(etcd) {}
SimMetaStore::~SimMetaStore() = default;

template <class Answer>
void SimMetaStore::call(std::function<Answer()> perform, Completion<Answer> done) {
  auto request = std::make_shared<Call<Answer>>(Call<Answer>{state_, std::move(done)});
  host_.post_after(etcd_.conditions().timeout, [request] { request->finish({}, false); });

  const SimEtcd::Fate fate = etcd_.draw_fate();
  if (fate == SimEtcd::Fate::lost) return;
  Duration delay = etcd_.draw_latency();
  if (fate == SimEtcd::Fate::late) delay += etcd_.draw_delay();
  etcd_.world().after(
      delay, [request, perform = std::move(perform), fate, &etcd = etcd_, &host = host_, process = host_.process()] {
        if (!etcd.reaches(host)) return;
        Answer answer = perform();
        if (fate == SimEtcd::Fate::answer_lost) return;
        etcd.world().after(etcd.draw_latency(), [request, answer = std::move(answer), &etcd, &host, process]() mutable {
          if (!etcd.answers(host) || host.process() != process) return;
          host.post([request, answer = std::move(answer)]() mutable { request->finish(std::move(answer), true); });
        });
      });
}

void SimMetaStore::cas(std::vector<cluster::Expect> expect, std::vector<cluster::Write> writes,
                       Completion<cluster::CasResult> done) {
  call<cluster::CasResult>(
      [&etcd = etcd_, expect = std::move(expect), writes = std::move(writes)] { return etcd.cas(expect, writes); },
      std::move(done));
}

void SimMetaStore::list(std::string prefix, std::string after, std::size_t limit, Completion<cluster::Listing> done) {
  call<cluster::Listing>([&etcd = etcd_, prefix = std::move(prefix), after = std::move(after),
                          limit] { return etcd.list(prefix, after, limit); },
                         std::move(done));
}

std::unique_ptr<cluster::Subscription> SimMetaStore::watch(
    std::string prefix, std::function<void(std::optional<cluster::Change>)> on_change) {
  return std::make_unique<Held>(etcd_.watch(host_, std::move(prefix), std::move(on_change)));
}

std::unique_ptr<cluster::Subscription> SimMetaStore::announce(std::string key, std::string value, Duration ttl) {
  return std::make_unique<Held>(etcd_.announce(host_, std::move(key), std::move(value), ttl));
}

}  // namespace shoal::sim

// SimMetaStore: the MetaStore of one simulated process, a client of the World's SimEtcd.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cluster/meta_store.h"
#include "test/sim/meta/sim_etcd.h"

namespace shoal::sim {

class SimMetaStore final : public cluster::MetaStore {
 public:
  SimMetaStore(Host& host, SimEtcd& etcd);
  ~SimMetaStore() override;  // completions are not called any more

  void cas(std::vector<cluster::Expect> expect, std::vector<cluster::Write> writes,
           Completion<cluster::CasResult> done) override;
  void list(std::string prefix, std::string after, std::size_t limit, Completion<cluster::Listing> done) override;
  std::unique_ptr<cluster::Subscription> watch(std::string prefix,
                                               std::function<void(std::optional<cluster::Change>)> on_change) override;
  std::unique_ptr<cluster::Subscription> announce(std::string key, std::string value, Duration ttl) override;
  bool reachable() const override { return state_->reachable; }

 private:
  struct State {
    bool reachable = false;
  };
  template <class Answer>
  struct Call;
  template <class Answer>
  void call(std::function<Answer()> perform, Completion<Answer> done);

  Host& host_;
  SimEtcd& etcd_;
  std::shared_ptr<State> state_ = std::make_shared<State>();
};

}  // namespace shoal::sim

// EtcdStore: metadata of a group, in etcd over its JSON gateway (/v3/kv/txn, range, watch, lease). Asio and Beast are
// in this folder and in the runtime only. Several endpoints are tried in turn; a call has kEtcdCallTimeout, after which its
// outcome is unknown. What is worked around in which version of etcd stands at the code that does it; a server of 3.5.0
// to 3.5.2 is never used.
//
// A cas() of unknown outcome that was in truth applied answers `conflict` when it is repeated: its expectations no
// longer hold, by its own doing. The caller reads the key again and finds its own value there. A request that etcd
// refuses (too large, out of space) stays `unknown` as well; the log says why. A watch reports nullopt each time it has
// been established, the first time too: a list made upon that misses nothing.
#pragma once

#include <boost/asio/io_context.hpp>
#include <memory>
#include <string>
#include <vector>

#include "cluster/meta_store.h"
#include "target/base/endpoint.h"
#include "target/base/log.h"
#include "target/base/time.h"

namespace shoal::cluster {

inline constexpr Duration kEtcdCallTimeout = std::chrono::seconds(3);

class EtcdStore final : public MetaStore {
 public:
  // `prefix` is put before every key ("/shoal/<group>"), so that several groups may share an etcd.
  // The context outlives the store and its subscriptions; when the store ends, nothing is called any more.
  EtcdStore(boost::asio::io_context& context, std::vector<Endpoint> endpoints, std::string prefix, Log log);
  ~EtcdStore() override;

  void cas(std::vector<Expect> expect, std::vector<Write> writes, Completion<CasResult> done) override;
  void list(std::string prefix, std::string after, std::size_t limit, Completion<Listing> done) override;
  std::unique_ptr<Subscription> watch(std::string prefix,
                                      std::function<void(std::optional<Change>)> on_change) override;
  std::unique_ptr<Subscription> announce(std::string key, std::string value, Duration ttl) override;
  bool reachable() const override;

 private:
  struct Impl;
  std::shared_ptr<Impl> impl_;
};

}  // namespace shoal::cluster

#include "cluster/etcd/etcd_store.h"

#include <map>
#include <optional>

#include "cluster/etcd/etcd_announcement.h"
#include "cluster/etcd/etcd_version.h"
#include "cluster/etcd/etcd_watch.h"
#include "cluster/etcd/gateway.h"
#include "cluster/etcd/http_client.h"
#include "target/base/check.h"

namespace shoal::cluster {
namespace {

// Bounds an answer: with values of the size that Shoal writes, far below kMaxHttpAnswerBytes.
constexpr std::size_t kMaxListEntries = 1000;

std::string in_words(const std::vector<Endpoint>& servers) {
  std::string words;
  for (const Endpoint& server : servers) words += (words.empty() ? "" : ",") + server.to_string();
  return words;
}

template <class Subscribed>
class Held final : public Subscription {
 public:
  Held(std::shared_ptr<void> store, std::shared_ptr<Subscribed> what)
      : store_(std::move(store)), what_(std::move(what)) {}
  ~Held() override { what_->end(); }

 private:
  std::shared_ptr<void> store_;  // its connections may be closed already, but they are there
  std::shared_ptr<Subscribed> what_;
};

}  // namespace

struct EtcdStore::Impl {
  Impl(boost::asio::io_context& context, std::vector<Endpoint> endpoints, std::string prefix, Log log)
      : context(context),
        prefix(std::move(prefix)),
        servers(in_words(endpoints)),
        log(std::move(log)),
        http(context, std::move(endpoints), kEtcdCallTimeout,
             {[this](const Endpoint& server, const HttpAnswer& answer) { return admit(server, answer); },
              [this](bool with_answer) { note_reachable(with_answer); }}) {}

  bool admit(const Endpoint& server, const HttpAnswer& answer);
  void say_once(const Endpoint& server, const std::string& version, EtcdVersion verdict);
  void note_reachable(bool with_answer);
  bool carried_out(const std::optional<HttpAnswer>& answer) const;

  boost::asio::io_context& context;
  const std::string prefix;
  const std::string servers;
  Log log;
  std::map<Endpoint, std::string> said;  // about which version of which server the log has been told
  bool reachable = false;                // by the last call
  std::optional<bool> said_reachable;    // absent: nothing yet, so a server that is missing from the start is told too
  HttpClient http;
};

bool EtcdStore::Impl::admit(const Endpoint& server, const HttpAnswer& answer) {
  const std::string version = gateway::parse_version(answer.body);
  const EtcdVersion verdict = judge_etcd_version(version);
  if (verdict != EtcdVersion::good) say_once(server, version, verdict);
  return verdict == EtcdVersion::good || verdict == EtcdVersion::has_known_bugs;
}

void EtcdStore::Impl::say_once(const Endpoint& server, const std::string& version, EtcdVersion verdict) {
  if (const auto told = said.find(server); told != said.end() && told->second == version) return;
  said[server] = version;
  const std::string at = server.to_string();
  switch (verdict) {
    case EtcdVersion::good: break;
    case EtcdVersion::has_known_bugs:
      return log.warn("etcd_old server={} version={} advice=\"reads may be stale; 3.4.42, 3.5.28 or later is better\"",
                      at, quoted(version));
    case EtcdVersion::loses_data:
      return log.error("etcd_refused server={} version={} advice=\"3.5.0 to 3.5.2 lose data; install 3.5.28 or later\"",
                       at, quoted(version));
    case EtcdVersion::not_understood:
      return log.error("etcd_refused server={} advice=\"GET /version is not answered as etcd does; check the address\"",
                       at);
  }
}

void EtcdStore::Impl::note_reachable(bool with_answer) {
  reachable = with_answer;
  if (std::exchange(said_reachable, with_answer) == with_answer) return;
  if (with_answer) return log.info("etcd_reachable servers={}", servers);
  log.warn("etcd_unreachable servers={} advice=\"is etcd running there? it is asked until it answers\"", servers);
}

bool EtcdStore::Impl::carried_out(const std::optional<HttpAnswer>& answer) const {
  if (answer && answer->status != 200) {
    log.warn("etcd_call_failed status={} error={}", answer->status, quoted(gateway::parse_error(answer->body)));
  }
  return answer && answer->status == 200;
}

EtcdStore::EtcdStore(boost::asio::io_context& context, std::vector<Endpoint> endpoints, std::string prefix, Log log)
    : impl_(std::make_shared<Impl>(context, std::move(endpoints), std::move(prefix), std::move(log))) {}

EtcdStore::~EtcdStore() { impl_->http.close(); }

void EtcdStore::cas(std::vector<Expect> expect, std::vector<Write> writes, Completion<CasResult> done) {
  CHECK(expect.size() <= kMaxCasKeys && writes.size() <= kMaxCasKeys, expect.size(), writes.size());
  for (const Write& write : writes) CHECK(!write.value || write.value->size() <= kMaxValueBytes, write.key);
  impl_->http.post("/v3/kv/txn", gateway::txn_request(impl_->prefix, expect, writes),
                   [impl = impl_.get(), done = std::move(done)](std::optional<HttpAnswer> answer) mutable {
                     const auto result = impl->carried_out(answer) ? gateway::parse_txn(answer->body) : std::nullopt;
                     done(result.value_or(CasResult{}));
                   });
}

void EtcdStore::list(std::string prefix, std::string after, std::size_t limit, Completion<Listing> done) {
  impl_->http.post(
      "/v3/kv/range", gateway::range_request(impl_->prefix, prefix, after, std::min(limit, kMaxListEntries)),
      [impl = impl_.get(), done = std::move(done)](std::optional<HttpAnswer> answer) mutable {
        auto listing = impl->carried_out(answer) ? gateway::parse_range(impl->prefix, answer->body) : std::nullopt;
        done(listing ? std::move(*listing) : Listing{});
      });
}

std::unique_ptr<Subscription> EtcdStore::watch(std::string prefix,
                                               std::function<void(std::optional<Change>)> on_change) {
  auto watch = std::make_shared<EtcdWatch>(impl_->context, impl_->http, impl_->prefix, std::move(prefix),
                                           std::move(on_change), impl_->log);
  watch->open();
  return std::make_unique<Held<EtcdWatch>>(impl_, std::move(watch));
}

std::unique_ptr<Subscription> EtcdStore::announce(std::string key, std::string value, Duration ttl) {
  auto announcement = std::make_shared<EtcdAnnouncement>(impl_->context, impl_->http, impl_->prefix + key,
                                                         std::move(value), ttl, impl_->log);
  announcement->grant();
  return std::make_unique<Held<EtcdAnnouncement>>(impl_, std::move(announcement));
}

bool EtcdStore::reachable() const { return impl_->reachable; }

}  // namespace shoal::cluster

#include "cluster/etcd/etcd_announcement.h"

#include "cluster/etcd/gateway.h"

namespace shoal::cluster {
namespace {

constexpr std::uint64_t kBeatsPerTtl = 3;

bool is_ok(const std::optional<HttpAnswer>& answer) { return answer && answer->status == 200; }

std::uint64_t whole_seconds(Duration ttl) {
  return static_cast<std::uint64_t>(std::max<Duration::rep>(1, std::chrono::ceil<std::chrono::seconds>(ttl).count()));
}

}  // namespace

EtcdAnnouncement::EtcdAnnouncement(boost::asio::io_context& context, HttpClient& http, std::string key,
                                   std::string value, Duration ttl, Log log)
    : http_(http),
      key_(std::move(key)),
      value_(std::move(value)),
      ttl_(ttl),
      beat_(ttl / kBeatsPerTtl),
      log_(std::move(log)),
      timer_(context) {}

void EtcdAnnouncement::grant() {
  lease_ = 0;
  call("/v3/lease/grant", gateway::grant_request(whole_seconds(ttl_)), &EtcdAnnouncement::on_granted);
}

void EtcdAnnouncement::on_granted(const Answer& answer) {
  const auto lease = is_ok(answer) ? gateway::parse_grant(answer->body) : std::nullopt;
  if (!lease) return later(&EtcdAnnouncement::grant);
  lease_ = *lease;
  put();
}

void EtcdAnnouncement::put() {
  call("/v3/kv/put", gateway::put_request(key_, value_, lease_), &EtcdAnnouncement::on_put);
}

void EtcdAnnouncement::on_put(const Answer& answer) {
  // Not known whether it was put, or the lease has gone meanwhile: a new lease, the old one runs out by itself.
  later(is_ok(answer) ? &EtcdAnnouncement::keep_alive : &EtcdAnnouncement::grant);
}

void EtcdAnnouncement::keep_alive() {
  call("/v3/lease/keepalive", gateway::lease_request(lease_), &EtcdAnnouncement::on_kept);
}

void EtcdAnnouncement::on_kept(const Answer& answer) {
  const auto state = is_ok(answer) ? gateway::parse_keep_alive(answer->body) : std::nullopt;
  if (state != gateway::LeaseState::gone) return later(&EtcdAnnouncement::keep_alive);
  log_.info("etcd_lease_lost key={}", quoted(key_));
  grant();
}

void EtcdAnnouncement::end() {
  ended_ = true;
  timer_.cancel();
  if (lease_ != 0) http_.post("/v3/lease/revoke", gateway::lease_request(lease_), [](const Answer&) {});
}

void EtcdAnnouncement::call(const char* path, std::string body, void (EtcdAnnouncement::*then)(const Answer&)) {
  http_.post(path, std::move(body), [weak = weak_from_this(), then](const Answer& answer) {
    const auto self = weak.lock();
    if (self && !self->ended_) (self.get()->*then)(answer);
  });
}

void EtcdAnnouncement::later(Step step) {
  timer_.expires_after(beat_);
  timer_.async_wait([weak = weak_from_this(), step](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled && !self->ended_) (self.get()->*step)();
  });
}

}  // namespace shoal::cluster

#include "cluster/etcd/etcd_watch.h"

namespace shoal::cluster {
namespace {

constexpr Duration kFirstBackOff = 100ms;
constexpr Duration kLongestBackOff = 2s;
// Nothing for so long: perhaps the server stands still. The watch is opened again, which also lists again from time to
// time.
constexpr Duration kQuietLimit = 2min;

}  // namespace

EtcdWatch::EtcdWatch(boost::asio::io_context& context, HttpClient& http, std::string store_prefix, std::string prefix,
                     OnChange on_change, Log log)
    : http_(http),
      store_prefix_(std::move(store_prefix)),
      prefix_(std::move(prefix)),
      on_change_(std::move(on_change)),
      log_(std::move(log)),
      retry_(context),
      back_off_(kFirstBackOff) {}

void EtcdWatch::open() {
  const std::weak_ptr<EtcdWatch> weak = weak_from_this();
  const auto on_line = [weak](std::string_view line) {
    if (const auto self = weak.lock()) self->on_line(line);
  };
  const auto on_end = [weak] {
    if (const auto self = weak.lock()) self->on_end();
  };
  revision_ = 0;
  stream_ =
      http_.post_for_lines("/v3/watch", gateway::watch_request(store_prefix_, prefix_), kQuietLimit, {on_line, on_end});
}

void EtcdWatch::end() {
  ended_ = true;
  stream_.reset();
  retry_.cancel();
}

void EtcdWatch::on_line(std::string_view line) {
  std::visit([this](const auto& what) { handle(what); }, gateway::parse_watch_line(store_prefix_, line));
}

void EtcdWatch::handle(const gateway::WatchCreated&) {
  back_off_ = kFirstBackOff;
  on_change_(std::nullopt);
}

void EtcdWatch::handle(const gateway::WatchChanges& changes) {
  for (const Change& change : changes) {
    if (ended_) return;
    if (change.revision < revision_) continue;  // etcd before 3.4.25 may go back in time (#15271)
    revision_ = change.revision;
    on_change_(change);
  }
}

void EtcdWatch::handle(const gateway::WatchEnded& ended) {
  log_.info("etcd_watch_ended prefix={} reason={}", quoted(prefix_), quoted(ended.reason));
  on_end();
}

void EtcdWatch::on_end() {
  stream_.reset();
  retry_.expires_after(back_off_);
  back_off_ = std::min(2 * back_off_, kLongestBackOff);
  retry_.async_wait([weak = weak_from_this()](const boost::system::error_code& cancelled) {
    const auto self = weak.lock();
    if (self && !cancelled && !self->ended_) self->open();
  });
}

}  // namespace shoal::cluster

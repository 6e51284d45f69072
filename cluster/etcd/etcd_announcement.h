// EtcdAnnouncement: a key that lives as long as its lease, and the lease that lives as long as this does. Keep-alive is
// one call a beat. A lease that etcd has lost is granted anew. A hint: etcd may let a lease go although it is kept
// (before 3.4.31), or keep it.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "cluster/etcd/http_client.h"
#include "target/base/log.h"

namespace shoal::cluster {

class EtcdAnnouncement : public std::enable_shared_from_this<EtcdAnnouncement> {
 public:
  EtcdAnnouncement(boost::asio::io_context& context, HttpClient& http, std::string key, std::string value, Duration ttl,
                   Log log);
  void grant();
  void end();  // the lease is given back, so that the key vanishes at once where etcd can be reached

 private:
  using Answer = std::optional<HttpAnswer>;
  using Step = void (EtcdAnnouncement::*)();

  void put();
  void keep_alive();
  void on_granted(const Answer& answer);
  void on_put(const Answer& answer);
  void on_kept(const Answer& answer);
  void call(const char* path, std::string body, void (EtcdAnnouncement::*then)(const Answer&));
  void later(Step step);

  HttpClient& http_;
  const std::string key_, value_;
  const Duration ttl_, beat_;
  Log log_;
  boost::asio::steady_timer timer_;
  std::uint64_t lease_ = 0;  // 0: none
  bool ended_ = false;
};

}  // namespace shoal::cluster

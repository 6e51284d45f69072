// EtcdWatch: one watch of a prefix. It begins "now" each time it is (re)opened and reports that events may have been
// lost as soon as etcd has confirmed it, so that a list made upon that misses nothing: no revision need be remembered,
// and a compaction, a server that was restarted from older data, or a gap are all the same case.
#pragma once

#include <boost/asio/steady_timer.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "cluster/etcd/gateway.h"
#include "cluster/etcd/http_client.h"
#include "target/base/log.h"

namespace shoal::cluster {

class EtcdWatch : public std::enable_shared_from_this<EtcdWatch> {
 public:
  using OnChange = std::function<void(std::optional<Change>)>;

  EtcdWatch(boost::asio::io_context& context, HttpClient& http, std::string store_prefix, std::string prefix,
            OnChange on_change, Log log);
  void open();
  void end();

 private:
  void on_line(std::string_view line);
  void handle(const gateway::WatchCreated&);
  void handle(const gateway::WatchChanges& changes);
  void handle(const gateway::WatchEnded& ended);
  void on_end();

  HttpClient& http_;
  const std::string store_prefix_, prefix_;
  OnChange on_change_;
  Log log_;
  boost::asio::steady_timer retry_;
  Duration back_off_;
  std::unique_ptr<LineStream> stream_;
  std::uint64_t revision_ = 0;  // seen last on this stream
  bool ended_ = false;
};

}  // namespace shoal::cluster

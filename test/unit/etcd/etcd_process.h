// The system's etcd on free ports of the loopback, with its data in a folder of its own. Ended, killed and stopped by
// its pid.
#pragma once

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <catch2/catch.hpp>
#include <filesystem>
#include <string>
#include <vector>

#include "target/base/endpoint.h"

namespace shoal::cluster::test {

inline constexpr const char* kEtcd = "/usr/bin/etcd";

inline bool etcd_is_installed() {
  if (::access(kEtcd, X_OK) == 0) return true;
  WARN("nothing shown: " << kEtcd << " is not installed (Debian: etcd-server)");
  return false;
}

class EtcdProcess {
 public:
  EtcdProcess() {
    std::string pattern = (std::filesystem::temp_directory_path() / "shoal-etcd-XXXXXX").string();
    REQUIRE(::mkdtemp(pattern.data()) != nullptr);
    folder_ = pattern;
    client_port_ = free_port();
    peer_port_ = free_port();
    start();
  }
  ~EtcdProcess() {
    if (pid_ > 0) kill();
    std::filesystem::remove_all(folder_);
  }
  EtcdProcess(const EtcdProcess&) = delete;

  Endpoint at() const { return {"127.0.0.1", client_port_}; }

  void start() {
    const std::string client = url(client_port_), peer = url(peer_port_);
    std::vector<std::string> arguments = {kEtcd,
                                          "--data-dir",
                                          folder_ + "/data",
                                          "--listen-client-urls",
                                          client,
                                          "--advertise-client-urls",
                                          client,
                                          "--listen-peer-urls",
                                          peer,
                                          "--initial-advertise-peer-urls",
                                          peer,
                                          "--initial-cluster",
                                          "default=" + peer,
                                          "--logger",
                                          "zap",
                                          "--log-outputs",
                                          folder_ + "/log"};
    std::vector<char*> pointers;
    for (std::string& argument : arguments) pointers.push_back(argument.data());
    pointers.push_back(nullptr);
    REQUIRE(::posix_spawn(&pid_, kEtcd, nullptr, nullptr, pointers.data(), environ) == 0);
  }
  void kill() {
    ::kill(pid_, SIGKILL);
    ::waitpid(pid_, nullptr, 0);
    pid_ = 0;
  }
  void stand_still() { ::kill(pid_, SIGSTOP); }
  void go_on() { ::kill(pid_, SIGCONT); }

 private:
  static std::string url(std::uint16_t port) { return "http://127.0.0.1:" + std::to_string(port); }
  static std::uint16_t free_port() {
    using boost::asio::ip::tcp;
    boost::asio::io_context context;
    return tcp::acceptor(context, {boost::asio::ip::make_address("127.0.0.1"), 0}).local_endpoint().port();
  }

  std::string folder_;
  std::uint16_t client_port_ = 0, peer_port_ = 0;
  pid_t pid_ = 0;
};

}  // namespace shoal::cluster::test

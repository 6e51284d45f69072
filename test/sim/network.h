// Network: the kernels' TCP and the paths between the hosts of a World. Latency with jitter, ordered reliable streams
// with limited buffers, half-close, resets, refusal, and paths that are cut one way or both: what is on a cut path is
// sent again after it is healed, as TCP would.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <utility>

#include "target/base/random.h"
#include "target/runtime/runtime.h"

namespace shoal::sim {

class Host;
class Socket;
class World;

struct NetworkConditions {
  Duration latency = 100us;
  Duration jitter = 100us;   // added, evenly distributed
  unsigned slow_one_in = 0;  // one segment in so many is late by up to `slow` (0: none)
  Duration slow = 20ms;
  std::size_t send_buffer = 256 * 1024;
  std::size_t receive_buffer = 256 * 1024;
  Duration longest_retransmission = 1s;  // after a path is healed
};

using AcceptFunction = UniqueFunction<void(std::unique_ptr<Stream>)>;
using ConnectDone = Completion<Result<std::unique_ptr<Stream>, NetError>>;

struct ListenerState {
  Host* host = nullptr;
  Endpoint at;
  AcceptFunction on_accept;
};

class Network {
 public:
  explicit Network(World& world);
  ~Network();

  NetworkConditions& conditions() { return conditions_; }

  // Nothing of `from` reaches `to`.
  void cut(const Host& from, const Host& to);
  void partition(const Host& a, const Host& b);  // both ways
  void heal(const Host& a, const Host& b);       // both ways
  void heal_all();
  bool open(const Host& from, const Host& to) const;
  // Every connection between them ends with a reset at both ends. Yields how many.
  std::size_t reset_connections(const Host& a, const Host& b);
  // Only `a` takes its connections to `b` for ended, as something between them may make it believe; what it has sent
  // still arrives.
  void end_connections(const Host& a, const Host& b);
  std::size_t connection_count() const { return sockets_.size() / 2; }

  // For the Runtime and for sockets.
  Result<std::shared_ptr<ListenerState>, NetError> listen(Host& host, const Endpoint& at, AcceptFunction on_accept);
  void close(const std::shared_ptr<ListenerState>& listener);
  void connect(Host& host, const Endpoint& to, Duration timeout, ConnectDone done);
  void process_ended(Host& host, bool power_lost);
  void paths_changed();
  Duration draw_latency();
  SeededRandom& random() { return random_; }
  void forget(std::uint64_t socket) { sockets_.erase(socket); }

 private:
  struct Attempt;

  void knock(const std::shared_ptr<Attempt>& attempt);
  void on_knock(const std::shared_ptr<Attempt>& attempt);
  void establish(const std::shared_ptr<Attempt>& attempt, const std::shared_ptr<ListenerState>& listener);
  void answer(const std::shared_ptr<Attempt>& attempt, std::shared_ptr<Socket> socket);
  std::shared_ptr<Socket> make_socket(Host& host, Host& peer_host, const Endpoint& local, const Endpoint& peer);
  std::uint16_t free_port(const std::string& address);

  World& world_;
  NetworkConditions conditions_;
  SeededRandom random_;
  std::set<std::pair<const Host*, const Host*>> cut_;  // asked, never walked: the order of addresses does not matter
  std::map<Endpoint, std::shared_ptr<ListenerState>> listeners_;
  std::map<std::uint64_t, std::shared_ptr<Socket>> sockets_;  // by number
  std::uint64_t next_socket_ = 1;
  std::uint16_t next_port_ = 40000;
};

}  // namespace shoal::sim

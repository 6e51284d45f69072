#include "test/sim/network.h"

#include <algorithm>

#include "target/base/crc32c.h"
#include "test/sim/host.h"
#include "test/sim/sim_stream.h"
#include "test/sim/socket.h"
#include "test/sim/world.h"

namespace shoal::sim {

// A connection attempt: SYN, sent again every second while the path is cut, until its time is up.
struct Network::Attempt {
  Host* host;
  std::uint64_t process;
  Endpoint to;
  Time give_up;
  ConnectDone done;  // empty: answered
};

Network::Network(World& world) : world_(world), random_(world.random_for("network")) {}
Network::~Network() = default;

// ---- paths

void Network::cut(const Host& from, const Host& to) {
  world_.note(&from, "cut", crc32c(as_bytes(to.name())));
  cut_.insert({&from, &to});
}

void Network::partition(const Host& a, const Host& b) {
  cut(a, b);
  cut(b, a);
}

void Network::heal(const Host& a, const Host& b) {
  cut_.erase({&a, &b});
  cut_.erase({&b, &a});
  paths_changed();
}

void Network::heal_all() {
  cut_.clear();
  paths_changed();
}

bool Network::open(const Host& from, const Host& to) const { return to.powered() && !cut_.contains({&from, &to}); }

void Network::paths_changed() {
  const auto sockets = sockets_;
  for (const auto& [number, socket] : sockets) socket->path_changed();
}

std::size_t Network::reset_connections(const Host& a, const Host& b) {
  std::size_t count = 0;
  const auto sockets = sockets_;
  for (const auto& [number, socket] : sockets) {
    if (&socket->host() != &a || &socket->peer_host() != &b || socket->gone()) continue;
    socket->break_off();
    ++count;
  }
  return count;
}

void Network::end_connections(const Host& a, const Host& b) {
  const auto sockets = sockets_;
  for (const auto& [number, socket] : sockets) {
    if (&socket->host() == &a && &socket->peer_host() == &b) socket->end_here();
  }
}

Duration Network::draw_latency() {
  Duration latency =
      conditions_.latency + Duration(static_cast<Duration::rep>(random_.below(conditions_.jitter.count() + 1)));
  if (conditions_.slow_one_in != 0 && random_.below(conditions_.slow_one_in) == 0) {
    latency += Duration(static_cast<Duration::rep>(random_.below(conditions_.slow.count() + 1)));
  }
  return latency;
}

// ---- listening

std::uint16_t Network::free_port(const std::string& address) {
  do {
    next_port_ = next_port_ == 65535 ? 40000 : static_cast<std::uint16_t>(next_port_ + 1);
  } while (listeners_.contains({address, next_port_}));
  return next_port_;
}

Result<std::shared_ptr<ListenerState>, NetError> Network::listen(Host& host, const Endpoint& at,
                                                                 AcceptFunction on_accept) {
  if (!host.has(at.host)) return NetError::not_available;
  Endpoint here = at;
  if (here.port == 0) here.port = free_port(here.host);
  if (listeners_.contains(here)) return NetError::in_use;
  auto listener = std::make_shared<ListenerState>(ListenerState{&host, here, std::move(on_accept)});
  listeners_[here] = listener;
  return listener;
}

void Network::close(const std::shared_ptr<ListenerState>& listener) {
  const auto found = listeners_.find(listener->at);
  if (found != listeners_.end() && found->second == listener) listeners_.erase(found);
}

// ---- connecting

void Network::connect(Host& host, const Endpoint& to, Duration timeout, ConnectDone done) {
  auto attempt = std::make_shared<Attempt>(Attempt{&host, host.process(), to, world_.now() + timeout, std::move(done)});
  host.post_after(timeout, [attempt] {
    if (attempt->done) std::exchange(attempt->done, {})(NetError::unreachable);
  });
  knock(attempt);
}

void Network::knock(const std::shared_ptr<Attempt>& attempt) {
  if (attempt->host->process() != attempt->process || world_.now() >= attempt->give_up) return;
  world_.after(draw_latency(), [this, attempt] { on_knock(attempt); });
}

void Network::on_knock(const std::shared_ptr<Attempt>& attempt) {
  Host* to = world_.host_at(attempt->to.host);
  if (!to || !open(*attempt->host, *to) || !open(*to, *attempt->host)) {
    world_.after(1s, [this, attempt] { knock(attempt); });
    return;
  }
  world_.note(to, "syn", attempt->to.port);
  const auto listener = listeners_.find(attempt->to);
  if (listener == listeners_.end()) return answer(attempt, nullptr);
  establish(attempt, listener->second);
}

void Network::establish(const std::shared_ptr<Attempt>& attempt, const std::shared_ptr<ListenerState>& listener) {
  Host& from = *attempt->host;
  const Endpoint source{from.addresses().front(), free_port(from.addresses().front())};
  auto client = make_socket(from, *listener->host, source, attempt->to);
  auto server = make_socket(*listener->host, from, attempt->to, source);
  Socket::join(client, server);
  listener->host->post([listener, stream = std::make_unique<SimStream>(server)]() mutable {
    if (listener->on_accept) listener->on_accept(std::move(stream));
  });
  answer(attempt, std::move(client));
}

void Network::answer(const std::shared_ptr<Attempt>& attempt, std::shared_ptr<Socket> socket) {
  auto stream = socket ? std::make_unique<SimStream>(std::move(socket)) : nullptr;
  world_.after(draw_latency(), [attempt, stream = std::move(stream)]() mutable {
    if (attempt->host->process() != attempt->process) return;
    attempt->host->post([attempt, stream = std::move(stream)]() mutable {
      if (!attempt->done) return;
      ConnectDone done = std::exchange(attempt->done, {});
      stream ? done(std::unique_ptr<Stream>(std::move(stream))) : done(NetError::refused);
    });
  });
}

std::shared_ptr<Socket> Network::make_socket(Host& host, Host& peer_host, const Endpoint& local, const Endpoint& peer) {
  const std::uint64_t number = next_socket_++;
  return sockets_[number] = std::make_shared<Socket>(world_, number, host, peer_host, local, peer);
}

void Network::process_ended(Host& host, bool power_lost) {
  std::erase_if(listeners_, [&](const auto& listener) { return listener.second->host == &host; });
  const auto sockets = sockets_;
  for (const auto& [number, socket] : sockets) {
    if (&socket->host() != &host) continue;
    power_lost ? socket->vanish() : socket->close();
  }
}

}  // namespace shoal::sim

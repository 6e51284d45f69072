#include "target/server/target_server.h"

#include <malloc.h>

#include <algorithm>
#include <utility>

#include "target/base/countdown.h"
#include "target/server/connection_driver.h"
#include "target/server/server_context.h"

namespace shoal::server {
namespace {

constexpr std::uint64_t kWorthGivingBack = 64u << 20;

}  // namespace

struct TargetServer::Impl final : ConnectionOwner, std::enable_shared_from_this<Impl> {
  Impl(Runtime& runtime, TargetCatalog& catalog, LoginPolicy& policy, SessionRegistry& registry, ServerConfig config,
       Log log);

  Result<Endpoint, NetError> listen(const Endpoint& at);
  void on_accept(std::unique_ptr<Stream> stream);
  bool make_room();
  void shed();
  void on_stranger_heard(std::uint64_t connection, unsigned requests, std::size_t bytes) override;
  void on_logged_in(std::uint64_t connection) override { strangers.remove(connection); }
  void on_closed(std::uint64_t connection) override;
  void give_back_memory();
  void close_all(const std::string& reason);

  void stop(Duration within, Completion<> done);
  void end_stop_if_empty();
  void end_stop();

  ServerContext context;
  std::vector<std::unique_ptr<Listener>> listeners;
  std::uint64_t accepted = 0;
  std::map<std::uint64_t, std::shared_ptr<ConnectionDriver>> connections;  // by age
  Admission strangers;                                                     // of them
  std::vector<Completion<>> stops;
  std::unique_ptr<Timer> stop_timer;
};

TargetServer::Impl::Impl(Runtime& runtime, TargetCatalog& catalog, LoginPolicy& policy, SessionRegistry& registry,
                         ServerConfig config, Log log)
    : context{runtime,
              catalog,
              policy,
              registry,
              std::move(config),
              std::move(log),
              LoopWatch(runtime, context.config.standstill,
                        [this](Duration silent) {
                          const auto ms = std::chrono::duration_cast<std::chrono::milliseconds>(silent).count();
                          context.log.warn("loop_stood_still ms={} connections={}", ms, connections.size());
                          close_all("the server stood still");
                        }),
              FailedLogins(context.config.limits.failed_logins_per_minute),
              std::make_shared<scsi::ReadBudget>(context.config.limits.held_read_bytes, context.config.limits.sessions),
              std::make_shared<iscsi::WriteBudget>(context.config.limits.held_write_bytes)},
      strangers(context.config.limits.admission) {}

Result<Endpoint, NetError> TargetServer::Impl::listen(const Endpoint& at) {
  auto listener = context.runtime.listen(at, [this](std::unique_ptr<Stream> stream) { on_accept(std::move(stream)); });
  if (!listener) return listener.error();
  listeners.push_back(std::move(*listener));
  return listeners.back()->local();
}

void TargetServer::Impl::on_accept(std::unique_ptr<Stream> stream) {
  if (!make_room()) return;
  const std::uint64_t number = ++accepted;
  ++context.counters.accepted;
  context.watch.start();
  auto driver = std::make_shared<ConnectionDriver>(context, *this, number, std::move(stream));
  connections[number] = driver;
  strangers.add(number, source_of(driver->peer()));
  driver->start();
  shed();
}

// Places are for those who log in: beyond the limit a stranger goes, if there is one.
bool TargetServer::Impl::make_room() {
  if (connections.size() < context.config.limits.connections) return true;
  ++context.counters.refused_connections;
  const auto idle = strangers.first_to_go();
  if (idle) {
    connections.at(*idle)->abandon();
  } else {
    context.log.warn("connection_refused reason=limit connections={}", connections.size());
  }
  return idle.has_value();
}

void TargetServer::Impl::on_stranger_heard(std::uint64_t connection, unsigned requests, std::size_t bytes) {
  strangers.heard(connection, requests, bytes);
  shed();
}

void TargetServer::Impl::shed() {
  while (const auto number = strangers.excess()) {
    ++context.counters.refused_connections;
    connections.at(*number)->abandon();  // and is removed by on_closed()
  }
}

void TargetServer::Impl::on_closed(std::uint64_t connection) {
  strangers.remove(connection);
  connections.erase(connection);
  context.runtime.post([weak = weak_from_this()] {  // when all of it is gone
    if (const auto self = weak.lock()) self->give_back_memory();
  });
  if (connections.empty()) context.watch.stop();
  end_stop_if_empty();
}

// What a burst of writes has taken lies in pieces between what stays, so malloc does not give it back by itself.
void TargetServer::Impl::give_back_memory() {
  if (context.writes->take_released(kWorthGivingBack) != 0) ::malloc_trim(0);
}

void TargetServer::Impl::close_all(const std::string& reason) {
  for (const auto& [number, connection] : connections) connection->close(reason);
}

void TargetServer::Impl::stop(Duration within, Completion<> done) {
  stops.push_back(std::move(done));
  listeners.clear();
  for (const auto& [number, connection] : connections) {
    if (!connection->has_session()) connection->close("the server stops");
  }
  for (const auto& [number, session] : SessionTable::Sessions(context.sessions.all())) {
    session->drop_after_tasks(
        "the server stops", [] {},
        [weak = weak_from_this()] {
          if (const auto self = weak.lock()) self->end_stop_if_empty();
        });
  }
  if (!stop_timer) stop_timer = context.runtime.after(within, [this] { end_stop(); });
  end_stop_if_empty();
}

void TargetServer::Impl::end_stop_if_empty() {
  if (connections.empty() && context.sessions.empty()) end_stop();
}

void TargetServer::Impl::end_stop() {
  for (const auto& [number, connection] : std::map(connections)) connection->abandon();
  for (Completion<>& done : std::exchange(stops, {})) context.runtime.post(std::move(done));
}

TargetServer::TargetServer(Runtime& runtime, TargetCatalog& catalog, LoginPolicy& policy, SessionRegistry& registry,
                           ServerConfig config, Log log)
    : impl_(std::make_shared<Impl>(runtime, catalog, policy, registry, std::move(config), std::move(log))) {}

TargetServer::~TargetServer() = default;

Result<Endpoint, NetError> TargetServer::listen(const Endpoint& at) { return impl_->listen(at); }

std::vector<SessionInfo> TargetServer::sessions() const {
  std::vector<SessionInfo> all;
  for (const auto& [number, session] : impl_->context.sessions.all()) {
    if (session->serving()) all.push_back(session->info());
  }
  return all;
}

std::optional<SessionInfo> TargetServer::session_info(std::uint64_t number) const {
  const SessionDriver* session = impl_->context.sessions.find(number);
  return session && session->serving() ? std::optional(session->info()) : std::nullopt;
}

std::size_t TargetServer::session_count() const {
  const auto& all = impl_->context.sessions.all();
  return static_cast<std::size_t>(
      std::count_if(all.begin(), all.end(), [](const auto& one) { return one.second->serving(); }));
}

ServerCounters TargetServer::counters() const {
  ServerCounters counters = impl_->context.counters;
  counters.connections = impl_->connections.size();
  counters.half_open = impl_->strangers.size() - counters.discovery_sessions;
  return counters;
}

SessionControl* TargetServer::session(std::uint64_t number) {
  SessionDriver* session = impl_->context.sessions.find(number);
  return session && session->serving() ? session : nullptr;
}

bool TargetServer::drop_session(std::uint64_t number, const LeaveOrder& order, ReleaseNexus release,
                                Completion<> done) {
  SessionDriver* session = impl_->context.sessions.find(number);
  if (!session || !session->serving()) return false;
  session->drop(order, std::move(release), std::move(done));
  return true;
}

void TargetServer::end_sessions(const std::string& reason, const std::function<bool(const SessionInfo&)>& which) {
  for (const auto& [number, session] : SessionTable::Sessions(impl_->context.sessions.all())) {
    if (which(session->info())) session->end(reason, [] {});
  }
}

void TargetServer::suffer(ImageId image, const unit::Consequences& consequences, Completion<> done) {
  const Countdown ends(std::move(done));
  Completion<> all_asked = ends.part();
  for (const auto& [number, session] : SessionTable::Sessions(impl_->context.sessions.all())) {
    if (session->is_of(image)) session->suffer(consequences, ends);
  }
  all_asked();
}

void TargetServer::stop(Duration within, Completion<> done) { impl_->stop(within, std::move(done)); }

}  // namespace shoal::server

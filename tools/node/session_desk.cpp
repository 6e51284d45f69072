#include "tools/node/session_desk.h"

#include <fmt/format.h>

#include <algorithm>

#include "cluster/redirect_policy.h"
#include "target/base/countdown.h"
#include "target/base/parse_number.h"
#include "tools/node/control_views.h"
#include "tools/node/move_messages.h"
#include "tools/node/once.h"

namespace shoal {

using nlohmann::json;
using routing::ControlKind;
using routing::PeerError;

namespace {

ControlResponse no_such_session(const SessionName& name) {
  return failure(404, fmt::format("there is no session {}; `shoalctl sessions` lists them", to_string(name)));
}

}  // namespace

SessionDesk::SessionDesk(Runtime& runtime, MemberId self, server::TargetServer& server,
                         cluster::GroupSessions& sessions, const cluster::Members& members, routing::PeerChannel* peers,
                         Log log)
    : runtime_(runtime),
      self_(self),
      server_(server),
      sessions_(sessions),
      members_(members),
      peers_(peers),
      log_(std::move(log)) {}

void SessionDesk::serve_peers() {
  if (!peers_) return;
  peers_->serve(ControlKind::list_sessions,
                [weak = weak_from_this()](MemberId, std::string, Completion<std::string> reply) {
                  const auto self = weak.lock();
                  reply(self ? self->own_sessions().dump(-1, ' ', false, json::error_handler_t::replace) : "[]");
                });
  peers_->serve(ControlKind::drop_session, [weak = weak_from_this()](MemberId, std::string body,
                                                                     Completion<std::string> reply) {
    const auto self = weak.lock();
    const auto number = parse_number<std::uint64_t>(body);
    if (!self || !number) return reply(to_reply(failure(400, "not a session's number")));
    self->drop_here(*number, [reply = std::move(reply)](ControlResponse answer) mutable { reply(to_reply(answer)); });
  });
}

json SessionDesk::own_sessions() const {
  json list = json::array();
  for (const auto& session : server_.sessions()) {
    list.push_back(session_json(self_, session, came(session), runtime_.now()));
  }
  return list;
}

const char* SessionDesk::came(const server::SessionInfo& session) const {
  if (session.local != members_.self().member_portal) return "group portal";
  return sessions_.came_by_redirect(session.nexus, session.since) ? "redirect" : "member portal";
}

void SessionDesk::list(Completion<Gathered> done) {
  gather(peers_, members_, {ControlKind::list_sessions, ""}, own_sessions(),
         [done = std::move(done)](Gathered sessions) mutable {
           std::erase_if(sessions.list.get_ref<json::array_t&>(), [](const json& each) { return !is_session(each); });
           done(std::move(sessions));
         });
}

void SessionDesk::drop(const SessionName& name, Completion<ControlResponse> done) {
  if (name.member == self_) return drop_here(name.number, std::move(done));
  const auto members = members_.all();
  if (!peers_ || !members->contains(name.member)) return done(no_such_session(name));
  ask_to_drop(name, std::move(done));
}

void SessionDesk::ask_to_drop(const SessionName& name, Completion<ControlResponse> done) {
  peers_->request(name.member, ControlKind::drop_session, fmt::format("{}", name.number), kDropWithin + kListWithin,
                  [member = name.member, done = std::move(done)](Result<std::string, PeerError> reply) mutable {
                    done(from_reply(member, reply));
                  });
}

void SessionDesk::drop_here(std::uint64_t number, Completion<ControlResponse> done) {
  const auto sessions = server_.sessions();
  const auto session =
      std::find_if(sessions.begin(), sessions.end(), [&](const auto& s) { return s.number == number; });
  if (session == sessions.end()) return done(no_such_session({self_, number}));
  const std::string name = to_string(SessionName{self_, number});
  auto answer = Once<ControlResponse>::make(std::move(done));
  answer->within(runtime_, kDropWithin, [weak = weak_from_this(), name, number] {
    const auto self = weak.lock();
    std::size_t open = 0;
    if (self) {
      for (const auto& session : self->server_.sessions()) open += session.number == number ? session.open_tasks : 0;
    }
    return failure(504, fmt::format("session {} is still here: it waits for {}; the drop goes on", name,
                                    open == 0 ? "its host to acknowledge the last answers"
                                              : fmt::format("{} of its commands", open)));
  });
  start_drop(*session, "session drop", [answer, name, volume = session->volume] {
    answer->answer(ok({{"message", fmt::format("session {} of volume {} was dropped", name, volume)}, {"id", name}}));
  });
}

void SessionDesk::start_drop(const server::SessionInfo& session, const std::string& reason, Completion<> done) {
  server_.drop_session(
      session.number, {.reason = reason},
      [weak = weak_from_this(), id = session.nexus_id, generation = session.generation](const NexusMemory& memory,
                                                                                        Completion<> released) {
        const auto self = weak.lock();
        if (!self) return;
        self->sessions_.release_for_move(id, generation, MemberId{}, memory,
                                         [released = std::move(released)](bool) mutable { released(); });
      },
      std::move(done));
}

void SessionDesk::drop_here(std::uint64_t number, const std::string& reason, Completion<> done) {
  for (const auto& session : server_.sessions()) {
    if (session.number == number) return start_drop(session, reason, std::move(done));
  }
  runtime_.post(std::move(done));
}

void SessionDesk::drop_all(const std::string& reason, Completion<> done) {
  const Countdown drops(std::move(done));
  Completion<> all_asked = drops.part();
  for (const auto& session : server_.sessions()) start_drop(session, reason, drops.part());
  all_asked();
}

}  // namespace shoal

#include "tools/node/session_mover.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

#include "target/base/monotonic_ms.h"
#include "tools/node/control_views.h"
#include "tools/node/once.h"

namespace shoal {

using load::PlaceAnswer;
using routing::ControlKind;
using routing::PeerError;

namespace {

std::string joined(const std::map<MemberId, std::string>& refusals) {
  std::string text;
  for (const auto& [member, why] : refusals) {
    text += fmt::format("{}member {}: {}", text.empty() ? "" : "; ", member, why);
  }
  return text.empty() ? "no other member is ready" : text;
}

}  // namespace

SessionMover::SessionMover(Runtime& runtime, cluster::MetaStore& meta, server::TargetServer& server,
                           cluster::GroupSessions& sessions, const cluster::Members& members,
                           cluster::RedirectPolicy& policy, routing::PeerChannel* peers, std::size_t most_sessions,
                           Log log)
    : runtime_(runtime),
      meta_(meta),
      server_(server),
      sessions_(sessions),
      members_(members),
      policy_(policy),
      peers_(peers),
      log_(std::move(log)),
      places_(runtime, members, server, most_sessions, log_) {}

MoveCounters SessionMover::counters() const {
  MoveCounters counters = counters_;
  counters.places_kept = places_.kept();
  counters.places_refused = places_.refused();
  return counters;
}

// ---- orders

void SessionMover::serve_peers() {
  if (!peers_) return;
  peers_->serve(ControlKind::session_move,
                guarded([](SessionMover& self, MemberId from, const std::string& body, Completion<std::string> reply) {
                  self.on_message(from, body, std::move(reply));
                }));
}

void SessionMover::on_message(MemberId from, const std::string& body, Completion<std::string> reply) {
  const auto message = decode_move_message(body);
  if (!message) {
    log_.warn("move_message_unreadable from={}", from);
    return reply("{}");
  }
  if (const auto* order = std::get_if<OrderMove>(&*message)) {
    return move({members_.self().id, order->number}, order->order,
                [reply = std::move(reply)](ControlResponse answer) mutable { reply(to_reply(answer)); });
  }
  if (const auto* keep = std::get_if<KeepPlace>(&*message)) return reply(encode(places_.keep(from, *keep)));
  if (const auto* give_up = std::get_if<GiveUpPlace>(&*message)) places_.give_up(give_up->nexus);
  if (const auto* arrived = std::get_if<Arrived>(&*message)) on_arrived(arrived->nexus, from);
  reply("{}");
}

void SessionMover::move(const SessionName& name, const MoveOrder& order, Completion<ControlResponse> done) {
  if (name.member != members_.self().id) return order_elsewhere(name, order, std::move(done));
  auto answer = Once<ControlResponse>::make(std::move(done));
  answer->within(runtime_, kMoveWithin, [weak = weak_from_this(), number = name.number] {
    const auto self = weak.lock();
    return self ? self->late(number) : failure(503, "this member has ended");
  });
  move_here(name.number, order, [answer](const MoveResult& result) { answer->answer(to_response(result)); });
}

ControlResponse SessionMover::late(std::uint64_t number) const {
  const std::string name = to_string(SessionName{members_.self().id, number});
  const auto session = server_.session_info(number);
  if (!session) return failure(504, fmt::format("session {} has left, and its host is still on its way", name));
  return failure(504, fmt::format("session {} has not left yet: {}; it is closed if that goes on, and served where its "
                                  "host logs in. `shoalctl sessions` shows it",
                                  name,
                                  session->open_tasks > 0 ? fmt::format("{} of its commands run", session->open_tasks)
                                                          : "its host does not answer"));
}

void SessionMover::order_elsewhere(const SessionName& name, const MoveOrder& order, Completion<ControlResponse> done) {
  if (!peers_ || !members_.all()->contains(name.member)) {
    return done(failure(404, fmt::format("there is no session {}; `shoalctl sessions` lists them", to_string(name))));
  }
  peers_->request(name.member, ControlKind::session_move, encode(OrderMove{name.number, order}),
                  kMoveWithin + kPlaceWithin,
                  [member = name.member, done = std::move(done)](const Result<std::string, PeerError>& reply) mutable {
                    done(from_reply(member, reply));
                  });
}

std::string SessionMover::may_not_move(const server::SessionInfo& session) const {
  if (session.local != members_.self().member_portal) return {};
  if (sessions_.came_by_redirect(session.nexus, session.since)) return {};
  return fmt::format("its host came to the member portal {} by itself, and would come back there",
                     session.local.to_string());
}

std::optional<MoveResult> SessionMover::refusal(std::uint64_t number, const MoveOrder& order) const {
  const std::string name = to_string(SessionName{members_.self().id, number});
  const auto refuse = [](int status, std::string text) { return MoveResult{status, std::move(text), {}}; };
  if (const auto move = moves_.find(number); move != moves_.end()) {
    return refuse(409, fmt::format("session {} is being moved to member {} already", name, move->second.record.to));
  }
  const auto session = server_.session_info(number);
  if (!session) return refuse(404, fmt::format("there is no session {}; `shoalctl sessions` lists them", name));
  if (session->dropping) return refuse(409, fmt::format("session {} is being sent away already", name));
  if (order.to == members_.self().id) return refuse(409, fmt::format("session {} is at member {}", name, order.to));
  if (order.to != MemberId{} && !members_.all()->contains(order.to)) {
    return refuse(404, fmt::format("there is no member {}; `shoalctl member list` shows them", order.to));
  }
  if (!meta_.reachable()) {
    return refuse(503,
                  "metadata are out of reach, so no session can be moved; nothing was done, try again when "
                  "`shoalctl status` shows them reachable");
  }
  if (const std::string why = may_not_move(*session); !why.empty() && !order.force) {
    return refuse(409, fmt::format("session {} is not moved: {}; --force moves it all the same", name, why));
  }
  return std::nullopt;
}

void SessionMover::move_here(std::uint64_t number, const MoveOrder& order, Completion<MoveResult> done) {
  if (auto refused = refusal(number, order)) return done(std::move(*refused));
  const auto session = server_.session_info(number);
  Move& move = moves_[number];
  move.record = {.session = {members_.self().id, number},
                 .nexus = session->nexus,
                 .volume = session->volume,
                 .from = members_.self().id,
                 .how = order.how,
                 .reason = order.reason,
                 .begun = runtime_.now()};
  move.order = order;
  move.nexus = session->nexus_id;
  move.generation = session->generation;
  move.done = std::move(done);
  ++counters_.begun;
  log_.info("move_begun session={} initiator={} isid={:012x} volume={} to={} how={} reason={} at_ms={}",
            to_string(move.record.session), shoal::quoted(session->nexus.initiator_name), session->nexus.isid,
            session->volume, order.to, to_string(order.how), load::to_string(order.reason),
            monotonic_ms(move.record.begun));
  ask_for_place(number);
}

// ---- steps

SessionMover::Move* SessionMover::find_move(std::uint64_t number) {
  const auto found = moves_.find(number);
  return found == moves_.end() ? nullptr : &found->second;
}

void SessionMover::note(Move& move, const char* step, std::optional<Duration>& time) {
  const Time now = runtime_.now();
  time = now - move.record.begun;
  log_.info("move_{} session={} initiator={} isid={:012x} to={} at_ms={}", step, to_string(move.record.session),
            shoal::quoted(move.record.nexus.initiator_name), move.record.nexus.isid, move.record.to, monotonic_ms(now));
}

void SessionMover::tell(MemberId member, const MoveMessage& message) {
  if (!peers_) return;
  peers_->request(member, ControlKind::session_move, encode(message), kPlaceWithin,
                  [](const Result<std::string, PeerError>&) {});
}

// The member that was named, or one after the other until one agrees.
void SessionMover::ask_for_place(std::uint64_t number) {
  Move& move = moves_.at(number);
  std::set<MemberId> asked{members_.self().id};
  for (const auto& [member, why] : move.refusals) asked.insert(member);
  const MemberId to = move.order.to == MemberId{} ? policy_.pick(move.record.nexus, asked) : move.order.to;
  if (to == MemberId{} || asked.contains(to) || !peers_ || !peers_->connected(to)) {
    if (to != MemberId{}) move.refusals.emplace(to, "it is down");
    return end(number, 503, fmt::format("session {} stays: {}", to_string(move.record.session), joined(move.refusals)));
  }
  move.record.to = to;
  const KeepPlace keep{move.record.nexus, move.order.reason, move.order.cost, move.order.source_load};
  peers_->request(to, ControlKind::session_move, encode(keep), kPlaceWithin,
                  guarded([number, to](SessionMover& self, const Result<std::string, PeerError>& answer) {
                    self.on_place(number, to, answer);
                  }));
}

void SessionMover::on_place(std::uint64_t number, MemberId to, const Result<std::string, PeerError>& answer) {
  Move* move = find_move(number);
  if (!move) return;
  const PlaceAnswer place = answer ? decode_place_answer(*answer) : PlaceAnswer::no_room;
  if (!answer) tell(to, GiveUpPlace{move->record.nexus});  // it may have kept one all the same
  if (place != PlaceAnswer::granted) {
    move->refusals[to] = answer ? std::string(load::to_string(place)) : "it does not answer";
    return ask_for_place(number);
  }
  note(*move, "placed", move->record.placed);
  if (const auto watcher = watcher_.lock()) watcher->on_move_placed(move->record);
  send_away(number);
}

void SessionMover::send_away(std::uint64_t number) {
  Move& move = moves_.at(number);
  const server::LeaveOrder order{.reason = fmt::format("move to member {}", move.record.to), .how = move.order.how};
  const bool there = server_.drop_session(
      number, order, guarded([number](SessionMover& self, const NexusMemory& memory, Completion<> released) {
        self.on_quiet(number, memory, std::move(released));
      }),
      guarded([number](SessionMover& self) { self.on_closed(number); }));
  if (there) return;
  tell(move.record.to, GiveUpPlace{move.record.nexus});
  end(number, 404, fmt::format("session {} has ended meanwhile", to_string(move.record.session)));
}

void SessionMover::on_quiet(std::uint64_t number, const NexusMemory& memory, Completion<> released) {
  Move* move = find_move(number);
  if (!move) return released();
  note(*move, "quiet", move->record.quiet);
  sessions_.release_for_move(move->nexus, move->generation, move->record.to, memory,
                             [weak = weak_from_this(), number, released = std::move(released)](bool moved) mutable {
                               if (const auto self = weak.lock()) self->on_told(number, moved);
                               released();
                             });
}

void SessionMover::on_told(std::uint64_t number, bool released) {
  Move* move = find_move(number);
  if (!move) return;
  move->released = released;
  if (released) note(*move, "told", move->record.told);
}

void SessionMover::on_closed(std::uint64_t number) {
  Move* move = find_move(number);
  if (!move) return;
  note(*move, "closed", move->record.closed);
  if (!move->released) {
    tell(move->record.to, GiveUpPlace{move->record.nexus});
    return end(number, 503,
               fmt::format("session {} was not moved: metadata did not take the move in time, or its host came back "
                           "before that",
                           to_string(move->record.session)));
  }
  move->deadline =
      runtime_.after(load::kPlaceLasts, guarded([number](SessionMover& self) { self.on_overdue(number); }));
}

// ---- the host has come back

void SessionMover::on_claim(const NexusName& nexus, bool known) {
  if (const auto taken = places_.take(nexus, known)) {
    log_.info("move_arrived_here from={} initiator={} image={} isid={:012x} at_ms={}", taken->source,
              shoal::quoted(nexus.initiator_name), nexus.image, nexus.isid, monotonic_ms(runtime_.now()));
    if (const auto watcher = watcher_.lock()) watcher->on_arrival(nexus, taken->nexus);
    tell(taken->source, Arrived{taken->nexus});
  }
  on_return(nexus, known);
}

// To this member. With another ISID it is the same host, unless that nexus is another session of it.
void SessionMover::on_return(const NexusName& nexus, bool known) {
  const auto found = std::find_if(moves_.begin(), moves_.end(), [&](const auto& one) {
    const NexusName& moved = one.second.record.nexus;
    return one.second.released && (moved == nexus || (!known && cluster::of_same_host(moved, nexus)));
  });
  if (found == moves_.end()) return;
  auto& [number, move] = *found;
  note(move, "arrived", move.record.arrived);
  end_at_home(number);
}

void SessionMover::end_at_home(std::uint64_t number) {
  const Move& move = moves_.at(number);
  tell(move.record.to, GiveUpPlace{move.record.nexus});
  end(number, 503,
      fmt::format("session {} was sent to member {}, and its host came back here", to_string(move.record.session),
                  move.record.to));
}

void SessionMover::on_arrived(const NexusName& nexus, MemberId at) {
  const auto found = std::find_if(moves_.begin(), moves_.end(), [&](const auto& one) {
    return one.second.record.quiet && one.second.record.nexus == nexus;
  });
  if (found == moves_.end()) return;
  auto& [number, move] = *found;
  note(move, "arrived", move.record.arrived);
  const std::string name = to_string(move.record.session);
  move.record.to = at;
  const Duration pause = *move.record.arrived - move.record.told.value_or(*move.record.quiet);
  end(number, 200,
      fmt::format("session {} of volume {} is at member {}, {:.2f} s after its host was told", name, move.record.volume,
                  at, std::chrono::duration<double>(pause).count()));
}

// Nobody has said that it arrived: it may be anywhere, which the metadata know by now.
void SessionMover::on_overdue(std::uint64_t number) {
  Move& move = moves_.at(number);
  const std::string name = to_string(move.record.session);
  const auto record = sessions_.known(move.record.nexus);
  const MemberId holder = record ? record->member : MemberId{};
  if (holder == members_.self().id) return end_at_home(number);
  if (holder != MemberId{}) {
    move.record.to = holder;
    return end(number, 200, fmt::format("session {} is at member {}, which did not tell when it came", name, holder));
  }
  tell(move.record.to, GiveUpPlace{move.record.nexus});
  end(number, 504,
      fmt::format("session {} was sent to member {}, and its host has not come within {} s; it is served "
                  "when it does",
                  name, move.record.to, std::chrono::duration_cast<std::chrono::seconds>(load::kPlaceLasts).count()));
}

void SessionMover::end(std::uint64_t number, int status, std::string text) {
  const auto found = moves_.find(number);
  Move move = std::move(found->second);
  moves_.erase(found);
  ++(status == 200 ? counters_.arrived : counters_.failed);
  log_.info("move_ended session={} status={} text={} at_ms={}", to_string(move.record.session), status,
            shoal::quoted(text), monotonic_ms(runtime_.now()));
  const MoveResult result{status, std::move(text), std::move(move.record)};
  if (const auto watcher = watcher_.lock()) watcher->on_move_ended(result);
  move.done(result);
}

}  // namespace shoal

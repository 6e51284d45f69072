#include "tools/node/member_drain.h"

#include <fmt/format.h>

#include <nlohmann/json.hpp>
#include <utility>

#include "target/base/parse_number.h"
#include "tools/node/config.h"
#include "tools/node/control_views.h"
#include "tools/node/request_json.h"

namespace shoal {

using nlohmann::json;
using routing::ControlKind;

std::optional<MemberId> parse_member_id(std::string_view text) {
  const auto id = parse_number<std::uint32_t>(text);
  return id && *id > 0 && *id <= kMaxMemberId ? std::optional(MemberId{*id}) : std::nullopt;
}

Result<DrainOrder, std::string> parse_drain_order(std::string_view word, const std::string& body) {
  DrainOrder order{.drain = word == "drain"};
  if (body.empty()) return order;
  try {
    const json value = object_in(body);
    expect_keys(value, {"force"});
    if (value.contains("force")) order.force = truth_in(value, "force");
    return order;
  } catch (const BadRequest& bad) {
    return bad.text;
  }
}

std::string encode(const DrainOrder& order) { return json{{"drain", order.drain}, {"force", order.force}}.dump(); }

std::optional<DrainOrder> decode_drain_order(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_object() || !value.value("drain", json()).is_boolean() || !value.value("force", json()).is_boolean()) {
    return std::nullopt;
  }
  return DrainOrder{value["drain"].get<bool>(), value["force"].get<bool>()};
}

MemberDrain::MemberDrain(Runtime& runtime, cluster::MetaStore& meta, cluster::Members& members,
                         server::TargetServer& server, SessionDesk& desk, SessionMover& mover,
                         routing::PeerChannel* peers, Log log)
    : runtime_(runtime),
      meta_(meta),
      members_(members),
      server_(server),
      desk_(desk),
      mover_(mover),
      peers_(peers),
      log_(std::move(log)) {}

// ---- orders

void MemberDrain::serve_peers() {
  if (!peers_) return;
  peers_->serve(ControlKind::drain, [weak = weak_from_this()](MemberId, std::string body,
                                                              Completion<std::string> reply) {
    const auto self = weak.lock();
    const auto order = decode_drain_order(body);
    if (!self || !order) return reply(to_reply(failure(400, "not an order to drain")));
    self->order_here(*order, [reply = std::move(reply)](ControlResponse answer) mutable { reply(to_reply(answer)); });
  });
}

void MemberDrain::order(MemberId member, const DrainOrder& order, Completion<ControlResponse> done) {
  if (member == members_.self().id) return order_here(order, std::move(done));
  if (!peers_ || !members_.all()->contains(member)) {
    return done(failure(404, fmt::format("there is no member {}; `shoalctl member list` shows them", member)));
  }
  peers_->request(member, ControlKind::drain, encode(order), kDropWithin,
                  [member, done = std::move(done)](const Result<std::string, routing::PeerError>& reply) mutable {
                    done(from_reply(member, reply));
                  });
}

void MemberDrain::order_here(const DrainOrder& order, Completion<ControlResponse> done) {
  if (!meta_.reachable()) {
    return done(failure(503,
                        "metadata are out of reach, so the order cannot be kept; nothing was done, try again when "
                        "`shoalctl status` shows them reachable"));
  }
  log_.info("member_{} member={} force={}", order.drain ? "drain" : "undrain", members_.self().id, order.force);
  members_.order_drain(order.drain, [weak = weak_from_this(), order, done = std::move(done)](bool written) mutable {
    if (const auto self = weak.lock()) self->on_written(order, written, std::move(done));
  });
}

void MemberDrain::on_written(const DrainOrder& order, bool written, Completion<ControlResponse> done) {
  const MemberId member = members_.self().id;
  if (!written) return done(failure(409, fmt::format("another process has taken the id of member {}", member)));
  force_ = order.force;
  resting_.clear();
  if (order.drain) {
    done(begun());
  } else {
    done(ok({{"message", fmt::format("hosts are placed at member {} again", member)}, {"member", member.value}}));
  }
  step();
}

ControlResponse MemberDrain::begun() const {
  json moved = json::array(), waits = json::array();
  std::string list;
  for (const auto& session : server_.sessions()) {
    const std::string name = to_string(SessionName{members_.self().id, session.number});
    const bool stays = !mover_.may_not_move(session).empty();
    (stays ? waits : moved).push_back(name);
    if (stays) list += (list.empty() ? "" : ", ") + name;
  }
  std::string text =
      fmt::format("member {} takes no hosts; {} sessions are to be moved", members_.self().id, moved.size());
  if (!waits.empty()) {
    text += fmt::format("; {} came to its member portal by themselves and {}: {}", waits.size(),
                        force_ ? "are dropped" : "are waited for (--force drops them)", list);
  }
  return ok({{"message", text}, {"member", members_.self().id.value}, {"to_be_moved", moved}, {"waits_for", waits}});
}

// ---- the work

void MemberDrain::follow() { step(); }

void MemberDrain::step() {
  timer_.reset();
  if (!members_.self().drain_ordered) return;
  const Time now = runtime_.now();
  std::erase_if(resting_, [&](const auto& one) { return one.second <= now; });
  attempts_ = kDrainMoves;
  for (const auto& session : server_.sessions()) send_away(session);
  timer_ = runtime_.after(kDrainAgain, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->step();
  });
}

void MemberDrain::send_away(const server::SessionInfo& session) {
  if (session.dropping || resting_.contains(session.number) || mover_.moving(session.number)) return;
  if (mover_.may_not_move(session).empty()) return move(session.number);
  if (force_) desk_.drop_here(session.number, "this member drains", [] {});
}

void MemberDrain::move(std::uint64_t number) {
  if (moving_ >= kDrainMoves || attempts_ == 0) return;
  ++moving_, --attempts_;
  mover_.move_here(number, {.reason = load::MoveReason::drain},
                   [weak = weak_from_this(), number](const MoveResult& result) {
                     const auto self = weak.lock();
                     if (!self) return;
                     --self->moving_;
                     if (result.status != 200) {
                       self->resting_[number] = self->runtime_.now() + kDrainRests;
                       return;
                     }
                     self->runtime_.post([weak] {
                       if (const auto again = weak.lock()) again->step();
                     });
                   });
}

}  // namespace shoal

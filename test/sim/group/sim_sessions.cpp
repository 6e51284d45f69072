#include "test/sim/group/sim_sessions.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shoal::sim {
namespace {

constexpr Duration kAnswerWithin = 30s, kTime2Wait = 2s, kOnItsWay = 1ms;
constexpr unsigned kLogins = 10;  // in vain

std::uint64_t isid_of(model::Who who) {
  const model::Bytes isid = model::initiator_isid(who);
  return model::get(isid, 0, isid.size());
}

SessionCommand to_command(const model::Command& command) {
  SessionCommand sent{.read_bytes = static_cast<std::uint32_t>(command.in), .may_be_short = true};
  std::ranges::transform(command.cdb, sent.cdb.begin(), [](std::uint8_t byte) { return std::byte{byte}; });
  sent.data.assign(command.out.begin(), command.out.end());
  return sent;
}

}  // namespace

SimSessions::SimSessions(SimGroup& group, int initiators) : group_(group) {
  for (model::Who who = 1; who <= initiators; ++who) {
    Host& host = group.world().add_host(fmt::format("r{}", who), {fmt::format("10.0.3.{}", who)});
    SessionName name = SimGroup::session_name(host, isid_of(who));
    name.initiator = model::initiator_name(who);
    hosts_.push_back({&host, std::make_unique<PlainInitiator>(host, std::move(name), group.checkers().complain), 0});
  }
}

void SimSessions::await(model::Who who, const char* what, const std::function<bool()>& done) {
  const auto over = [&] { return done() || disk(who).state() == PlainInitiator::State::lost; };
  const bool in_time = group_.world().run_until(over, kAnswerWithin);
  if (done()) return;
  throw model::Broken(fmt::format("initiator {}: {} {}", who, what, in_time ? "lost its session" : "was not answered"));
}

std::string SimSessions::log_in(model::Who who, std::uint64_t place) {
  std::size_t member = place % group_.members();
  while (avoided_.contains(member)) member = (member + 1) % group_.members();
  hosts_.at(index(who)).member = member;
  for (unsigned tries = 0; !try_login(who, member); ++tries) {
    if (tries == kLogins) throw model::Broken(fmt::format("initiator {}: no login", who));
    group_.world().run_for(kTime2Wait);
  }
  return group_.member(member).name();
}

bool SimSessions::try_login(model::Who who, std::size_t member) {
  disk(who).log_in(SimGroup::member_portal(member));
  group_.world().run_until([&] { return disk(who).state() != PlainInitiator::State::connecting; }, kAnswerWithin);
  return disk(who).state() == PlainInitiator::State::logged_in;
}

// Its member sees the end of the connection.
void SimSessions::log_out(model::Who who) {
  disk(who).leave();
  group_.world().run_for(1s);
}

model::Answer SimSessions::execute(model::Who who, const model::Command& command) {
  const std::uint64_t id = disk(who).start(to_command(command));
  if (interruption_) {
    group_.world().run_for(kOnItsWay);
    std::exchange(interruption_, nullptr)();
  }
  await(who, "a command", [&] { return disk(who).ended(id); });
  const CommandEnded& ended = disk(who).result(id);
  return {.status = ended.status,
          .sense = {ended.sense_key, ended.sense_code},
          .data = model::Bytes(ended.data.begin(), ended.data.end())};
}

void SimSessions::reset_unit(model::Who who) {
  const std::uint64_t before = disk(who).resets();
  disk(who).reset_unit();
  await(who, "LOGICAL UNIT RESET", [&] { return disk(who).resets() != before; });
}

bool SimSessions::lost(model::Who who) const {
  return hosts_.at(index(who)).disk->state() == PlainInitiator::State::lost;
}

}  // namespace shoal::sim

#include "cluster/local_nexus.h"

#include <algorithm>
#include <array>
#include <utility>

#include "target/base/check.h"

namespace shoal::cluster {
namespace {

using State = LocalNexus::State;

const char* to_string(ClaimError error) {
  switch (error) {
    case ClaimError::unavailable: return "unavailable";
    case ClaimError::gone: return "gone";
    case ClaimError::exhausted: return "too_many_sessions_of_the_initiator";
  }
  return "?";
}

// A reading may be from before the image was made.
constexpr int kAbsencesToBelieve = 3;

struct Transition {
  State from, to;
  bool operator==(const Transition&) const = default;
};

constexpr std::array kTransitions = {
    Transition{State::vacant, State::parked},    Transition{State::vacant, State::acquiring},
    Transition{State::parked, State::acquiring}, Transition{State::parked, State::removing},
    Transition{State::parked, State::vacant},    Transition{State::acquiring, State::expelling},
    Transition{State::acquiring, State::held},   Transition{State::acquiring, State::vacant},
    Transition{State::expelling, State::held},   Transition{State::expelling, State::vacant},
    Transition{State::held, State::ending},      Transition{State::held, State::moving},
    Transition{State::held, State::removing},    Transition{State::held, State::leaving},
    Transition{State::held, State::vacant},      Transition{State::ending, State::held},
    Transition{State::ending, State::vacant},    Transition{State::moving, State::parked},
    Transition{State::moving, State::vacant},    Transition{State::removing, State::held},
    Transition{State::removing, State::vacant},  Transition{State::leaving, State::vacant},
};

constexpr bool may_follow(State from, State to) {
  return std::find(kTransitions.begin(), kTransitions.end(), Transition{from, to}) != kTransitions.end();
}

const char* to_string(State state) {
  switch (state) {
    case State::vacant: return "vacant";
    case State::parked: return "parked";
    case State::acquiring: return "acquiring";
    case State::expelling: return "expelling";
    case State::held: return "held";
    case State::ending: return "ending";
    case State::moving: return "moving";
    case State::removing: return "removing";
    case State::leaving: return "leaving";
  }
  return "unknown";
}

std::optional<Seen<NexusRecord>> record_in(const std::optional<Entry>& entry) {
  auto record = entry ? decode_nexus(entry->key, entry->value) : std::nullopt;
  if (!record) return std::nullopt;
  return Seen<NexusRecord>{std::move(*record), entry->revision};
}

std::optional<Seen<ImageGate>> gate_in(const std::optional<Entry>& entry) {
  const auto gate = entry ? decode_gate(entry->value) : std::nullopt;
  if (!gate) return std::nullopt;
  return Seen<ImageGate>{*gate, entry->revision};
}

template <class T>
std::optional<T> copy_of(const T* value) {
  return value ? std::optional<T>(*value) : std::nullopt;
}

}  // namespace

LocalNexus::LocalNexus(NexusContext& context, NexusName name)
    : context_(context), name_(std::move(name)), id_(GroupSessions::id_of(name_)) {}

bool LocalNexus::in_use() const {
  return session_ || !claims_.empty() || state_ == State::acquiring || state_ == State::expelling;
}

void LocalNexus::go(State to) {
  CHECK(may_follow(state_, to), to_string(state_), to_string(to));
  context_.log.debug("nexus id={} initiator={} image={} from={} to={} epoch={}", id_, quoted(name_.initiator_name),
                     name_.image, to_string(state_), to_string(to), record_.epoch);
  state_ = to;
  ++step_;
  timer_.reset();
}

void LocalNexus::pause_then(void (LocalNexus::*then)()) {
  timer_ =
      context_.runtime.after(back_off_.next(context_.runtime.random()), in_step([this, then] { (this->*then)(); }));
}

// --- claims ---

void LocalNexus::claim(SessionControl& session, Claimed done) {
  const std::uint64_t number = next_claim_++;
  auto deadline = context_.runtime.after(kMetadataWithin, [this, number] { on_deadline(number); });
  claims_.push_back(Claim{number, &session, std::move(done), std::move(deadline)});
  if (state_ == State::vacant || state_ == State::parked) return acquire();
  if (state_ == State::held && claims_.size() == 1) serve();
}

bool LocalNexus::waits_for_metadata() const {
  return state_ == State::acquiring || state_ == State::moving || state_ == State::removing;
}

void LocalNexus::on_deadline(std::uint64_t number) {
  const auto claim = std::find_if(claims_.begin(), claims_.end(), [&](const Claim& c) { return c.number == number; });
  CHECK(claim != claims_.end(), number);
  claim->overdue = true;
  if (waits_for_metadata()) refuse_overdue();
}

void LocalNexus::refuse(Claim claim, ClaimError error) {
  context_.log.info("claim_refused id={} initiator={} image={} why={}", id_, quoted(name_.initiator_name), name_.image,
                    to_string(error));
  context_.runtime.post([done = std::move(claim.done), error]() mutable { done(error); });
}

void LocalNexus::refuse_all(ClaimError error) {
  for (Claim& claim : std::exchange(claims_, {})) refuse(std::move(claim), error);
}

void LocalNexus::refuse_overdue() {
  for (std::size_t i = 0; i < claims_.size();) {
    if (!claims_[i].overdue) {
      ++i;
      continue;
    }
    refuse(std::move(claims_[i]), ClaimError::unavailable);
    claims_.erase(claims_.begin() + static_cast<std::ptrdiff_t>(i));
  }
}

// --- taking the record ---

void LocalNexus::acquire() {
  go(State::acquiring);
  taken_up_ = false;
  token_ = context_.runtime.random().next();
  back_off_ = {};
  absences_ = 0;
  refuse_overdue();
  const auto* gate = context_.seen.gate(name_.image);
  const auto* record = context_.seen.record(name_);
  if (!gate && !record) return read_and_plan();
  plan(copy_of(record), copy_of(gate));
}

void LocalNexus::read_and_plan() {
  if (claims_.empty()) return become_vacant();
  context_.calls.read(nexus_key(name_),
                      in_step([this](const std::optional<Entry>& record) { read_gate_and_plan(record); }));
}

void LocalNexus::read_gate_and_plan(const std::optional<Entry>& record) {
  context_.calls.read(gate_key(name_.image),
                      in_step([this, found = record_in(record)](const std::optional<Entry>& gate) {
                        const auto seen = gate_in(gate);
                        const bool absent = !found && !seen;
                        if (absent && ++absences_ < kAbsencesToBelieve) return pause_then(&LocalNexus::read_and_plan);
                        if (absent) refuse_all(ClaimError::gone);
                        plan(found, seen);
                      }));
}

void LocalNexus::plan(const std::optional<Seen<NexusRecord>>& found, const std::optional<Seen<ImageGate>>& gate) {
  if (claims_.empty()) return become_vacant();
  const Claimant claimant{context_.members.self().id, context_.members.self().incarnation, token_};
  const auto plan = plan_claim(name_, found ? std::optional(found->value) : std::nullopt,
                               gate ? std::optional(gate->value) : std::nullopt, claimant);
  CHECK(plan.has_value());
  write(*plan, found ? found->revision : 0, gate ? gate->revision : 0);
}

void LocalNexus::write(const ClaimPlan& plan, std::uint64_t record_revision, std::uint64_t gate_revision) {
  CasRequest request{{{nexus_key(name_), record_revision}}, {{nexus_key(name_), encode(plan.record)}}};
  if (plan.gate) {
    request.expect.push_back({gate_key(name_.image), gate_revision});
    request.writes.push_back({gate_key(name_.image), encode(*plan.gate)});
  }
  context_.calls.pursue(std::move(request),
                        in_step([this, plan](const Settled& settled) { on_written(plan, settled); }));
}

void LocalNexus::on_written(const ClaimPlan& plan, const Settled& settled) {
  if (!settled.done) return pause_then(&LocalNexus::read_and_plan);
  record_ = plan.record;
  revision_ = settled.revision;
  taken_up_ = true;
  local_ = 0;
  memory_ = plan.memory;
  context_.seen.learn({record_, revision_});
  if (plan.gate) context_.seen.learn(name_.image, {*plan.gate, revision_});
  if (record_.epoch < superseded_by_) return become_vacant();
  if (plan.expel == Expel::nobody) {
    go(State::held);
    return serve();
  }
  expel(plan);
}

// --- what the old holder may still have in flight ---

void LocalNexus::expel(const ClaimPlan& plan) {
  go(State::expelling);
  context_.log.info("nexus_taken id={} initiator={} image={} from={} epoch={}", id_, quoted(name_.initiator_name),
                    name_.image, plan.holder, record_.epoch);
  if (plan.expel == Expel::owners || !context_.peers) return fence_then(&LocalNexus::on_expelled);
  context_.peers->request(plan.holder, routing::ControlKind::end_nexus, encode(EndRequest{name_, record_.epoch}),
                          kConfirmWithin, in_step([this](const auto& answer) { on_answer(answer); }));
}

void LocalNexus::on_answer(const Result<std::string, routing::PeerError>& answer) {
  EndReply end = answer ? decode_end_reply(*answer) : EndReply{};
  memory_ = std::move(end.memory);
  switch (end.answer) {
    case EndAnswer::ended: return on_expelled();
    case EndAnswer::unknown: return fence_then(&LocalNexus::on_expelled);
    case EndAnswer::newer: refuse_all(ClaimError::unavailable); return become_vacant();
  }
}

void LocalNexus::fence_then(void (LocalNexus::*then)()) {
  const routing::Fence fence{name_.image, id_, next_generation()};
  context_.log.info("nexus_fenced id={} initiator={} image={} generation={:#x}", id_, quoted(name_.initiator_name),
                    name_.image, fence.generation.value);
  context_.fence(fence, kFenceWithin, in_step([this, then] { (this->*then)(); }));
}

void LocalNexus::on_expelled() {
  if (record_.epoch < superseded_by_) return become_vacant();
  go(State::held);
  serve();
}

// --- serving ---

// The newest claim wins: whoever waited before it is another connection of the same initiator port.
void LocalNexus::serve() {
  while (claims_.size() > 1) {
    refuse(std::move(claims_.front()), ClaimError::unavailable);
    claims_.pop_front();
  }
  if (session_ && !claims_.empty()) return end_session();
  if (!claims_.empty()) {
    Claim claim = std::move(claims_.front());
    claims_.pop_front();
    grant(std::move(claim));
  }
  if (!session_) linger(kLinger);
}

void LocalNexus::grant(Claim claim) {
  const auto tsih = context_.tsihs.take(context_.members.self().id, name_);
  if (!tsih) return refuse(std::move(claim), ClaimError::exhausted);
  timer_.reset();
  generation_ = next_generation();
  ++local_;
  session_ = claim.session;
  tsih_ = *tsih;
  const NexusClaim granted{id_, generation_, tsih_, std::exchange(memory_, std::nullopt)};
  context_.runtime.post([done = std::move(claim.done), granted]() mutable { done(granted); });
}

// Posted, so that a session hears that it has the nexus before it hears that it has lost it.
void LocalNexus::ask_to_end(const char* reason, void (LocalNexus::*ended)()) {
  context_.runtime.post(
      in_step([this, reason, ended] { session_->end(reason, in_step([this, ended] { (this->*ended)(); })); }));
}

void LocalNexus::end_session() {
  go(State::ending);
  timer_ = context_.runtime.after(kConfirmWithin, in_step([this] { fence_then(&LocalNexus::on_session_ended); }));
  ask_to_end("another login took its nexus at this member", &LocalNexus::on_session_ended);
}

void LocalNexus::forget_session() {
  if (std::exchange(session_, nullptr)) context_.tsihs.give_back(name_, tsih_);
}

void LocalNexus::on_session_ended() {
  forget_session();
  if (record_.epoch < superseded_by_) return lost(EndAnswer::unknown);
  go(State::held);
  serve();
}

// A session is released when nothing of it can touch data any more: as good as the end that was asked for.
void LocalNexus::release(Generation generation, NexusMemory memory) {
  if (!session_ || generation != generation_) return;
  forget_session();
  memory_ = std::move(memory);
  if (state_ == State::held) linger(kLinger);
  if (state_ == State::ending) on_session_ended();
  if (state_ == State::leaving) on_left();
}

void LocalNexus::linger(Duration time) {
  timer_ = context_.runtime.after(time, in_step([this] { on_lingered(); }));
}

// While metadata are away, the local state lets the host back in.
void LocalNexus::on_lingered() {
  if (!context_.meta.reachable()) return linger(kLinger);
  remove();
}

// --- letting go ---

void LocalNexus::on_seen(const NexusRecord& record) {
  const bool ours = taken_up_ || state_ == State::parked;
  if (ours && record.epoch > record_.epoch) supersede(record.epoch, [](const EndReply&) {});
}

void LocalNexus::on_missing(std::uint64_t revision, std::uint32_t highest_removed) {
  const bool ours = taken_up_ || state_ == State::parked;
  if (ours && revision >= revision_ && highest_removed > record_.epoch)
    supersede(highest_removed, [](const EndReply&) {});
}

void LocalNexus::supersede(std::uint32_t epoch, Completion<EndReply> answer) {
  if (taken_up_ && epoch <= record_.epoch) return answer({EndAnswer::newer});
  superseded_by_ = std::max(superseded_by_, epoch);
  refuse_all(ClaimError::unavailable);
  switch (state_) {
    case State::vacant:
    case State::acquiring:
    case State::expelling: return answer({EndAnswer::unknown});
    case State::parked: become_vacant(); return answer({EndAnswer::unknown});
    case State::moving:
    case State::removing:
      return answer({EndAnswer::ended, memory_});  // nothing of it runs, and the record is out of our hands
    case State::ending:
    case State::leaving: return answers_.push_back(std::move(answer));
    case State::held: return leave(std::move(answer));
  }
}

void LocalNexus::leave(Completion<EndReply> answer) {
  answers_.push_back(std::move(answer));
  go(State::leaving);
  if (!session_) return lost(EndAnswer::ended);
  timer_ = context_.runtime.after(kConfirmWithin, in_step([this] { lost(EndAnswer::unknown); }));
  ask_to_end("another member took its nexus", &LocalNexus::on_left);
}

void LocalNexus::on_left() { lost(EndAnswer::ended); }

void LocalNexus::lost(EndAnswer answer) {
  for (auto& waiting : std::exchange(answers_, {})) waiting({answer, memory_});
  become_vacant();
}

void LocalNexus::become_vacant() {
  go(State::vacant);
  forget_session();
  taken_up_ = false;
  memory_.reset();
  end_of_move(false);
  answer_idle();
  if (!claims_.empty()) return acquire();
  context_.vacated(id_);
}

void LocalNexus::park(const Seen<NexusRecord>& record) {
  CHECK(state_ == State::vacant && claims_.empty(), to_string(state_));
  record_ = record.value;
  revision_ = record.revision;
  go(State::parked);
  linger(kAbandoned);
}

void LocalNexus::release_for_move(Generation generation, MemberId place_at, NexusMemory memory, Completion<bool> done) {
  if (state_ != State::held || !session_ || generation != generation_ || !context_.meta.reachable()) return done(false);
  go(State::moving);
  forget_session();
  memory_ = std::move(memory);
  move_done_ = std::move(done);
  move_deadline_ = context_.runtime.after(kMetadataWithin, [this] { end_of_move(false); });
  NexusRecord moved = record_;
  moved.not_at = std::exchange(moved.member, MemberId{});
  moved.place_at = place_at;
  moved.token = context_.runtime.random().next();
  moved.memory = memory_;
  context_.calls.pursue({{{nexus_key(name_), revision_}}, {{nexus_key(name_), encode(moved)}}},
                        in_step([this, moved](const Settled& settled) { on_moved(moved, settled); }));
}

void LocalNexus::on_moved(const NexusRecord& moved, const Settled& settled) {
  taken_up_ = false;
  if (!settled.done) return become_vacant();
  record_ = moved;
  revision_ = settled.revision;
  context_.seen.learn({record_, revision_});
  go(State::parked);
  if (auto done = std::exchange(move_done_, {})) {
    context_.tell_moved({record_, revision_}, [done = std::move(done)]() mutable { done(true); });
  }
  end_of_move(true);
  if (!claims_.empty()) return acquire();
  linger(kLinger);
}

void LocalNexus::end_of_move(bool moved) {
  move_deadline_.reset();
  if (auto done = std::exchange(move_done_, {})) done(moved);
}

// --- removing the record ---

void LocalNexus::remove_if_idle(Completion<> done) {
  const bool idle = (state_ == State::held && !in_use()) || state_ == State::parked;
  if (!idle && state_ != State::removing) return done();
  idle_waits_.push_back(std::move(done));
  if (idle) remove();
}

void LocalNexus::remove() {
  go(State::removing);
  ask_to_remove();
}

void LocalNexus::ask_to_remove() {
  context_.removals.remove({record_, revision_}, in_step([this](const Settled& settled) { on_removed(settled); }));
}

void LocalNexus::on_removed(const Settled& settled) {
  const bool still_ours = !settled.done && settled.found && settled.found->revision == revision_;
  if (!still_ours) {
    context_.seen.forget(name_);
    return become_vacant();
  }
  if (claims_.empty()) return ask_to_remove();  // the gate had changed
  if (!taken_up_) return become_vacant();
  go(State::held);
  answer_idle();
  serve();
}

void LocalNexus::answer_idle() {
  for (auto& waiting : std::exchange(idle_waits_, {})) waiting();
}

}  // namespace shoal::cluster

#include "target/server/connection_driver.h"

#include <algorithm>
#include <utility>

#include "target/server/login_answers.h"

namespace shoal::server {

using iscsi::Closing;

ConnectionDriver::ConnectionDriver(ServerContext& context, ConnectionOwner& owner, std::uint64_t number,
                                   std::unique_ptr<Stream> stream)
    : context_(context),
      owner_(owner),
      number_(number),
      stream_(std::move(stream)),
      local_(stream_->local()),
      peer_(stream_->peer()),
      source_(source_of(peer_)),
      connection_(context.config.login, context.config.connection, context.runtime.now(), context.log, context.writes),
      login_watch_(context.runtime.now()),
      room_(context.buffers) {}

void ConnectionDriver::start() { proceed(); }

// ---- the socket

void ConnectionDriver::read() {
  if (reading_ || peer_gone_ || !connection_.wants_input()) return;
  reading_ = true;
  stream_->read_some(room_.prepare(), [this](const Result<std::size_t, NetError>& result) { on_read(result); });
}

void ConnectionDriver::on_read(const Result<std::size_t, NetError>& result) {
  reading_ = false;
  if (!context_.watch.check()) return pass();  // closed, like all others: what was read is not looked at
  if (result) {
    context_.counters.received_bytes += *result;
    if (!login_watch_.over()) login_watch_.heard(now());
    if (session_) session_->on_heard(now());
    connection_.receive(room_.take(*result, now()), now());
    tell_of_stranger();
  } else {
    peer_gone_ = true;
    connection_.peer_closed(now());
  }
  pass();
}

void ConnectionDriver::write() {
  if (writing_ || peer_gone_ || !connection_.has_output()) return;
  writing_ = true;
  Slices output = connection_.transmit();
  if (!login_watch_.over()) watch_login();
  writing_bytes_ = total_size(output);
  stream_->write(std::move(output), [this](const Result<void, NetError>& result) { on_written(result.has_value()); });
}

void ConnectionDriver::watch_login() {
  login_watch_.answered(now());
  if (connection_.logged_in()) return login_watch_.end("served", now(), context_.log);
  if (connection_.closing() == Closing::open) return;
  login_watch_.end(redirected_ ? "redirected" : "refused", now(), context_.log);
}

void ConnectionDriver::on_written(bool ok) {
  writing_ = false;
  context_.counters.sent_bytes += std::exchange(writing_bytes_, 0);
  connection_.note_unsent(0, now());
  if (session_) {
    session_->on_heard(connection_.heard());
    session_->on_sent();
  }
  if (!ok) {
    peer_gone_ = true;
    connection_.peer_closed(now());
  }
  pass();
}

// Called where nothing follows that needs the connection: its owner may end it.
void ConnectionDriver::tell_of_stranger() {
  if (!stream_ || (connection_.logged_in() && !connection_.in_discovery())) return;
  owner_.on_stranger_heard(number_, connection_.stranger_requests(), connection_.stranger_bytes() + writing_bytes_);
}

// ---- passes

void ConnectionDriver::wake() {
  if (in_pass_ || woken_ || !stream_) return;
  woken_ = true;
  context_.runtime.post([weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->woken_ = false;
    self->pass();
  });
}

void ConnectionDriver::pass() {
  if (!stream_) return;
  in_pass_ = true;
  turn_budget_ = {};
  while (may_go_on()) {
    std::optional<iscsi::Event> event = connection_.next_event();
    if (!event) break;
    std::visit([this](auto& one) { on(one); }, *event);
  }
  in_pass_ = false;
  if (!may_go_on()) wake();
  proceed();
  if (in_discovery_) tell_of_stranger();  // now that answers are made, and some of them taken
}

// An end is heard of before the socket is closed.
bool ConnectionDriver::may_go_on() const { return !turn_budget_.spent() || connection_.closing() != Closing::open; }

void ConnectionDriver::on(iscsi::CommandReady& ready) {
  turn_budget_.charge(ready.command.expected_bytes);
  session_->start(std::move(ready.command));
}

void ConnectionDriver::proceed() {
  write();
  if (connection_.closing() == Closing::half_close && !half_closed_ && !writing_) {
    half_closed_ = true;
    stream_->shutdown_send();
  }
  if (connection_.closing() == Closing::close) {
    if (may_close()) return finish();
    if (!close_by_) close_by_ = now() + context_.config.connection.linger;
  }
  read();
  arm();
}

bool ConnectionDriver::may_close() const {
  return peer_gone_ || (!writing_ && !connection_.has_output()) || (close_by_ && now() >= *close_by_);
}

void ConnectionDriver::finish() {
  context_.runtime.post([keep = shared_from_this()] {});  // we may have been called by what is destroyed here
  stream_.reset();
  timer_.reset();
  turn_.reset();
  room_.release();
  if (std::exchange(in_discovery_, false)) --context_.counters.discovery_sessions;
  if (const auto session = std::exchange(session_, nullptr)) session->on_closed();
  owner_.on_closed(number_);
}

void ConnectionDriver::abandon() {
  if (!stream_) return;
  connection_.close(iscsi::EndReason::ended_here, "abandoned", now());
  connection_.peer_closed(now());
  peer_gone_ = true;
  pass();
}

void ConnectionDriver::arm() {
  std::optional<Time> due = connection_.deadline();
  if (close_by_ && (!due || *close_by_ < *due)) due = close_by_;
  if (!due || (timer_due_ && *timer_due_ <= *due)) return;
  timer_due_ = due;
  timer_ = context_.runtime.after(std::max(Duration::zero(), *due - now()), [this] { on_timer(); });
}

void ConnectionDriver::on_timer() {
  timer_due_.reset();
  connection_.note_unsent(stream_->unsent_bytes(), now());
  connection_.on_deadline(now());
  pass();
}

// ---- login

// An address from which too many logins have failed waits for its turn.
void ConnectionDriver::on(const iscsi::LoginAsked& asked) {
  login_watch_.names(asked.question.initiator_name, asked.question.isid);
  const std::optional<Duration> wait = context_.failed_logins.admit(source_, now());
  if (wait == Duration::zero()) return place(asked.question);
  ++context_.counters.delayed_logins;
  if (!wait) return connection_.answer_login(refused(LoginRefusal::out_of_resources), now());
  turn_ = context_.runtime.after(*wait, [this, question = asked.question] { place(question); });
}

void ConnectionDriver::place(const iscsi::LoginQuestion& question) {
  const LoginQuery query{.discovery = question.discovery,
                         .initiator_name = question.initiator_name,
                         .target_name = question.target_name,
                         .isid = question.isid,
                         .tsih = question.tsih,
                         .local = local_,
                         .peer = peer_};
  context_.policy.decide(query, [weak = weak_from_this(), question](const LoginDecision& decision) {
    if (const auto self = weak.lock()) self->on_placed(question, decision);
  });
}

void ConnectionDriver::on_placed(const iscsi::LoginQuestion& question, const LoginDecision& decision) {
  if (!stream_) return;
  const auto unit = question.discovery ? nullptr : context_.catalog.find(question.target_name, question.initiator_name);
  context_.log.info("login_placed decision={} reason={} initiator={} target={} peer={} local={}", to_string(decision),
                    quoted(decision.reason), quoted(question.initiator_name), quoted(question.target_name),
                    peer_.to_string(), local_.to_string());
  connection_.answer_login(placed(decision, question.discovery, unit.get(), context_.runtime.random()), now());
  wake();
}

void ConnectionDriver::on(const iscsi::NexusClaimAsked& asked) {
  const iscsi::LoginQuestion& question = asked.question;
  auto unit = context_.catalog.find(question.target_name, question.initiator_name);
  if (!unit) return answer_claim(refused(LoginRefusal::not_found));
  const NexusName nexus{unit->image, unit->portal_group_tag, question.initiator_name, question.isid};
  if (!may_take(nexus)) return answer_claim(refused(LoginRefusal::out_of_resources));
  SessionInfo info;
  info.number = context_.sessions.next_number();
  info.nexus = nexus;
  info.volume = unit->volume;
  info.target_name = unit->target_name;
  info.peer = peer_;
  info.local = local_;
  session_ = std::make_shared<SessionDriver>(context_, *this, std::move(unit), info);
  context_.sessions.add(info.number, session_);
  session_->claim();
}

// A host that comes back replaces its session, so that a full table does not keep it out.
bool ConnectionDriver::may_take(const NexusName& nexus) {
  const SessionDriver* holder = context_.sessions.serving(nexus);
  if (!holder) {
    if (context_.sessions.all().size() < context_.config.limits.sessions) return true;
    context_.log.warn("login_refused reason=limit sessions={} initiator={}", context_.sessions.all().size(),
                      quoted(nexus.initiator_name));
    return false;
  }
  const Endpoint other = holder->info().peer;
  const auto verdict = context_.shared_names.on_takeover(nexus, other.host, peer_.host, now());
  if (verdict.warn) {
    context_.log.warn("initiator_name_shared initiator={} isid={:012x} peers={},{} advice={}",
                      quoted(nexus.initiator_name), nexus.isid, other.host, peer_.host,
                      quoted("two hosts use one InitiatorName; give each its own"));
  }
  if (verdict.refuse) ++context_.counters.shared_names;
  return !verdict.refuse;
}

void ConnectionDriver::answer_claim(const iscsi::LoginAnswer& answer) {
  connection_.answer_claim(answer, now());
  wake();
}

void ConnectionDriver::on(const iscsi::LoggedIn& logged_in) {
  initiator_name_ = logged_in.parameters.initiator_name;
  if (!session_) return begin_discovery();
  room_.allow_large();
  session_->begin(logged_in.parameters);
  owner_.on_logged_in(number_);
}

// It stays among the strangers: it has proven little, and holds its place for no longer than it has something to ask.
void ConnectionDriver::begin_discovery() {
  in_discovery_ = true;
  ++context_.counters.discovery_sessions;
}

void ConnectionDriver::on(const iscsi::TargetsAsked& asked) {
  const auto listings = context_.catalog.list(local_, initiator_name_);
  connection_.answer_targets(target_records(listings, asked.name), now());
}

// ---- the session's words

void ConnectionDriver::complete(iscsi::TaskId task, const iscsi::Outcome& outcome) {
  connection_.complete(task, outcome, now());
  wake();
}

void ConnectionDriver::complete_management(iscsi::ManagementId id, iscsi::TaskResponse response) {
  connection_.complete_management(id, response, now());
  wake();
}

void ConnectionDriver::abort_undelivered() {
  connection_.abort_undelivered(now());
  wake();
}

void ConnectionDriver::finish_logout() {
  connection_.finish_logout(now());
  wake();
}

void ConnectionDriver::begin_drop() {
  connection_.begin_drop(now());
  wake();
}

void ConnectionDriver::send_drop_event() {
  connection_.send_drop_event(now());
  wake();
}

void ConnectionDriver::send_drop_and_logout_events(Duration within) {
  connection_.send_drop_and_logout_events(within, now());
  wake();
}

void ConnectionDriver::request_logout(Duration within) {
  connection_.request_logout(within, now());
  wake();
}

void ConnectionDriver::close(const std::string& reason) {
  connection_.close(iscsi::EndReason::ended_here, reason, now());
  wake();
}

// ---- the end

void ConnectionDriver::on(const iscsi::LogoutAsked&) {
  if (session_) return session_->log_out();
  finish_logout();  // discovery has no tasks
}

void ConnectionDriver::on(const iscsi::Ended& ended) {
  redirected_ = ended.reason == iscsi::EndReason::redirected;
  if (redirected_) ++context_.counters.redirects;
  const bool refused = ended.reason == iscsi::EndReason::login_refused;
  if (refused || ended.reason == iscsi::EndReason::login_deferred) ++context_.counters.refused_logins;
  if (refused && !turn_) context_.failed_logins.failed(source_, now());  // who waited has paid
  if (session_) session_->on_ended();
}

}  // namespace shoal::server

#include "target/iscsi/connection.h"

#include <algorithm>
#include <utility>

#include "target/base/check.h"
#include "target/iscsi/pdu_codec.h"

namespace shoal::iscsi {
namespace {

std::uint16_t whole_seconds(Duration duration) {
  const auto seconds = std::chrono::ceil<std::chrono::seconds>(duration).count();
  return static_cast<std::uint16_t>(std::clamp<std::int64_t>(seconds, 0, 0xffff));
}

EndReason end_reason_of(LoginStatus refusal) {
  constexpr unsigned kTargetError = 3;  // 11.13.5: status class
  const unsigned status_class = static_cast<unsigned>(refusal) >> 8;
  return status_class == kTargetError ? EndReason::login_deferred : EndReason::login_refused;
}

}  // namespace

const char* to_string(EndReason reason) {
  switch (reason) {
    case EndReason::logged_out: return "logged_out";
    case EndReason::redirected: return "redirected";
    case EndReason::login_refused: return "login_refused";
    case EndReason::login_deferred: return "login_deferred";
    case EndReason::login_timeout: return "login_timeout";
    case EndReason::dropped: return "dropped";
    case EndReason::peer_closed: return "peer_closed";
    case EndReason::ping_timeout: return "ping_timeout";
    case EndReason::idle: return "idle";
    case EndReason::digest_error: return "digest_error";
    case EndReason::protocol_error: return "protocol_error";
    case EndReason::out_of_resources: return "out_of_resources";
    case EndReason::ended_here: return "ended_here";
  }
  return "unknown";
}

Connection::Connection(LoginConfig login, ConnectionLimits limits, Time now, Log log,
                       std::shared_ptr<WriteBudget> writes)
    : limits_(limits),
      log_(std::move(log)),
      window_(CmdSn{0}, limits.command_window),
      outbox_(window_),
      writes_(writes ? std::move(writes) : std::make_shared<WriteBudget>()),
      negotiator_(std::move(login)),
      heard_(now),
      asked_(now),
      pinged_(now),
      progressed_(now),
      login_deadline_(now + limits.login_timeout) {}

// ---- bytes

void Connection::receive(Slice run, Time now) {
  if (phase_ == Phase::ended) return;  // half-closed: what still comes is of no use
  heard_ = now;
  backlog_bytes_ += run.size();
  framer_.receive(std::move(run));
  const unsigned requests = stranger_requests();
  parse(now);
  if (stranger_requests() != requests) asked_ = now;
  if (!open_question_) {
    backlog_bytes_ = 0;
  } else if (backlog_bytes_ > limits_.login_backlog_bytes) {
    end(EndReason::out_of_resources, "too much behind a login request", Closing::close, now);
  }
}

void Connection::parse(Time now) {
  // While the driver has a login question to answer, what is pipelined behind stays in the framer.
  while (phase_ != Phase::ended && !open_question_) {
    Framed framed = framer_.next();
    if (auto* frame = std::get_if<Frame>(&framed)) {
      if (phase_ == Phase::login) {
        on_login_frame(*frame, now);
      } else {
        session_->on_frame(std::move(*frame), now);
      }
    } else if (const auto* error = std::get_if<FrameError>(&framed)) {
      on_frame_error(*error, now);
    } else {
      break;
    }
    if (outbox_.answer_bytes() > limits_.waiting_output_bytes) {
      end(EndReason::out_of_resources, "replies are not read", Closing::close, now);
    } else if (session_ && session_->hole_too_large()) {
      end(EndReason::out_of_resources, "too much behind a command that is missing", Closing::close, now);
    }
  }
  advance_drop(now);
}

void Connection::on_frame_error(const FrameError& error, Time now) {
  if (error.fault == FrameFault::header_digest) {
    return end(EndReason::digest_error, to_string(error.fault), Closing::close, now);
  }
  if (session_) session_->reject(error.bhs, RejectReason::protocol_error);
  end(EndReason::protocol_error, to_string(error.fault), Closing::half_close, now);
}

std::size_t Connection::missing() const { return framer_.missing(); }

std::size_t Connection::stranger_bytes() const {
  return framer_.held_bytes() + (session_ ? session_->held_text_bytes() + outbox_.size() : login_text_bytes_);
}

void Connection::peer_closed(Time now) {
  if (phase_ != Phase::ended) end(EndReason::peer_closed, "", Closing::close, now);
  closing_ = Closing::close;
}

std::optional<Event> Connection::next_event() { return events_.pop(); }

Slices Connection::transmit() {
  Slices output = outbox_.take();
  transmitted_ += total_size(output);
  return output;
}

// What is sent behind the ping says nothing of the host, unless it keeps us from reading what the host answers.
void Connection::note_unsent(std::size_t bytes, Time now) {
  CHECK(bytes <= transmitted_ - sent_, bytes, transmitted_, sent_);
  const std::uint64_t before = std::exchange(sent_, transmitted_ - bytes);
  if (sent_ != before && (before < ping_at_ || !wants_input())) progressed_ = now;
}

bool Connection::has_output() const { return !outbox_.empty(); }
std::size_t Connection::output_bytes() const { return outbox_.size(); }
bool Connection::wants_input() const {
  if (session_ && session_->holds_too_much() && !events_.empty()) return false;
  return outbox_.size() <= limits_.output_bytes;
}
Closing Connection::closing() const { return closing_; }
bool Connection::logged_in() const { return phase_ == Phase::full_feature; }
std::size_t Connection::open_tasks() const { return session_ ? session_->open_tasks() : 0; }

// ---- login

void Connection::on_login_frame(const Frame& frame, Time now) {
  const auto decoded = decode_initiator_pdu(frame.bhs, frame.ahs);
  const auto* pdu = std::get_if<InitiatorPdu>(&decoded);
  const auto* request = pdu ? std::get_if<LoginRequest>(pdu) : nullptr;
  if (!request) {  // 6.3: nothing else comes before full feature phase
    if (login_request_) outbox_.answer(refusal_of(*login_request_, LoginStatus::invalid_during_login, {}));
    const char* what = pdu ? "not a login request" : std::get<DecodeError>(decoded).what;
    return end(EndReason::login_refused, what, Closing::half_close, now);
  }
  if (!login_request_) {
    window_ = CommandWindow(request->cmd_sn, limits_.command_window);
    outbox_.set_next_stat_sn(request->exp_stat_sn);
  }
  login_request_ = *request;
  ++login_requests_;
  login_text_bytes_ += total_size(frame.data);
  const Slice text = flatten(frame.data);
  on_login_step(negotiator_.on_request(*request, as_text(text.bytes())), now);
}

void Connection::on_login_step(const LoginStep& step, Time now) {
  if (const auto* ask = std::get_if<Ask>(&step)) {
    open_question_ = ask->question.kind;
    if (ask->question.kind == LoginQuestion::Kind::place) return events_.push(LoginAsked{ask->question});
    return events_.push(NexusClaimAsked{ask->question});
  }
  const LoginResponseText response = response_to(*login_request_, step, outbox_.numbering());
  outbox_.answer_bytes(response.pdu, as_bytes(response.text));
  if (const auto* redirect = std::get_if<Redirect>(&step)) {
    end(EndReason::redirected, redirect->address, Closing::half_close, now);
  } else if (const auto* refuse = std::get_if<Refuse>(&step)) {
    end(end_reason_of(refuse->status), refuse->why, Closing::half_close, now);
  } else if (const auto* finish = std::get_if<Finish>(&step)) {
    begin_session(finish->agreed);
  }
}

void Connection::begin_session(const SessionParameters& parameters) {
  const Digests digests{parameters.header_digest, parameters.data_digest};
  framer_.set_digests(digests);
  framer_.set_limits({.data_bytes = parameters.max_recv_data_segment_bytes});
  outbox_.set_digests(digests);
  session_ = std::make_unique<Session>(parameters, limits_, window_, outbox_, events_, *writes_);
  phase_ = Phase::full_feature;
  events_.push(LoggedIn{parameters});
}

void Connection::answer_login(const LoginAnswer& answer, Time now) {
  answer_question(LoginQuestion::Kind::place, answer, now);
}

void Connection::answer_claim(const LoginAnswer& answer, Time now) {
  answer_question(LoginQuestion::Kind::claim, answer, now);
}

void Connection::answer_question(LoginQuestion::Kind kind, const LoginAnswer& answer, Time now) {
  if (phase_ != Phase::login || open_question_ != kind) return;
  open_question_.reset();
  on_login_step(negotiator_.on_answer(answer), now);
  parse(now);
}

// ---- answers of the driver in full feature phase

void Connection::answer_targets(const std::vector<TargetRecord>& targets, Time) {
  if (logged_in()) session_->answer_targets(targets);
}

void Connection::complete(TaskId task, const Outcome& outcome, Time now) {
  if (!logged_in()) return;
  session_->complete(task, outcome);
  advance_drop(now);
}

void Connection::complete_management(ManagementId id, TaskResponse response, Time now) {
  if (!logged_in()) return;
  session_->complete_management(id, response);
  advance_drop(now);
}

void Connection::abort_undelivered(Time now) {
  if (!logged_in()) return;
  session_->abort_undelivered();
  advance_drop(now);
}

// The host closes: libiscsi takes a FIN of ours that comes before it comes back for the end of all.
void Connection::finish_logout(Time now) {
  if (logged_in() && session_->finish_logout()) end(EndReason::logged_out, "", Closing::by_peer, now);
}

// ---- leaving

void Connection::begin_drop(Time now) {
  if (phase_ == Phase::login) return close(EndReason::dropped, "before full feature phase", now);
  if (phase_ == Phase::ended || drop_ != Drop::none || session_->logging_out()) return;
  drop_ = Drop::finishing;
  drop_deadline_ = now + limits_.drop_timeout;
  logout_deadline_.reset();
  session_->close_window();
  advance_drop(now);
}

bool Connection::quiet() const { return drop_ == Drop::quiet; }

void Connection::advance_drop(Time now) {
  if (drop_ != Drop::finishing || !logged_in() || session_->logging_out() || !session_->idle()) return;
  if (session_->acknowledged()) {
    drop_ = Drop::quiet;
    drop_deadline_.reset();
    events_.push(Quiet{});
  } else if (!session_->ping_outstanding() && asked_for_ != outbox_.next_stat_sn()) {
    asked_for_ = outbox_.next_stat_sn();  // once for each status; then the idle pings ask again
    send_ping(now);
  }
}

// Write data or acknowledgements did not come. What SCSI has not seen is repeated by the initiator, like all that it
// sent after the window was closed; what SCSI has is waited for.
void Connection::give_up_drop(Time now) {
  drop_deadline_.reset();
  if (session_->logging_out()) return;
  session_->forget_gathering();
  if (!session_->idle()) {
    drop_deadline_ = now + limits_.drop_timeout;
    return;
  }
  drop_ = Drop::quiet;
  events_.push(Quiet{});
}

void Connection::send_drop_event(Time now) {
  if (!logged_in()) return;
  session_->send_async(AsyncEvent::connection_dropped, session_->parameters().cid, 0, 0);
  end(EndReason::dropped, "", Closing::half_close, now);
}

void Connection::send_drop_and_logout_events(Duration within, Time now) {
  if (!logged_in() || drop_ != Drop::quiet || session_->logging_out()) return;
  drop_ = Drop::logging_out;
  session_->send_async(AsyncEvent::connection_dropped, session_->parameters().cid, 0, 0);
  session_->send_async(AsyncEvent::logout_requested, 0, 0, whole_seconds(within));
  logout_deadline_ = now + within;
}

void Connection::request_logout(Duration within, Time now) {
  if (!logged_in() || drop_ != Drop::none || session_->logging_out()) return;
  session_->send_async(AsyncEvent::logout_requested, 0, 0, whole_seconds(within));
  logout_deadline_ = now + within;
}

void Connection::on_no_logout(Time now) {
  if (drop_ == Drop::none) return begin_drop(now);
  if (!session_->logging_out()) end(EndReason::dropped, "no logout", Closing::half_close, now);
}

void Connection::close(EndReason reason, std::string detail, Time now) {
  if (phase_ != Phase::ended) end(reason, std::move(detail), Closing::close, now);
}

void Connection::end(EndReason reason, std::string detail, Closing how, Time now) {
  if (phase_ == Phase::ended) return;
  log_.info("connection_ended reason={} detail={} initiator={} target={}", to_string(reason), quoted(detail),
            quoted(negotiator_.initiator_name()), quoted(negotiator_.target_name()));
  phase_ = Phase::ended;
  closing_ = how;
  open_question_.reset();
  logout_deadline_.reset();
  drop_deadline_.reset();
  if (how == Closing::by_peer) linger_deadline_ = now + limits_.logout_linger;
  if (how == Closing::half_close) linger_deadline_ = now + limits_.linger;
  events_.clear();
  events_.push(Ended{reason, std::move(detail)});
}

// ---- time

std::optional<Time> Connection::keep_alive_deadline() const {
  if (!logged_in() || logout_deadline_ || session_->logging_out()) return std::nullopt;
  if (session_->ping_outstanding()) return std::max({heard_, pinged_, progressed_}) + limits_.ping_timeout;
  return heard_ +
         (open_tasks() == 0 ? limits_.ping_interval : std::min(limits_.ping_interval, limits_.waiting_ping_interval));
}

std::optional<Time> Connection::discovery_deadline() const {
  return in_discovery() ? std::optional(asked_ + limits_.discovery_idle) : std::nullopt;
}

std::optional<Time> Connection::hole_deadline() const {
  if (!logged_in() || !session_->hole_since()) return std::nullopt;
  return *session_->hole_since() + limits_.hole_timeout;
}

std::optional<Time> Connection::deadline() const {
  std::optional<Time> earliest;
  const auto consider = [&](const std::optional<Time>& time) {
    if (time && (!earliest || *time < *earliest)) earliest = time;
  };
  if (phase_ == Phase::login) consider(login_deadline_);
  consider(keep_alive_deadline());
  consider(discovery_deadline());
  consider(hole_deadline());
  consider(logout_deadline_);
  consider(drop_deadline_);
  if (closing_ == Closing::by_peer || closing_ == Closing::half_close) consider(linger_deadline_);
  return earliest;
}

void Connection::on_deadline(Time now) {
  stop_lingering(now);
  if (phase_ == Phase::login && now >= login_deadline_) {
    // Whoever waits for our answer gets one: a close without it would cost the host 15 s.
    if (open_question_) outbox_.answer(refusal_of(*login_request_, LoginStatus::service_unavailable, {}));
    end(EndReason::login_timeout, "", open_question_ ? Closing::half_close : Closing::close, now);
  }
  if (logout_deadline_ && now >= *logout_deadline_) {
    logout_deadline_.reset();
    on_no_logout(now);
  }
  if (drop_deadline_ && now >= *drop_deadline_) give_up_drop(now);
  if (const auto due = discovery_deadline(); due && now >= *due) end(EndReason::idle, "", Closing::close, now);
  if (const auto due = hole_deadline(); due && now >= *due) {
    end(EndReason::protocol_error, "a command is missing", Closing::close, now);
  }
  keep_alive(now);
}

void Connection::stop_lingering(Time now) {
  if (closing_ == Closing::by_peer && now >= *linger_deadline_) {
    closing_ = Closing::half_close;
    linger_deadline_ = now + limits_.linger;
  } else if (closing_ == Closing::half_close && now >= *linger_deadline_) {
    closing_ = Closing::close;
  }
}

void Connection::keep_alive(Time now) {
  const std::optional<Time> due = keep_alive_deadline();
  if (!due || now < *due) return;
  if (session_->ping_outstanding()) return end(EndReason::ping_timeout, "", Closing::close, now);
  send_ping(now);
}

void Connection::send_ping(Time now) {
  ping_at_ = transmitted_ + outbox_.size();
  session_->send_ping();
  pinged_ = now;
}

}  // namespace shoal::iscsi

#include "routing/peer_link.h"

#include <utility>

namespace shoal::routing {
namespace {

std::uint64_t stamp_of(Time time) { return static_cast<std::uint64_t>(time.time_since_epoch().count()); }
Time time_of(std::uint64_t stamp) { return Time(Duration(static_cast<Duration::rep>(stamp))); }

}  // namespace

PeerLink::PeerLink(Runtime& runtime, std::unique_ptr<Stream> stream, User& user, Duration silence)
    : runtime_(runtime), stream_(std::move(stream)), user_(user), silence_(silence) {}

void PeerLink::start() { read(); }

void PeerLink::set_up() {
  up_ = true;
  fresh_ = written_at_;  // what proves the peer answers what we sent then
  framer_.set_authenticated();
}

void PeerLink::read() {
  stream_->read_some(framer_.room(), [this](Result<std::size_t, NetError> result) { on_read(result); });
}

void PeerLink::on_read(Result<std::size_t, NetError> result) {
  const auto keep = shared_from_this();
  if (!result) return fail(to_string(result.error()));
  received_bytes_ += *result;
  framer_.received(*result);
  in_pass_ = true;
  parse();
  in_pass_ = false;
  if (closed_) return;
  flush();
  if (last_words_.empty()) read();
}

void PeerLink::parse() {
  while (!closed_ && last_words_.empty()) {
    const auto framed = framer_.next();
    if (std::holds_alternative<PageFramer::NeedMore>(framed)) return;
    if (const auto* fault = std::get_if<FrameFault>(&framed))
      return fail(std::string("protocol: ") + to_string(*fault));
    now_ = runtime_.now();  // of each frame: a process may be stopped between two of them
    if (up_ && now_ - fresh_ > silence_) return fail("silent, or this member stood still: unread bytes discarded");
    on_frame(std::get<Frame>(framed));
  }
}

void PeerLink::on_frame(const Frame& frame) {
  if (frame.type != FrameType::ping && frame.type != FrameType::pong) return user_.on_frame(frame);
  const auto message = decode(frame);
  if (!message) return fail(std::string("protocol: ") + to_string(message.error()));
  if (const auto* ping = std::get_if<Ping>(&*message)) {
    outbox_.put(Message(Pong{ping->stamp}));
  } else {
    on_pong(time_of(std::get<Pong>(*message).stamp));
  }
}

void PeerLink::on_pong(Time stamp) {
  if (stamp > now_ || stamp < fresh_) return;  // not one of ours
  fresh_ = stamp;
  rtt_ = now_ - stamp;
}

void PeerLink::send() {
  if (closed_ || in_pass_ || writing_ || posted_) return;
  posted_ = true;
  runtime_.post([weak = weak_from_this()] {
    if (const auto link = weak.lock()) {
      link->posted_ = false;
      link->flush();
    }
  });
}

void PeerLink::flush() {
  if (closed_ || writing_ || outbox_.empty()) return;
  writing_ = true;
  written_at_ = runtime_.now();
  writing_bytes_ = outbox_.bytes();
  sent_bytes_ += writing_bytes_;
  stream_->write(outbox_.take(), [this](Result<void, NetError> result) {
    const auto keep = shared_from_this();
    writing_ = false;
    writing_bytes_ = 0;
    if (!result) return fail(to_string(result.error()));
    if (!last_words_.empty() && outbox_.empty()) return fail(std::move(last_words_));
    flush();
  });
}

void PeerLink::tick(Time now) {
  if (closed_ || !up_) return;
  if (now - fresh_ > silence_) return fail("silent");
  outbox_.put(Message(Ping{stamp_of(now)}));
  flush();
}

void PeerLink::fail(std::string reason) {
  if (closed_) return;
  close();
  user_.on_end(reason);
}

void PeerLink::fail_when_sent(std::string reason) {
  if (outbox_.empty() && !writing_) return fail(std::move(reason));
  last_words_ = std::move(reason);
  send();
}

void PeerLink::close() {
  if (closed_) return;
  closed_ = true;
  stream_->close();
  runtime_.post([keep = shared_from_this()] {});  // the stream is not destroyed from inside one of its completions
}

}  // namespace shoal::routing

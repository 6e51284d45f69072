#include "test/sim/group/plain_initiator.h"

#include <utility>

namespace shoal::sim {

PlainInitiator::PlainInitiator(Host& host, SessionName name, std::function<void(std::string)> complain)
    : host_(host), name_(std::move(name)), complain_(std::move(complain)), buffer_(64 * 1024) {}

PlainInitiator::~PlainInitiator() = default;

// ---- the connection

void PlainInitiator::log_in(const Endpoint& portal) {
  leave();
  state_ = State::connecting;
  portal_ = portal;
  host_.runtime().connect(portal, 5s, [this, attempt = attempt_](auto result) {
    if (attempt != attempt_) return;
    result ? on_connected(std::move(*result)) : leave();
  });
}

void PlainInitiator::leave() {
  ++attempt_;
  state_ = State::lost;
  stream_.reset();
  session_.reset();
}

void PlainInitiator::on_connected(std::unique_ptr<Stream> stream) {
  stream_ = std::move(stream);
  session_ = std::make_unique<InitiatorSession>(name_);
  writing_ = false;
  send();
  read_on();
}

void PlainInitiator::read_on() {
  stream_->read_some(buffer_, [this](auto result) { result ? on_bytes(*result) : leave(); });
}

void PlainInitiator::on_bytes(std::size_t count) {
  const std::uint64_t attempt = attempt_;
  for (auto& event : session_->receive(Slice::copy_of(ByteSpan(buffer_).first(count)))) {
    std::visit([this](const auto& each) { on(each); }, event);
    if (attempt != attempt_) return;  // the event has ended this connection
  }
  send();
  read_on();
}

void PlainInitiator::send() {
  if (writing_ || !stream_) return;
  Slices out = session_->take();
  if (out.empty()) return;
  writing_ = true;
  stream_->write(std::move(out), [this](auto result) {
    writing_ = false;
    if (result) send();  // a failed write is followed by a failed read
  });
}

void PlainInitiator::on(const TargetBroke& event) {
  complain_(host_.name() + ": the target broke a rule: " + event.rule);
  leave();
}

// ---- commands

std::uint64_t PlainInitiator::start(SessionCommand command) {
  command.id = next_command_++;
  const std::uint64_t id = command.id;
  if (session_) session_->submit(std::move(command));
  send();
  return id;
}

void PlainInitiator::abort(std::uint64_t id) {
  if (session_ && session_->abort(id)) send();
}

void PlainInitiator::reset_unit() {
  if (session_) session_->reset_unit();
  send();
}

}  // namespace shoal::sim

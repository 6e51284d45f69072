#include "test/sim/group/sim_initiator.h"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace shoal::sim {
namespace {

constexpr std::uint32_t kUnitBlocks = kStampBytes / kBlockBytes;  // SCSI blocks in one stamped block
constexpr Duration kPingInterval = 5s, kPingTimeout = 5s, kLoginTimeout = 15s, kConnectTimeout = 10s;

constexpr std::uint64_t kOtherIsid = 0x100;  // to be added

constexpr unsigned kUnmapListBytes = 24;

constexpr std::uint8_t kMiscompare = 0x0e;  // sense key

iscsi::Cdb synchronize_cache() { return test::cdb({0x35}); }

iscsi::Cdb compare_and_write(const Counter& counter) {
  iscsi::Cdb cdb = test::cdb_with_lba(0x89, counter.first.value, 0);
  cdb[13] = static_cast<std::byte>(counter.blocks);
  return cdb;
}

}  // namespace

SimInitiator::SimInitiator(Host& host, SessionName name, std::uint64_t writer, std::vector<Endpoint> portals,
                           Checkers& checkers)
    : host_(host),
      name_(std::move(name)),
      writer_(writer),
      portals_(std::move(portals)),
      checkers_(checkers),
      portal_(writer % portals_.size()),
      buffer_(64 * 1024) {}

SimInitiator::~SimInitiator() = default;

void SimInitiator::start() { connect(portals_[portal_]); }

void SimInitiator::complain(const std::string& what) { checkers_.complain(host_.name() + ": " + what); }

// ---- the connection

void SimInitiator::connect(const Endpoint& to) {
  timer_.reset();
  host_.runtime().connect(to, kConnectTimeout, [this, attempt = ++attempt_](auto result) {
    if (attempt != attempt_) return;
    if (result) return on_connected(std::move(*result));
    portal_ = (portal_ + 1) % portals_.size();  // another fabric of the same group
    lost(kRefused, "no connection");
  });
}

void SimInitiator::on_connected(std::unique_ptr<Stream> stream) {
  stream_ = std::move(stream);
  session_ = std::make_unique<InitiatorSession>(name_);
  come_back_ = kTime2Wait;
  writing_ = false;
  timer_ = host_.runtime().after(kLoginTimeout, [this] { lost(kTime2Wait, "login timed out"); });
  send();
  read_on();
}

void SimInitiator::read_on() {
  stream_->read_some(buffer_, [this](auto result) { result ? on_bytes(*result) : lost(come_back_, "closed"); });
}

void SimInitiator::on_bytes(std::size_t count) {
  heard_ = host_.runtime().now();
  const std::uint64_t attempt = attempt_;
  for (auto& event : session_->receive(Slice::copy_of(ByteSpan(buffer_).first(count)))) {
    std::visit([this](const auto& each) { on(each); }, event);
    if (attempt != attempt_ || !stream_) return;  // the event has ended this connection
  }
  send();
  read_on();
}

void SimInitiator::send() {
  if (writing_ || !stream_) return;
  Slices out = session_->take();
  if (out.empty()) return;
  writing_ = true;
  stream_->write(std::move(out), [this](auto result) {
    writing_ = false;
    if (result) send();  // a failed write is followed by a failed read, which ends the connection
  });
}

void SimInitiator::lost(Duration wait, const char* why) {
  host_.world().trace().add_text(host_.world().now(), host_.name(), fmt::format("lost {}", why));
  ++attempt_;
  stream_.reset();
  session_.reset();
  for (auto& [id, request] : requests_) request.losses += request.sent;
  timer_ = host_.runtime().after(wait, [this] { connect(portals_[portal_]); });
}

void SimInitiator::come_back(Duration wait, const Endpoint& portal, bool other_nexus) {
  name_.isid += other_nexus ? kOtherIsid : 0;
  portals_ = {portal};
  portal_ = 0;
  lost(wait, "given up");
}

// open-iscsi's noop interval and timeout: both count from the last byte that was heard.
void SimInitiator::watch_silence() {
  const Duration silent = host_.runtime().now() - heard_;
  if (silent >= kPingInterval) return ask_for_life();
  timer_ = host_.runtime().after(kPingInterval - silent, [this] { watch_silence(); });
}

void SimInitiator::ask_for_life() {
  session_->ping();
  send();
  timer_ = host_.runtime().after(kPingTimeout, [this, asked = host_.runtime().now()] {
    heard_ >= asked ? watch_silence() : lost(kTime2Wait, "ping timed out");
  });
}

// ---- the session

void SimInitiator::on(const LoggedIn&) {
  ++logins_;
  host_.world().trace().add_text(host_.world().now(), host_.name(), "logged in at " + stream_->peer().to_string());
  watch_silence();
  std::vector<Done> failed;
  for (auto at = requests_.begin(); at != requests_.end();) {
    auto& [id, request] = *at;
    if (request.losses > kMostLosses) {
      failed.push_back(std::move(request.done));
      at = requests_.erase(at);
      continue;
    }
    attempt(id, request);
    ++at;
  }
  for (Done& done : failed) host_.runtime().post([done = std::move(done)]() mutable { done(false); });
}

void SimInitiator::on(const Redirected& event) {
  ++redirects_;
  ++attempt_;
  stream_.reset();
  session_.reset();
  connect(event.to);
}

void SimInitiator::on(const LoginRefused& event) {
  lost(kTime2Wait, fmt::format("refused {:04x}", static_cast<unsigned>(event.status)).c_str());
}

void SimInitiator::on(const TargetBroke& event) {
  complain("the target broke a rule: " + event.rule);
  lost(kTime2Wait, "protocol");
}

void SimInitiator::on(const CommandEnded& event) {
  const auto found = requests_.find(event.id);
  if (found == requests_.end()) return complain("a command was answered twice");
  Request request = std::move(found->second);
  requests_.erase(found);
  if (request.kind == Kind::look || request.kind == Kind::raise) return end_counting(std::move(request), event);
  event.status == 0 ? acknowledge(request, event.data) : give_up(request, request.operation);
  request.done(event.status == 0);
}

void SimInitiator::on(const CommandAborted& event) {
  const auto found = requests_.find(event.id);
  if (found == requests_.end()) return complain("a command was aborted after its answer");
  Request request = std::move(found->second);
  requests_.erase(found);
  give_up(request, request.operation);
  request.done(false);
}

void SimInitiator::abort_oldest() {
  if (!logged_in()) return;
  for (auto& [id, request] : requests_) {
    if (!request.sent || request.aborting || !session_->abort(id)) continue;
    request.aborting = true;
    return send();
  }
}

// ---- requests

void SimInitiator::write(std::uint64_t first_block, std::uint32_t blocks, Done done) {
  add({.kind = Kind::write, .first = first_block, .blocks = blocks, .done = std::move(done)});
}
void SimInitiator::read(std::uint64_t first_block, std::uint32_t blocks, Done done) {
  add({.kind = Kind::read, .first = first_block, .blocks = blocks, .done = std::move(done)});
}
void SimInitiator::unmap(std::uint64_t first_block, std::uint32_t blocks, Done done) {
  add({.kind = Kind::unmap, .first = first_block, .blocks = blocks, .done = std::move(done)});
}
void SimInitiator::flush(Done done) { add({.kind = Kind::flush, .done = std::move(done)}); }
void SimInitiator::look(const Counter& counter, Done done) {
  add({.kind = Kind::look, .done = std::move(done), .counter = counter});
}
void SimInitiator::increment(const Counter& counter, Done done) {
  add({.kind = Kind::look, .done = std::move(done), .counter = counter, .then_raise = true});
}

void SimInitiator::add(Request request) {
  const std::uint64_t id = next_request_++;
  Request& added = requests_.emplace(id, std::move(request)).first->second;
  if (!logged_in()) return;
  attempt(id, added);
  send();
}

Stamp SimInitiator::stamp(const Request& request, std::uint64_t operation, std::uint32_t block) const {
  return {request.first + block, writer_, operation};
}

void SimInitiator::attempt(std::uint64_t id, Request& request) {
  request.sent = true;
  request.aborting = false;
  request.begin = checkers_.blocks.next_moment();
  SessionCommand command;
  switch (request.kind) {
    case Kind::read:
      command.cdb = test::read16(request.first * kUnitBlocks, request.blocks * kUnitBlocks);
      command.read_bytes = request.blocks * kStampBytes;
      break;
    case Kind::flush: command.cdb = synchronize_cache(); break;
    case Kind::write: command = begin_write(request); break;
    case Kind::unmap: command = begin_unmap(request); break;
    case Kind::look:
      command.cdb = test::read16(request.counter.first.value, request.counter.blocks);
      command.read_bytes = request.counter.blocks * kBlockBytes;
      break;
    case Kind::raise: command = begin_raise(request); break;
  }
  command.id = id;
  session_->submit(std::move(command));
}

void SimInitiator::begin_attempt(Request& request) {
  if (request.operation != 0) request.older_operations.push_back(request.operation);
  request.operation = next_operation_++;
}

// SBC-3 5.28: one descriptor.
SessionCommand SimInitiator::begin_unmap(Request& request) {
  begin_attempt(request);
  SessionCommand command{.cdb = test::cdb({0x42, 0, 0, 0, 0, 0, 0, 0, kUnmapListBytes})};
  command.data.resize(kUnmapListBytes);
  const MutableByteSpan list = std::as_writable_bytes(std::span(command.data));
  store_be<std::uint16_t>(list, 0, kUnmapListBytes - 2);
  store_be<std::uint16_t>(list, 2, kUnmapListBytes - 8);
  store_be<std::uint64_t>(list, 8, request.first * kUnitBlocks);
  store_be<std::uint32_t>(list, 16, request.blocks * kUnitBlocks);
  for (std::uint32_t i = 0; i < request.blocks; ++i) {
    checkers_.blocks.unmap_begins(stamp(request, request.operation, i));
  }
  return command;
}

SessionCommand SimInitiator::begin_write(Request& request) {
  begin_attempt(request);
  SessionCommand command{.cdb = test::write16(request.first * kUnitBlocks, request.blocks * kUnitBlocks)};
  command.data.resize(request.blocks * kStampBytes);
  for (std::uint32_t i = 0; i < request.blocks; ++i) {
    checkers_.blocks.write_begins(stamp(request, request.operation, i));
    write_stamp(std::as_writable_bytes(std::span(command.data)).subspan(i * kStampBytes, kStampBytes),
                stamp(request, request.operation, i));
  }
  return command;
}

void SimInitiator::give_up(const Request& request, std::uint64_t operation) {
  if (!changes(request)) return;
  for (std::uint32_t i = 0; i < request.blocks; ++i) checkers_.blocks.write_given_up(stamp(request, operation, i));
}

// The owners of these blocks have done something for this session, so nothing of an older one touches them any more.
// (At the login that is not yet sure: an owner that was out of reach then learns it before anything else of this
// session.)
void SimInitiator::acknowledge(const Request& request, const std::string& data) {
  for (const std::uint64_t operation : request.older_operations) give_up(request, operation);
  for (std::uint32_t i = 0; i < request.blocks; ++i) {
    if (changes(request)) {
      checkers_.blocks.write_acknowledged(stamp(request, request.operation, i));
      continue;
    }
    const auto content = as_bytes(data).subspan(i * kStampBytes, kStampBytes);
    if (const auto wrong = checkers_.blocks.read_ends(request.first + i, request.begin, content)) complain(*wrong);
  }
  if (request.kind != Kind::flush) return;
  if (const auto wrong = checkers_.flushes.flush_acknowledged(request.begin)) complain(*wrong);
}

// ---- counters

CounterValue SimInitiator::raised(const Request& request) const {
  std::uint64_t count = 0;  // its blocks may differ: others overlap it, and it may be half written
  for (const CounterValue& before : request.before) count = std::max(count, before.count);
  return {count + 1, writer_, request.operation};
}

// Every attempt has a value of its own; one that was lost with its session has an unknown outcome.
SessionCommand SimInitiator::begin_raise(Request& request) {
  request.operation = next_operation_++;
  SessionCommand command{.cdb = compare_and_write(request.counter)};
  for (const CounterValue& before : request.before) command.data += to_blocks(before, 1);
  command.data += to_blocks(raised(request), request.counter.blocks);
  checkers_.counters.begins(request.counter, request.before, raised(request));
  return command;
}

void SimInitiator::end_counting(Request request, const CommandEnded& event) {
  const bool good = event.status == 0, refused = event.sense_key == kMiscompare;
  if (request.kind == Kind::raise) {
    if (good) checkers_.counters.acknowledged(request.counter, raised(request));
    if (refused) checkers_.counters.refused(request.counter, raised(request));
    return request.done(good || refused);
  }
  if (!good) return request.done(false);
  const auto found = to_values(event.data);
  if (const auto wrong = checkers_.counters.read(request.counter, found)) complain(*wrong);
  if (!request.then_raise) return request.done(true);
  add({.kind = Kind::raise, .done = std::move(request.done), .counter = request.counter, .before = found});
}

}  // namespace shoal::sim

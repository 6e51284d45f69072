#include "test/sim/socket.h"

#include <algorithm>

#include "target/base/check.h"
#include "target/base/crc32c.h"
#include "test/sim/host.h"
#include "test/sim/network.h"
#include "test/sim/world.h"

namespace shoal::sim {

Socket::Socket(World& world, std::uint64_t number, Host& host, Host& peer_host, Endpoint local, Endpoint peer)
    : world_(world),
      number_(number),
      host_(host),
      peer_host_(peer_host),
      process_(host.process()),
      local_(std::move(local)),
      peer_(std::move(peer)) {}

void Socket::join(const std::shared_ptr<Socket>& a, const std::shared_ptr<Socket>& b) {
  a->other_ = b;
  b->other_ = a;
}

// ---- the process reads

void Socket::read(MutableByteSpan into, ReadDone done) {
  CHECK(!read_done_ && !closed_ && !into.empty(), number_, into.size());
  into_ = into;
  read_done_ = std::move(done);
  offer_read();
}

void Socket::offer_read() {
  const bool ready = received_bytes_ != 0 || fin_received_ || reset_;
  if (!ready || !read_done_ || read_offered_) return;
  read_offered_ = true;
  host_.post([self = shared_from_this()] { self->finish_read(); });
}

void Socket::finish_read() {
  read_offered_ = false;
  if (!read_done_ || closed_) return;
  ReadDone done = std::move(read_done_);
  if (received_bytes_ == 0) return done(NetError::closed);
  std::size_t most = std::min(into_.size(), received_bytes_);
  if (world_.network().random().below(8) == 0) most = 1 + world_.network().random().below(most);  // as TCP may
  std::size_t got = 0;
  while (got < most) {
    Slice& front = received_.front();
    const std::size_t take = std::min(front.size(), most - got);
    std::copy_n(front.bytes().begin(), take, into_.begin() + static_cast<std::ptrdiff_t>(got));
    got += take;
    front = front.sub(take, front.size() - take);
    if (front.empty()) received_.pop_front();
  }
  received_bytes_ -= got;
  if (auto other = other_.lock()) other->pump();  // the window has opened
  done(got);
}

// ---- the process writes

void Socket::write(Slices data, WriteDone done) {
  CHECK(!write_done_ && !closed_ && !fin_wanted_, number_);
  write_done_ = std::move(done);
  to_write_ = std::move(data);
  if (reset_) return finish_write(NetError::closed);
  fill_send_buffer();
}

void Socket::fill_send_buffer() {
  const std::size_t limit = world_.network().conditions().send_buffer;
  std::size_t left = total_size(to_write_);
  const std::size_t used = unsent_bytes_ + in_flight_bytes_ + unacknowledged_;
  std::size_t room = limit > used ? limit - used : 0;
  if (left != 0 && room != 0) {
    const std::size_t take = std::min(left, room);
    for (Slice& slice : sub_slices(to_write_, 0, take)) {
      // A copy, as the kernel makes one: the writer may use its memory again.
      if (!slice.empty()) unsent_.push_back(Slice::copy_of(slice.bytes()));
    }
    unsent_bytes_ += take;
    to_write_ = sub_slices(to_write_, take, left - take);
    left -= take;
  }
  if (write_done_ && left == 0) finish_write({});
  pump();
}

void Socket::finish_write(Result<void, NetError> result) {
  to_write_.clear();
  host_.post([self = shared_from_this(), result, done = std::move(write_done_)]() mutable {
    if (!self->closed_) done(result);
  });
  write_done_ = {};
}

void Socket::shutdown_send() {
  if (closed_ || reset_) return;
  fin_wanted_ = true;
  pump();
}

// Linux: a close with unread data is a reset; otherwise what was written is still delivered, then FIN.
void Socket::close() {
  if (closed_) return;
  closed_ = true;
  read_done_ = {};
  write_done_ = {};
  to_write_.clear();
  if (gone_) return;
  if (received_bytes_ != 0) return send_reset();
  fin_wanted_ = true;
  pump();
}

// ---- the kernel sends

std::size_t Socket::window() const {
  const auto other = other_.lock();
  const std::size_t limit = world_.network().conditions().receive_buffer;
  const std::size_t used = in_flight_bytes_ + (other && !other->closed_ ? other->received_bytes_ : 0);
  return limit > used ? limit - used : 0;
}

void Socket::pump() {
  if (gone_ || stalled_) return;
  const bool data_waits = unsent_bytes_ != 0;
  if (data_waits && window() != 0) {
    const std::size_t size = std::min(unsent_bytes_, window());
    Slices all(unsent_.begin(), unsent_.end());
    const Slices rest = sub_slices(all, size, unsent_bytes_ - size);
    unsent_.assign(rest.begin(), rest.end());
    unsent_bytes_ -= size;
    send({flatten(sub_slices(all, 0, size))});
  }
  if (unsent_bytes_ == 0 && total_size(to_write_) == 0 && fin_wanted_ && !fin_sent_) {
    fin_sent_ = true;
    send({{}, true});
  }
}

void Socket::send(Segment segment) {
  in_flight_bytes_ += segment.data.size();
  in_flight_.push_back(std::move(segment));
  last_arrival_ = std::max(last_arrival_, world_.now() + world_.network().draw_latency());
  world_.at(last_arrival_, [self = shared_from_this(), attempt = attempt_] { self->on_arrival(attempt); });
}

void Socket::on_arrival(std::uint64_t attempt) {
  if (attempt != attempt_ || gone_ || in_flight_.empty()) return;
  if (!world_.network().open(host_, peer_host_)) return stall();
  Segment segment = std::move(in_flight_.front());
  in_flight_.pop_front();
  const std::size_t size = segment.data.size();
  in_flight_bytes_ -= size;
  unacknowledged_ += size;
  world_.note(&peer_host_, segment.fin ? "fin" : "arrive", number_,
              std::uint64_t{crc32c(segment.data.bytes())} << 32 | size);
  const auto other = other_.lock();
  if (!other || other->gone_) return on_reset();  // nobody knows this connection there
  other->receive(std::move(segment));
  if (world_.network().open(peer_host_, host_)) acknowledged(unacknowledged_);
  forget_when_done();
}

void Socket::acknowledged(std::size_t bytes) {
  unacknowledged_ -= bytes;
  if (write_done_ || total_size(to_write_) != 0) fill_send_buffer();
  pump();
}

void Socket::stall() {
  ++attempt_;
  stalled_ = true;
}

void Socket::path_changed() {
  if (gone_ || !world_.network().open(host_, peer_host_)) return;
  const Duration most = world_.network().conditions().longest_retransmission;
  const Duration delay(static_cast<Duration::rep>(world_.network().random().below(most.count() + 1)));
  world_.after(delay, [self = shared_from_this()] {
    if (self->gone_ || !self->world_.network().open(self->host_, self->peer_host_)) return;
    if (self->world_.network().open(self->peer_host_, self->host_)) self->acknowledged(self->unacknowledged_);
    if (!std::exchange(self->stalled_, false)) return;
    std::deque<Segment> again = std::exchange(self->in_flight_, {});
    self->in_flight_bytes_ = 0;
    for (Segment& segment : again) self->send(std::move(segment));
    self->pump();
  });
}

// ---- the kernel receives

void Socket::receive(Segment segment) {
  if (closed_ && !segment.data.empty()) return send_reset();
  if (segment.fin) fin_received_ = true;
  if (!segment.data.empty()) {
    received_bytes_ += segment.data.size();
    received_.push_back(std::move(segment.data));
  }
  offer_read();
  forget_when_done();
}

void Socket::send_reset() {
  gone_ = true;
  const Time at = std::max(last_arrival_, world_.now() + world_.network().draw_latency());
  world_.at(at, [self = shared_from_this()] {
    const auto other = self->other_.lock();
    if (other && self->world_.network().open(self->host_, self->peer_host_)) other->on_reset();
  });
  world_.network().forget(number_);
}

void Socket::on_reset() {
  if (gone_) return;
  world_.note(&host_, "reset", number_);
  gone_ = reset_ = true;
  unsent_.clear();
  in_flight_.clear();
  unsent_bytes_ = in_flight_bytes_ = 0;
  // What was received and not yet read may be lost with the connection, or not.
  if (world_.network().random().below(2) == 0) {
    received_.clear();
    received_bytes_ = 0;
  }
  if (write_done_) finish_write(NetError::closed);
  offer_read();
  world_.network().forget(number_);
}

void Socket::vanish() {
  closed_ = gone_ = true;
  read_done_ = {};
  write_done_ = {};
  world_.network().forget(number_);
}

void Socket::break_off() {
  if (auto other = other_.lock()) other->on_reset();
  on_reset();
}

void Socket::end_here() {
  if (gone_) return;
  world_.note(&host_, "reset", number_);
  reset_ = true;
  received_.clear();
  received_bytes_ = 0;
  if (write_done_) finish_write(NetError::closed);
  offer_read();
}

void Socket::forget_when_done() {
  if (closed_ && fin_delivered() && fin_received_) world_.network().forget(number_);
}

}  // namespace shoal::sim

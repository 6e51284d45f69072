// Socket: the kernel's end of one simulated connection. It outlives the Stream of the process: what was written before
// the close is still delivered. Two sockets, one at each host, make a connection.
#pragma once

#include <cstdint>
#include <deque>
#include <memory>
#include <optional>

#include "target/runtime/runtime.h"

namespace shoal::sim {

class Host;
class Network;
class World;

class Socket : public std::enable_shared_from_this<Socket> {
 public:
  using ReadDone = Completion<Result<std::size_t, NetError>>;
  using WriteDone = Completion<Result<void, NetError>>;

  Socket(World& world, std::uint64_t number, Host& host, Host& peer_host, Endpoint local, Endpoint peer);
  static void join(const std::shared_ptr<Socket>& a, const std::shared_ptr<Socket>& b);

  std::uint64_t number() const { return number_; }
  Host& host() const { return host_; }
  Host& peer_host() const { return peer_host_; }
  std::uint64_t process() const { return process_; }
  const Endpoint& local() const { return local_; }
  const Endpoint& peer() const { return peer_; }

  // The process' side.
  void read(MutableByteSpan into, ReadDone done);
  void write(Slices data, WriteDone done);
  std::size_t unwritten_bytes() const { return total_size(to_write_); }
  void shutdown_send();
  void close();

  // The kernel's side.
  void vanish();        // power lost: no state and no word
  void break_off();     // a reset, to both ends
  void end_here();      // a reset that the peer knows nothing of
  void path_changed();  // a path was healed or cut
  bool gone() const { return gone_; }
  bool closed() const { return closed_; }

 private:
  struct Segment {
    Slice data;
    bool fin = false;
  };

  void fill_send_buffer();
  void pump();
  void send(Segment segment);
  void on_arrival(std::uint64_t attempt);
  void stall();
  void receive(Segment segment);
  void acknowledged(std::size_t bytes);
  void send_reset();
  void on_reset();
  void offer_read();
  void finish_read();
  void finish_write(Result<void, NetError> result);
  std::size_t window() const;
  bool fin_delivered() const { return fin_sent_ && in_flight_.empty(); }
  void forget_when_done();

  World& world_;
  std::uint64_t number_;
  Host& host_;
  Host& peer_host_;
  std::uint64_t process_;
  Endpoint local_, peer_;
  std::weak_ptr<Socket> other_;
  bool closed_ = false;  // by the process
  bool gone_ = false;    // the kernel knows nothing of it any more
  bool reset_ = false;   // by the peer

  // Receiving.
  std::deque<Slice> received_;
  std::size_t received_bytes_ = 0;
  bool fin_received_ = false;
  MutableByteSpan into_;
  ReadDone read_done_;
  bool read_offered_ = false;

  // Sending. buffered_: bytes that wait or are on their way and not acknowledged.
  Slices to_write_;
  WriteDone write_done_;
  std::deque<Slice> unsent_;
  std::size_t unsent_bytes_ = 0, in_flight_bytes_ = 0, unacknowledged_ = 0;
  bool fin_wanted_ = false, fin_sent_ = false, stalled_ = false;
  std::deque<Segment> in_flight_;
  std::uint64_t attempt_ = 0;  // arrivals of earlier ones were lost on a cut path
  Time last_arrival_{};
};

}  // namespace shoal::sim

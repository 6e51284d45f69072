// PeerLink: one connection between two members: a stream, the framer, the outbox, and pings. Reads what is there, hands
// on every frame of it in one pass, and sends everything that was put into the outbox meanwhile in one gathered write.
//
// Freshness. Each side sends pings stamped with its own clock; a pong brings a stamp back behind everything that the
// peer had sent before it. So what is read after it was sent no earlier than fresh(), on our own clock, whatever the
// network and both loops did in between. A link whose fresh() is more than `silence` ago is closed, its unread bytes
// discarded: also when it was our own loop that stood still. The age of an operation is counted from fresh(): never
// younger than it is (ghost writes, rule (d)).
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "routing/page_message_codec.h"
#include "target/runtime/runtime.h"

namespace shoal::routing {

class PeerLink final : public std::enable_shared_from_this<PeerLink> {
 public:
  class User {
   public:
    virtual ~User() = default;
    virtual void on_frame(const Frame& frame) = 0;
    virtual void on_end(const std::string& reason) = 0;  // not after close()
  };

  PeerLink(Runtime& runtime, std::unique_ptr<Stream> stream, User& user, Duration silence);
  PeerLink(const PeerLink&) = delete;

  void start();   // reads from now on, handshake frames only
  void set_up();  // the peer has proved itself, in answer to what was sent last
  PageOutbox& outbox() { return outbox_; }
  void send();                              // what is in the outbox, after the pass that is running
  void fail(std::string reason);            // closes, and tells the user
  void fail_when_sent(std::string reason);  // the same, after the outbox; reads nothing more
  void close();                             // and calls nothing any more
  void tick(Time now);                      // pings, or finds it silent

  bool closed() const { return closed_; }
  Time fresh() const { return fresh_; }
  Time now() const { return now_; }  // when the frame at hand was handed on
  Duration rtt() const { return rtt_; }
  std::size_t unsent_bytes() const { return outbox_.bytes() + writing_bytes_; }
  std::uint64_t sent_bytes() const { return sent_bytes_; }
  std::uint64_t received_bytes() const { return received_bytes_; }
  Endpoint peer() const { return stream_->peer(); }

 private:
  void read();
  void on_read(Result<std::size_t, NetError> result);
  void parse();
  void on_frame(const Frame& frame);
  void on_pong(Time stamp);
  void flush();

  Runtime& runtime_;
  std::unique_ptr<Stream> stream_;
  User& user_;
  Duration silence_;
  PageFramer framer_;
  PageOutbox outbox_;
  bool up_ = false, closed_ = false, in_pass_ = false, writing_ = false, posted_ = false;
  std::string last_words_;  // why it fails when everything is sent; empty: it does not
  std::size_t writing_bytes_ = 0;
  Time fresh_{}, now_{}, written_at_{};
  Duration rtt_{};
  std::uint64_t sent_bytes_ = 0, received_bytes_ = 0;
};

}  // namespace shoal::routing

// SimInitiator: a host that uses one volume as open-iscsi would, in virtual time, and tells the checkers everything. It
// knows some group portals, follows redirects, pings (5 s + 5 s), comes back with the same ISID and TSIH 0 when its
// connection is lost, and sends again what was in flight, up to five times.
//
// Every attempt of a write has a stamp of its own, so that an older attempt that takes effect late is told from the
// newer one.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "test/sim/group/block_checker.h"
#include "test/sim/group/counter_checker.h"
#include "test/sim/group/flush_checker.h"
#include "test/sim/group/initiator_session.h"
#include "test/sim/world.h"

namespace shoal::sim {

struct Checkers {
  explicit Checkers(std::function<void(std::string)> complain) : complain(std::move(complain)) {}
  std::function<void(std::string)> complain;  // a violation was found
  BlockChecker blocks;
  FlushChecker flushes{blocks};
  CounterChecker counters;
};

class SimInitiator {
 public:
  using Done = Completion<bool>;  // true: GOOD
  static constexpr unsigned kMostLosses = 5;

  // writer: its number in stamps.
  SimInitiator(Host& host, SessionName name, std::uint64_t writer, std::vector<Endpoint> portals, Checkers& checkers);
  ~SimInitiator();

  void start();
  void write(std::uint64_t first_block, std::uint32_t blocks, Done done);
  void read(std::uint64_t first_block, std::uint32_t blocks, Done done);
  void unmap(std::uint64_t first_block, std::uint32_t blocks, Done done);
  void flush(Done done);
  void look(const Counter& counter, Done done);
  // Reads the counter, then compares and writes. GOOD, or MISCOMPARE: somebody else was faster.
  void increment(const Counter& counter, Done done);
  // Gives its session up and logs in there, after `wait`, as another nexus of the same host or as the one that it was.
  void come_back(Duration wait, const Endpoint& portal, bool other_nexus);
  void abort_oldest();  // of what is sent and not yet being aborted: it ends not GOOD

  bool logged_in() const { return session_ && session_->logged_in(); }
  std::optional<Endpoint> logged_in_at() const { return logged_in() ? std::optional(stream_->peer()) : std::nullopt; }
  std::uint64_t logins() const { return logins_; }
  std::uint64_t redirects() const { return redirects_; }

 private:
  enum class Kind { write, unmap, read, flush, look, raise };
  struct Request {
    Kind kind;
    std::uint64_t first = 0;
    std::uint32_t blocks = 0;
    Done done;
    bool sent = false;  // on the session that is, or was last
    bool aborting = false;
    unsigned losses = 0;
    std::uint64_t operation = 0;                  // of the newest attempt
    std::vector<std::uint64_t> older_operations;  // of attempts on sessions that were lost
    Moment begin = 0;
    Counter counter{};                 // look, raise
    bool then_raise = false;           // look
    std::vector<CounterValue> before;  // raise
  };

  // The connection.
  void connect(const Endpoint& to);
  void on_connected(std::unique_ptr<Stream> stream);
  void read_on();
  void on_bytes(std::size_t count);
  void send();
  void lost(Duration wait, const char* why);
  void watch_silence();
  void ask_for_life();

  // The session.
  void on(const LoggedIn&);
  void on(const Redirected& event);
  void on(const LoginRefused& event);
  void on(const CommandEnded& event);
  void on(const CommandAborted& event);
  void on(const UnitReset&) {}
  void on(const DropAnnounced&) { come_back_ = kAtOnce; }
  void on(const PingAnswered&) {}
  void on(const TargetBroke& event);

  // Requests.
  void add(Request request);
  void attempt(std::uint64_t id, Request& request);
  void give_up(const Request& request, std::uint64_t operation);
  void acknowledge(const Request& request, const std::string& data);
  SessionCommand begin_write(Request& request);
  SessionCommand begin_unmap(Request& request);
  void begin_attempt(Request& request);
  static bool changes(const Request& request) { return request.kind == Kind::write || request.kind == Kind::unmap; }
  SessionCommand begin_raise(Request& request);
  CounterValue raised(const Request& request) const;
  void end_counting(Request request, const CommandEnded& event);
  Stamp stamp(const Request& request, std::uint64_t operation, std::uint32_t block) const;
  void complain(const std::string& what);

  static constexpr Duration kAtOnce = 10ms, kTime2Wait = 2s, kRefused = 3s;

  Host& host_;
  SessionName name_;
  std::uint64_t writer_;
  std::vector<Endpoint> portals_;
  Checkers& checkers_;

  std::size_t portal_ = 0;
  std::uint64_t attempt_ = 0;  // connections, to know what an older one brings
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<InitiatorSession> session_;
  std::vector<std::byte> buffer_;
  bool writing_ = false;
  Duration come_back_ = kTime2Wait;
  Time heard_{};
  std::unique_ptr<Timer> timer_;  // of what the connection waits for

  std::map<std::uint64_t, Request> requests_;
  std::uint64_t next_request_ = 1, next_operation_ = 1;
  std::uint64_t logins_ = 0, redirects_ = 0;
};

}  // namespace shoal::sim

// PlainInitiator: one session of a host, for tests that say themselves what is sent and when. It follows redirects.
// What was under way when the session is lost has an unknown outcome; nothing is sent again, and nobody logs in by
// himself.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "test/sim/group/initiator_session.h"
#include "test/sim/host.h"

namespace shoal::sim {

class PlainInitiator {
 public:
  enum class State { connecting, logged_in, lost };

  // `complain`: the target broke a rule.
  PlainInitiator(Host& host, SessionName name, std::function<void(std::string)> complain);
  ~PlainInitiator();

  void log_in(const Endpoint& portal);  // ends the session that there is
  void leave();                         // without a word
  State state() const { return state_; }
  const Endpoint& portal() const { return portal_; }  // where the session is

  std::uint64_t start(SessionCommand command);  // gives it an id
  void abort(std::uint64_t id);
  void reset_unit();
  bool ended(std::uint64_t id) const { return ended_.contains(id); }
  bool aborted(std::uint64_t id) const { return aborted_.contains(id); }  // and nothing of it is under way any more
  const CommandEnded& result(std::uint64_t id) const { return ended_.at(id); }
  std::uint64_t resets() const { return resets_; }  // that are complete

 private:
  void on_connected(std::unique_ptr<Stream> stream);
  void read_on();
  void on_bytes(std::size_t count);
  void send();

  void on(const LoggedIn&) { state_ = State::logged_in; }
  void on(const Redirected& event) { log_in(event.to); }
  void on(const LoginRefused&) { leave(); }
  void on(const CommandEnded& event) { ended_.emplace(event.id, event); }
  void on(const CommandAborted& event) { aborted_.insert(event.id); }
  void on(const UnitReset&) { ++resets_; }
  void on(const DropAnnounced&) {}
  void on(const PingAnswered&) {}
  void on(const TargetBroke& event);

  Host& host_;
  SessionName name_;
  std::function<void(std::string)> complain_;
  State state_ = State::lost;
  Endpoint portal_;
  std::uint64_t attempt_ = 0;  // connections, to know what an older one brings
  std::unique_ptr<Stream> stream_;
  std::unique_ptr<InitiatorSession> session_;
  std::vector<std::byte> buffer_;
  bool writing_ = false;

  std::uint64_t next_command_ = 1, resets_ = 0;
  std::map<std::uint64_t, CommandEnded> ended_;
  std::set<std::uint64_t> aborted_;
};

}  // namespace shoal::sim

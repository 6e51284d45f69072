// SessionTable: the sessions of one server, by number. A session is here from its claim of the nexus until nothing of
// it can touch data, the nexus is released and its connection is closed: longer than its connection lives.
#pragma once

#include <cstdint>
#include <map>
#include <memory>

#include "target/ports/session_registry.h"

namespace shoal::server {

class SessionDriver;

class SessionTable {
 public:
  using Sessions = std::map<std::uint64_t, std::shared_ptr<SessionDriver>>;

  std::uint64_t next_number() { return ++latest_; }
  void add(std::uint64_t number, std::shared_ptr<SessionDriver> session) { sessions_[number] = std::move(session); }
  void remove(std::uint64_t number) { sessions_.erase(number); }
  SessionDriver* find(std::uint64_t number) const {
    const auto found = sessions_.find(number);
    return found == sessions_.end() ? nullptr : found->second.get();
  }
  // The one in full feature phase that has this nexus; null: none.
  SessionDriver* serving(const NexusName& nexus) const;
  const Sessions& all() const { return sessions_; }
  bool empty() const { return sessions_.empty(); }

 private:
  std::uint64_t latest_ = 0;
  Sessions sessions_;
};

}  // namespace shoal::server

// SimSessions: the sessions of a reservation run at the members of a simulated group. What is asked is awaited by
// running the world.
#pragma once

#include <functional>
#include <memory>
#include <set>
#include <vector>

#include "test/model/sessions.h"
#include "test/sim/group/plain_initiator.h"
#include "test/sim/group/sim_group.h"

namespace shoal::sim {

class SimSessions final : public model::Sessions {
 public:
  SimSessions(SimGroup& group, int initiators);

  std::string log_in(model::Who who, std::uint64_t place) override;
  void log_out(model::Who who) override;  // without a word
  model::Answer execute(model::Who who, const model::Command& command) override;
  void reset_unit(model::Who who) override;

  void avoid(std::size_t member) { avoided_.insert(member); }  // nobody logs in there
  void avoid_nobody() { avoided_.clear(); }
  bool lost(model::Who who) const;
  std::size_t member_of(model::Who who) const { return hosts_.at(index(who)).member; }
  Host& host_of(model::Who who) { return *hosts_.at(index(who)).host; }
  // Once, when the next command is on its way.
  void interrupt(std::function<void()> what) { interruption_ = std::move(what); }

 private:
  struct User {
    Host* host = nullptr;
    std::unique_ptr<PlainInitiator> disk;
    std::size_t member = 0;
  };
  static std::size_t index(model::Who who) { return static_cast<std::size_t>(who - 1); }
  PlainInitiator& disk(model::Who who) { return *hosts_.at(index(who)).disk; }
  bool try_login(model::Who who, std::size_t member);
  void await(model::Who who, const char* what, const std::function<bool()>& done);

  SimGroup& group_;
  std::vector<User> hosts_;
  std::set<std::size_t> avoided_;
  std::function<void()> interruption_;
};

}  // namespace shoal::sim

// Sessions through libiscsi, at real targets.
#pragma once

#include <map>
#include <vector>

#include "test/model/initiator.h"
#include "test/model/sessions.h"

namespace model {

class UrlSessions final : public Sessions {
 public:
  explicit UrlSessions(std::vector<std::string> urls) : urls_(std::move(urls)) {}

  std::string log_in(Who who, std::uint64_t place) override {
    const std::string& url = urls_[place % urls_.size()];
    sessions_.try_emplace(who, who, url);
    return url;
  }
  void log_out(Who who) override {
    sessions_.at(who).log_out();
    sessions_.erase(who);
  }
  Answer execute(Who who, const Command& command) override { return sessions_.at(who).execute(command); }
  void reset_unit(Who who) override { sessions_.at(who).reset_unit(); }

 private:
  std::vector<std::string> urls_;
  std::map<Who, Initiator> sessions_;
};

}  // namespace model

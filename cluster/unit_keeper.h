// UnitKeeper: what the keeper knows of all units, in one term: their views, the number of the last change, what the
// nexuses had to hear of the last few, and which changes it has answered, so that one whose outcome was lost on the way
// is applied once. Begins with nothing: no reservation outlives its keeper. Pure; who has adopted what is the shell's.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <utility>
#include <vector>

#include "cluster/unit_messages.h"

namespace shoal::cluster {

// Kept of one unit. Whoever has missed more of its changes learns that something was missed (29/00).
inline constexpr std::size_t kRecentChanges = 8;
inline constexpr std::size_t kRecentAnswers = 256;  // of one unit; a repeat comes within seconds
// What is told at once, at most, but one unit with its last change is always told. It fits a message, even where every
// byte of every name is escaped.
inline constexpr std::size_t kToldBytes = 768 * 1024;

class UnitKeeper {
 public:
  explicit UnitKeeper(std::uint32_t term) : term_(term) {}

  struct Decision {
    UnitAnswer answer = UnitAnswer::good;
    std::optional<UnitSnapshot> news;  // what every member is to go by, before the answer counts
  };
  Decision decide(const ChangeRequest& request);

  std::uint32_t term() const { return term_; }
  // FORMAT UNIT or SANITIZE under way, the member that does it, and what is to be told where that member is gone.
  struct Work {
    MemberId member;
    std::uint64_t incarnation = 0;
    ChangeCondition abandoned;
  };
  std::vector<std::pair<ImageId, Work>> works() const;

  // Units that have changed in this term, from the first one after `after` on.
  PulledUnits pull(ImageId after) const;
  void forget(ImageId image) { units_.erase(image); }

 private:
  struct Kept {
    UnitSnapshot unit;
    std::deque<std::pair<ChangeId, UnitAnswer>> answers;
    std::optional<Work> work;
  };
  Kept& kept(ImageId image);
  static void note_work(Kept& kept, const ChangeRequest& request);
  static void remember(UnitSnapshot& unit, unit::Consequences consequences);

  std::uint32_t term_;
  std::map<ImageId, Kept> units_;
};

}  // namespace shoal::cluster

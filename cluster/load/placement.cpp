#include "cluster/load/placement.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <tuple>
#include <utility>

#include "cluster/load/limits.h"
#include "target/base/random.h"

namespace shoal::load {
namespace {

struct PolicyName {
  PlacementPolicy policy;
  std::string_view name;
};
constexpr std::array kPolicyNames{
    PolicyName{PlacementPolicy::round_robin, "round-robin"},
    PolicyName{PlacementPolicy::least_loaded, "least-loaded"},
    PolicyName{PlacementPolicy::affinity, "affinity"},
    PolicyName{PlacementPolicy::weighted, "weighted"},
};

// Why a candidate comes after others, the gravest last; and what is said of it.
enum Drawback : unsigned { kNone = 0, kNotDrawn = 1, kMovedAway = 2, kSibling = 4, kSilent = 8, kNotReady = 16 };

std::string describe(unsigned drawbacks) {
  if (drawbacks & kNotReady) return "not ready";
  if (drawbacks & kSilent) return "silent";
  if (drawbacks & kSibling) return "serves another session of this host to this volume";
  if (drawbacks & kMovedAway) return "the session is moved away from it";
  return drawbacks & kNotDrawn ? "not drawn" : "";
}

// So little is done that its remains would outweigh sessions that have only begun.
bool is_idle(const GroupLoad& load) { return load.work < kLeastGroupWork; }

double mean_session_units(const GroupLoad& load) {
  double sessions = 0;
  for (const auto& [id, member] : load.members) sessions += member.heard ? member.sessions : 0;
  return sessions > 0 ? load.work / sessions : 0;
}

std::uint64_t mixed(std::uint64_t hash, std::string_view bytes) {
  for (const char byte : bytes) hash = (hash ^ static_cast<unsigned char>(byte)) * 0x100000001b3u;  // FNV-1a
  return hash;
}

// Where in the draw of that login a member comes: the same at every member, another order for every login.
std::uint64_t draw(const LoginName& login, MemberId member) {
  const std::uint64_t name = mixed(0xcbf29ce484222325u, login.initiator_name);
  return SeededRandom(name ^ SeededRandom(login.isid ^ login.volume.value << 48).next() ^ member.value).next();
}

// Scores that differ by less are a tie: sums of measured rates are never equal to the last bit.
bool is_tie(double score, double best) { return score <= best + 1e-9 + 1e-6 * best; }

}  // namespace

std::string_view to_string(PlacementPolicy policy) {
  return std::find_if(kPolicyNames.begin(), kPolicyNames.end(),
                      [&](const auto& known) { return known.policy == policy; })
      ->name;
}

std::optional<PlacementPolicy> parse_placement_policy(std::string_view text) {
  for (const auto& [policy, name] : kPolicyNames) {
    if (name == text) return policy;
  }
  return std::nullopt;
}

// A candidate with what the policies look at.
struct Placement::Standing {
  MemberId member;
  unsigned drawbacks = kNone;
  double sessions = 0;  // over weight, with those that are expected
  double load = 0;      // score of least-loaded
  double owned = 0;     // fraction of the host's pages

  double score(PlacementPolicy policy, bool owners_known) const {
    switch (policy) {
      case PlacementPolicy::round_robin: return 0;
      case PlacementPolicy::weighted: return sessions;
      case PlacementPolicy::affinity: return owners_known ? 1 - owned : load;
      case PlacementPolicy::least_loaded: return load;
    }
    return load;
  }
};

std::vector<Placement::Standing> Placement::standings(const PlacementQuestion& question,
                                                      const std::vector<PlacementCandidate>& candidates,
                                                      const GroupLoad& load) const {
  const bool idle = is_idle(load);
  const double mean_units = mean_session_units(load);
  std::set<MemberId> siblings = recent_.siblings(question.login);
  siblings.insert(question.served_at.begin(), question.served_at.end());
  std::vector<Standing> result;
  for (const auto& [id, ready] : candidates) {
    const auto known = load.members.find(id);
    const MemberLoad member = known == load.members.end() ? MemberLoad{} : known->second;
    const double weight = std::max(member.weight, kLeastWeight);
    const auto owned = question.owners.find(id);
    Standing standing{id};
    standing.drawbacks = (!ready || member.draining ? kNotReady : kNone) | (member.heard ? kNone : kSilent) |
                         (siblings.contains(id) ? kSibling : kNone) | (id == question.not_at ? kMovedAway : kNone);
    standing.sessions = (member.sessions + recent_.expected_at(id)) / weight;
    standing.load = idle ? standing.sessions : (member.client_load + standing.sessions * mean_units) / 2;
    standing.owned = owned == question.owners.end() ? 0 : owned->second;
    result.push_back(standing);
  }
  return result;
}

// Of many members that could serve a login only kDrawn are compared, and for each login others: all portals have the
// same old picture, and would send all logins of a second to the one member that has least in it.
void Placement::draw_lots(const LoginName& login, std::vector<Standing>& standings) const {
  const unsigned fewest = fewest_drawbacks(standings);
  std::vector<std::pair<std::uint64_t, Standing*>> lots;
  for (Standing& standing : standings) {
    if (standing.drawbacks == fewest) lots.emplace_back(draw(login, standing.member), &standing);
  }
  std::sort(lots.begin(), lots.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
  for (std::size_t i = kDrawn; i < lots.size(); ++i) lots[i].second->drawbacks |= kNotDrawn;
}

unsigned Placement::fewest_drawbacks(const std::vector<Standing>& standings) {
  unsigned fewest = kNotReady;
  for (const Standing& standing : standings) fewest = std::min(fewest, standing.drawbacks);
  return fewest;
}

// Of those with the fewest drawbacks and the lowest score: round robin's next, else the one with the fewest sessions.
const Placement::Standing* Placement::best_of(const std::vector<Standing>& standings, bool owners_known) const {
  const unsigned fewest = fewest_drawbacks(standings);
  if (fewest >= kNotReady) return nullptr;
  const auto score = [&](const Standing& standing) { return standing.score(rules_.policy, owners_known); };
  double best = std::numeric_limits<double>::infinity();
  for (const Standing& standing : standings) {
    if (standing.drawbacks == fewest) best = std::min(best, score(standing));
  }
  const bool in_turn = rules_.policy == PlacementPolicy::round_robin;
  // Members look around the circle from where they stand, so that the odd ones out of several portals' logins do not
  // all go to one.
  const auto order = [&](const Standing& standing) {
    const bool behind = in_turn ? standing.member <= last_ : standing.member < self_;
    return std::tuple(in_turn ? 0 : standing.sessions, behind, standing.member);
  };
  const Standing* chosen = nullptr;
  for (const Standing& standing : standings) {
    if (standing.drawbacks != fewest || !is_tie(score(standing), best)) continue;
    if (!chosen || order(standing) < order(*chosen)) chosen = &standing;
  }
  return chosen;
}

Placed Placement::choose(const PlacementQuestion& question, const std::vector<Standing>& standings) const {
  const bool owners_known = !question.owners.empty();
  const bool by_load = rules_.policy == PlacementPolicy::affinity && !owners_known;
  Placed placed;
  placed.formula = to_string(by_load ? PlacementPolicy::least_loaded : rules_.policy);
  for (const Standing& standing : standings) {
    const double score = standing.score(rules_.policy, owners_known);
    placed.alternatives.push_back({standing.member, {}, score, describe(standing.drawbacks)});
  }
  const Standing* chosen = best_of(standings, owners_known);
  if (!chosen) {
    placed.reason = "no member is ready";
    return placed;
  }
  placed.member = chosen->member;
  placed.reason = placed.formula;
  if (chosen->drawbacks != kNone) placed.reason += fmt::format(", although: {}", describe(chosen->drawbacks));
  return placed;
}

void Placement::learn(Time now, const LoginName& login, MemberId member) {
  recent_.forget(login);
  recent_.note(now, login, member);
}

Placed Placement::place(Time now, const PlacementQuestion& question, const std::vector<PlacementCandidate>& candidates,
                        const GroupLoad& load) {
  recent_.observe(now, load);
  recent_.forget(question.login);  // it comes again: it is not where it was sent
  std::vector<Standing> all = standings(question, candidates, load);
  const bool by_owners = rules_.policy == PlacementPolicy::affinity && !question.owners.empty();
  if (!by_owners && rules_.policy != PlacementPolicy::round_robin) draw_lots(question.login, all);
  Placed placed = choose(question, all);
  const auto pin = pinned_to(rules_.pins, question.login.initiator_name, question.login.volume);
  const unsigned silent = fewest_drawbacks(all) & kSilent ? kNone : kSilent;  // none, where nobody is heard of
  const unsigned unfit = kNotReady | kMovedAway | silent;
  const bool pin_ready = pin && std::any_of(all.begin(), all.end(), [&](const Standing& standing) {
                           return standing.member == *pin && !(standing.drawbacks & unfit);
                         });
  if (pin_ready) {
    placed.member = *pin;
    placed.formula = "pin";
    placed.reason = fmt::format("pinned to member {}", *pin);
  } else if (pin) {
    const char* why = *pin == question.not_at ? "it is moved away from" : "is not ready";
    placed.reason += fmt::format("; pinned to member {}, which {}", *pin, why);
  }
  if (placed.member == MemberId{}) return placed;
  if (!pin_ready) last_ = placed.member;
  recent_.note(now, question.login, placed.member);
  return placed;
}

}  // namespace shoal::load

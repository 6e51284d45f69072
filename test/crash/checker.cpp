#include "test/crash/checker.h"

#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <stdexcept>

#include "test/crash/cut.h"
#include "test/crash/device_check.h"
#include "test/crash/seeds.h"

namespace shoal::crash {
namespace {

constexpr unsigned kMoreLives = 2;
constexpr std::uint64_t kNone = 0, kAll = 1, kFirstDraw = 2;

bool is_kill(std::uint64_t draw) { return draw % 4 == 3; }

Survivors survivors_of(std::uint64_t draw) {
  return draw == kNone ? Survivors::none : draw == kAll ? Survivors::all : Survivors::some;
}

// For whoever comes after a life that ended there.
Past past_of(const Life& life, Cut cut, std::uint64_t draw, Random& random) {
  if (is_kill(draw)) return life.next(cut.disk.left_behind(random), std::move(cut.model));
  cut.model.power_lost();
  return life.next(SurvivingDisk(cut.disk.image(survivors_of(draw), random)), std::move(cut.model));
}

// Voids are not to be seen, but a store that knows one takes no older one.
std::optional<std::string> forgotten_void(Life& life, const Model& model) {
  for (const auto& [page, known] : model.known_voids()) {
    std::optional<bool> taken;
    life.store().void_copy(page, 0, kPhysicalBlockBytes, known.epoch, known.attempt,
                           [&taken](Result<void, routing::StoreError> result) { taken = result.has_value(); });
    if (!life.runtime().run_until([&] { return taken.has_value(); })) return "a void is not answered";
    if (*taken) return fmt::format("the void of image {} page {} is forgotten", page.image, page.index);
  }
  return std::nullopt;
}

}  // namespace

std::string StateName::to_string() const { return fmt::format("{}.{}", cut, draw); }

StateName StateName::parse(const std::string& text) {
  const auto dot = text.find('.');
  if (dot == std::string::npos) throw std::invalid_argument("a state is named CUT.DRAW");
  return {std::stoull(text.substr(0, dot)), std::stoull(text.substr(dot + 1))};
}

Checker::Checker(const StoreDriver& driver, std::uint64_t seed) : driver_(driver), seed_(seed) {
  Life life(driver_, nothing_, seed);
  if (life.open()) life.run(first_actions());
  if (!life.close()) throw std::runtime_error(life.failure().value_or("the store cannot be made"));
  base_ = life.next(SurvivingDisk(life.disk()), life.model());
}

std::optional<Difference> Checker::check(const Workload& workload, std::size_t states) {
  const std::uint64_t seed = mix(seed_, workload.name);
  Life life(driver_, beginning(workload), seed);
  if (life.open()) life.run(workload.actions);
  if (life.failure()) return Difference{workload.name, "", *life.failure()};
  SeededRandom random(mix(seed, states));
  return check_all(workload, life, choose(life.history(), states, random));
}

std::optional<Difference> Checker::check(const Workload& workload, const StateName& state) {
  Life life(driver_, beginning(workload), mix(seed_, workload.name));
  if (life.open()) life.run(workload.actions);
  if (life.failure()) return Difference{workload.name, "", *life.failure()};
  return check_all(workload, life, {state});
}

std::vector<StateName> Checker::choose(const History& history, std::size_t states, Random& random) const {
  const std::size_t cuts = history.size() + 1;
  std::set<StateName> names;
  if (states >= 2 * cuts) {
    for (std::size_t cut = 0; cut < cuts; ++cut) names.insert({{cut, kNone}, {cut, kAll}});
  }
  for (std::uint64_t draw = kFirstDraw; names.size() < states; ++draw) {
    const bool simple = random.below(8) == 0;
    names.insert({random.below(cuts), simple ? random.below(kFirstDraw) : draw});
  }
  return {names.begin(), names.end()};
}

std::optional<Difference> Checker::check_all(const Workload& workload, const Life& life,
                                             const std::vector<StateName>& names) {
  Cut cut(life.past());
  for (const StateName& name : names) {
    cut.advance(life.history(), std::min(name.cut, life.history().size()));
    if (cut.disk.is_settled() && name.draw == kAll) continue;  // the same as none
    SeededRandom random(mix(mix(mix(seed_, workload.name), name.cut), name.draw));
    if (auto difference = recover(past_of(life, cut, name.draw, random), random, kMoreLives)) {
      return Difference{workload.name, name.to_string(), *difference};
    }
  }
  return std::nullopt;
}

std::optional<std::string> Checker::recover(Past past, Random& random, unsigned lives_left) {
  ++states_;
  const std::uint64_t seed = random.next();
  Life life(driver_, std::move(past), seed);
  const Model& model = life.past().model;
  if (!life.open()) return model.was_opened() ? life.failure() : std::nullopt;  // else it was being made
  const auto seen = life.observe();
  if (!seen) return life.failure();
  if (auto difference = model.difference(*seen)) return difference;
  if (auto finding = check_device(driver_, life.disk(), seed)) return finding;
  life.remember(*seen);
  if (random.below(2) == 0) return recover_again(life, *seen, random);
  return lives_left == 0 ? std::nullopt : live_on(life, random, lives_left - 1);
}

// What was read after the first recovery is read after the next one too, wherever that one was broken off.
std::optional<std::string> Checker::recover_again(const Life& first, const Observation& seen, Random& random) {
  ++states_;
  const History& history = first.history();
  const bool at_the_end = random.below(2) == 0;
  Cut cut(first.past());
  cut.advance(history, at_the_end ? history.size() : random.below(history.size() + 1));
  const Past past = past_of(first, cut, random.below(kFirstDraw + 2), random);
  Life again(driver_, past, random.next());
  if (!again.open()) return past.model.was_opened() ? again.failure() : std::nullopt;
  const auto seen_again = again.observe();
  if (!seen_again) return again.failure();
  if (auto difference = past.model.difference(*seen_again)) return "second recovery: " + *difference;
  if (at_the_end && *seen_again != seen) return "the second recovery gives something else than the first";
  return forgotten_void(again, past.model);
}

std::optional<std::string> Checker::live_on(Life& life, Random& random, unsigned lives_left) {
  life.run(random_actions(1 + random.below(8), random));
  if (life.failure()) return "after recovery: " + *life.failure();
  Cut cut(life.past());
  cut.advance(life.history(), random.below(life.history().size() + 1));
  auto difference = recover(past_of(life, cut, random.below(kFirstDraw + 4), random), random, lives_left);
  return difference ? "in a later life: " + *difference : difference;
}

}  // namespace shoal::crash

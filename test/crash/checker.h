// Checker: takes crash states of workloads, recovers them, and compares what the store then answers with the model.
//
// A state is named "cut.draw": the place in the history where the process ends, and how. Power is lost with it, and of
// what is not durable 0 none, 1 all, above that some sectors survive, drawn from (seed, workload, cut, draw); every
// fourth draw, 3, 7, ..., the process alone is killed, and the next one finds all of that in the device's cache. What
// is drawn besides follows from the same: whether it ends during the recovery as well, and whether more is asked of the
// recovered store before it ends again. What the checks of the store say of the device is asked of one recovered state
// in eight, by the same seed.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "test/crash/action.h"
#include "test/crash/life.h"

namespace shoal::crash {

struct StateName {
  std::size_t cut = 0;
  std::uint64_t draw = 0;
  auto operator<=>(const StateName&) const = default;
  std::string to_string() const;
  static StateName parse(const std::string& text);  // throws std::invalid_argument
};

struct Difference {
  std::string workload, state, what;
};

class Checker {
 public:
  Checker(const StoreDriver& driver, std::uint64_t seed);  // throws std::runtime_error: the store cannot even be made

  // About so many crash states of it: none and all of every cut where that is as many, else some that are drawn.
  std::optional<Difference> check(const Workload& workload, std::size_t states);
  std::optional<Difference> check(const Workload& workload, const StateName& state);
  std::uint64_t states() const { return states_; }  // that were recovered and compared

  Past beginning(const Workload& workload) const {
    Past past = workload.from_nothing ? nothing_ : base_;
    past.may_be_full = workload.fills;
    return past;
  }

 private:
  std::vector<StateName> choose(const History& history, std::size_t states, Random& random) const;
  std::optional<Difference> check_all(const Workload& workload, const Life& life, const std::vector<StateName>& names);
  std::optional<std::string> recover(Past past, Random& random, unsigned lives_left);
  std::optional<std::string> recover_again(const Life& first, const Observation& seen, Random& random);
  std::optional<std::string> live_on(Life& life, Random& random, unsigned lives_left);

  const StoreDriver& driver_;
  const std::uint64_t seed_;
  Past nothing_, base_;
  std::uint64_t states_ = 0;
};

}  // namespace shoal::crash

// Scenario: a group, what its hosts do, what happens to its members, and what must be true of the run.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "test/scale/scale_group.h"

namespace shoal::scale {

struct Claim {
  std::string what;
  double figure = 0;
  double low = 0, high = 0;  // bounds, both allowed
  bool holds() const { return figure >= low && figure <= high; }
};

struct Outcome {
  std::unique_ptr<ScaleGroup> group;
  std::vector<Claim> claims;
};

struct Scenario {
  std::string name;
  std::string about;
  std::function<Outcome(std::uint64_t seed)> run;
};

const std::vector<Scenario>& scenarios();

// Three members for a minute, each of which records what it sees: a trace to try run_recorded() with.
void write_example_trace(const std::string& path);

}  // namespace shoal::scale

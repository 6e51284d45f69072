// What is to be said of a run: how even the members are, when they became so, and what it took.
#pragma once

#include <vector>

#include "test/scale/scale_group.h"

namespace shoal::scale {

// Furthest from the mean of the members that take sessions, as a fraction of it.
double unevenness(const Sample& sample);
double unevenness_at(const std::vector<Sample>& samples, double seconds);
// Mean over [from, to).
double mean_unevenness(const std::vector<Sample>& samples, double from, double to);
// Seconds from `from` until the members are within `limit` of even and stay so until `to`; negative: they do not.
double even_after(const std::vector<Sample>& samples, double from, double to, double limit);

// Moves that bring a session back to where it was within two minutes.
int returns(const std::vector<MoveMade>& moves);
int most_moves_in_a_minute(const std::vector<MoveMade>& moves);  // of the group
int most_moves_of_a_session_in_a_minute(const std::vector<MoveMade>& moves);
int moves_between(const std::vector<MoveMade>& moves, double from, double to);

}  // namespace shoal::scale

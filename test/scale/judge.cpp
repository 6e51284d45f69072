#include "test/scale/judge.h"

#include <algorithm>
#include <cmath>

namespace shoal::scale {

double unevenness(const Sample& sample) {
  double sum = 0, count = 0;
  for (double load : sample.loads) {
    if (load < 0) continue;
    sum += load;
    ++count;
  }
  if (sum == 0) return 0;
  double furthest = 0;
  for (double load : sample.loads) {
    if (load >= 0) furthest = std::max(furthest, std::abs(load - sum / count));
  }
  return furthest / (sum / count);
}

double unevenness_at(const std::vector<Sample>& samples, double seconds) {
  const auto found = std::find_if(samples.begin(), samples.end(), [&](const Sample& s) { return s.at >= seconds; });
  return unevenness(found == samples.end() ? samples.back() : *found);
}

double mean_unevenness(const std::vector<Sample>& samples, double from, double to) {
  double sum = 0, count = 0;
  for (const Sample& sample : samples) {
    if (sample.at < from || sample.at >= to) continue;
    sum += unevenness(sample);
    ++count;
  }
  return count > 0 ? sum / count : 0;
}

double even_after(const std::vector<Sample>& samples, double from, double to, double limit) {
  double since = -1;
  for (const Sample& sample : samples) {
    if (sample.at < from || sample.at >= to) continue;
    if (unevenness(sample) > limit + 1e-9) {
      since = -1;
    } else if (since < 0) {
      since = sample.at;
    }
  }
  return since < 0 ? -1 : since - from;
}

int returns(const std::vector<MoveMade>& moves) {
  constexpr double kWithin = 120;
  int count = 0;
  for (std::size_t i = 0; i < moves.size(); ++i) {
    for (std::size_t j = i + 1; j < moves.size() && moves[j].at - moves[i].at <= kWithin; ++j) {
      if (moves[j].session != moves[i].session) continue;
      count += moves[j].to == moves[i].from;
      break;
    }
  }
  return count;
}

int most_moves_in_a_minute(const std::vector<MoveMade>& moves) {
  int most = 0;
  for (std::size_t i = 0, first = 0; i < moves.size(); ++i) {
    while (moves[i].at - moves[first].at >= 60) ++first;
    most = std::max(most, static_cast<int>(i - first + 1));
  }
  return most;
}

int most_moves_of_a_session_in_a_minute(const std::vector<MoveMade>& moves) {
  std::map<int, std::vector<MoveMade>> by_session;
  for (const MoveMade& move : moves) by_session[move.session].push_back(move);
  int most = 0;
  for (const auto& [session, its] : by_session) most = std::max(most, most_moves_in_a_minute(its));
  return most;
}

int moves_between(const std::vector<MoveMade>& moves, double from, double to) {
  return static_cast<int>(
      std::count_if(moves.begin(), moves.end(), [&](const MoveMade& move) { return move.at >= from && move.at < to; }));
}

}  // namespace shoal::scale

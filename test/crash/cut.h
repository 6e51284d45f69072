// Cut: a place in the history of a life where the process ends: what the device may hold then, and what the store owes.
// Moves forward only. Pure.
#pragma once

#include "test/crash/life.h"
#include "test/crash/surviving_disk.h"

namespace shoal::crash {

struct Cut {
  explicit Cut(const Past& past) : disk(past.device), model(past.model) {}
  void advance(const History& history, std::size_t to) {
    for (; at < to; ++at) {
      disk.follow(history[at]);
      if (const auto* told = std::get_if<Told>(&history[at])) told->apply(model);
    }
  }

  std::size_t at = 0;
  SurvivingDisk disk;
  Model model;
};

}  // namespace shoal::crash

// TurnBudget: how much one session may start in one pass. What is left over waits for the next turn of the loop, behind
// the other connections that are ready: a session with a deep queue or large commands costs the others one such portion
// at a time, not all that it has sent.
#pragma once

#include <cstdint>

namespace shoal::server {

class TurnBudget {
 public:
  static constexpr unsigned kCommands = 64;          // the batch of one read mostly fits
  static constexpr std::uint64_t kBytes = 1u << 20;  // the last command may exceed it

  void charge(std::uint64_t bytes) {
    ++commands_;
    bytes_ += bytes;
  }
  bool spent() const { return commands_ >= kCommands || bytes_ >= kBytes; }

 private:
  unsigned commands_ = 0;
  std::uint64_t bytes_ = 0;
};

}  // namespace shoal::server

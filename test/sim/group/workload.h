// Workload: what one simulated host does with its disk: several commands at a time, short thinking in between, mostly
// on a few hot blocks on both sides of page borders that all hosts share. Then, when it is told to, a verified pass
// over everything. Now and then it raises one of the counters, or aborts a command.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "test/sim/group/sim_initiator.h"

namespace shoal::sim {

struct WorkloadShape {
  std::uint64_t blocks = 0;  // of the volume
  std::uint32_t page_blocks = 16;
  unsigned depth = 4;
  std::vector<Counter> counters;  // behind the blocks
  Duration longest_thought = 60ms;
};

class Workload {
 public:
  Workload(Host& host, SimInitiator& disk, const WorkloadShape& shape);

  void start();
  void stop() { stopped_ = true; }  // what is in flight goes on
  // Reads every block until each was answered GOOD.
  void verify();
  bool verified() const { return verifying_ && next_to_verify_ >= shape_.blocks && to_verify_ == 0 && in_flight_ == 0; }
  // Looks at every counter, until each was read GOOD.
  void look_at_counters();
  bool looked() const { return looked_ == shape_.counters.size(); }
  std::uint64_t completed() const { return completed_; }
  std::uint64_t failed() const { return failed_; }

 private:
  void think(std::size_t slot);
  void act(std::size_t slot);
  void verify_next();
  void verify(std::uint64_t first, std::uint32_t blocks);
  void look(const Counter& counter);
  std::uint64_t choose_block();

  Host& host_;
  SimInitiator& disk_;
  WorkloadShape shape_;
  SeededRandom random_;
  bool stopped_ = false, verifying_ = false;
  std::vector<std::unique_ptr<Timer>> slots_, again_;
  std::uint64_t next_to_verify_ = 0, to_verify_ = 0, in_flight_ = 0, looked_ = 0;
  std::uint64_t completed_ = 0, failed_ = 0;
};

}  // namespace shoal::sim

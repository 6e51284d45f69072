// Siege: the recipe of a ghost write. A host loses the member that serves it while its writes have not got from there
// to the owner of their page; it comes back through a third member, which cannot tell the first, and writes the same
// blocks again; then the path between the first one and the owner heals.
//
// The host comes back at once as the nexus that it was, while its first writes wait for a link: they are young, and
// only their generation is old. Or it comes back as another nexus, as by another path, when it has waited longer than
// an operation may live: then nothing but its age tells what is late on a link that nobody has closed.
#pragma once

#include <string>

#include "test/sim/group/sim_group.h"

namespace shoal::sim {

class Siege {
 public:
  // Of the first host. Nothing else may go wrong meanwhile.
  explicit Siege(SimGroup& group);

  // Yields what did not go as the recipe says; empty: the ghosts have had their chance.
  std::string run();

 private:
  void choose_members();
  void cut_off();
  void send_writes();
  std::string come_back();

  SimGroup& group_;
  World& world_;
  SeededRandom random_;
  SimInitiator& disk_;
  bool other_nexus_;
  std::size_t first_ = 0, owner_ = 0, third_ = 0;
  std::size_t read_ = 0;  // blocks, after they were written
};

}  // namespace shoal::sim

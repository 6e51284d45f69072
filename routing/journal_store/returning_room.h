// ReturningRoom: whether room that others have given back may still be on its way. What the ledger has given up is free
// at the latest when a checkpoint has ended that began after that. Pure.
#pragma once

#include <algorithm>
#include <cstdint>

namespace shoal::routing::journal {

class ReturningRoom {
 public:
  void give_back() { awaited_ = begun_ + 1; }  // chunks, nodes or parts of the catalog
  void begin_checkpoint() { ++begun_; }       // with what has been given back before
  void end_checkpoint() { ended_ = begun_; }

  std::uint64_t newest_checkpoint() const { return begun_; }
  // For somebody who waits since that checkpoint was the newest.
  bool is_all_there(std::uint64_t since) const { return ended_ > since && !is_any_under_way(); }
  bool is_any_under_way() const { return ended_ < awaited_; }
  std::uint64_t checkpoints_since(std::uint64_t since) const { return ended_ - std::min(ended_, since); }

 private:
  std::uint64_t begun_ = 0, ended_ = 0;  // checkpoints; one at a time
  std::uint64_t awaited_ = 0;            // with the end of this one all is there that was given back
};

}  // namespace shoal::routing::journal

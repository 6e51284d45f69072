// Checkpoint: writes what the ledger holds, so that the journal up to there is not needed any more.
//
// The order is the safety argument. Before it begins, everything that is in the ledger is durable in the journal. What
// is changed gets new places, and the ledger as it is in this moment is taken down as nodes. Blocks go home and nodes
// are written, in any order; then the device is synced; then the superblock that names them is written. Only after that
// the places of old nodes may be used again and the journal's tail moves. If anything of this is broken off, the
// checkpoint before it and the whole journal behind that are still there.
#pragma once

#include <cstdint>
#include <vector>

#include "routing/journal_store/home_writer.h"
#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

class Checkpoint {
 public:
  using Done = PageStore::Done;

  Checkpoint(Device& device, Ledger& ledger, HomeWriter& home, ArrayTree& space, ArrayTree& catalog)
      : device_(device), ledger_(ledger), home_(home), space_(space), catalog_(catalog) {}
  Checkpoint(const Checkpoint&) = delete;

  // `next`: the newest superblock, with group, size and replay position as they are to be; the rest is filled in. It
  // holds what is in the ledger now. One at a time. no_space: there is no place for nodes, the store cannot go on.
  void run(Superblock next, Done done);
  bool running() const { return static_cast<bool>(done_); }
  const Superblock& written() const { return next_; }  // after run() has completed with success

 private:
  bool take_down();
  bool take_down_chunks();
  bool place(Node& node);
  void take_down_node(Node& node);
  bool take_down_catalog();
  bool take_down_space();
  void write_nodes();
  void write_more();
  void on_part_written(Result<void, StoreError> result);
  void write_superblock();
  void finish(Result<void, StoreError> result);

  Device& device_;
  Ledger& ledger_;
  HomeWriter& home_;
  ArrayTree& space_;
  ArrayTree& catalog_;

  Superblock next_;
  std::vector<NodeWrite> writes_;  // in order of places
  std::vector<NodePin> nodes_;     // stay in memory until they can be read again
  std::size_t next_write_ = 0;
  unsigned parts_ = 0;  // being written
  Result<void, StoreError> result_;
  Done done_;
};

}  // namespace shoal::routing::journal

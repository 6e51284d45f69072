// EntryWalk: the entries of the chunks of a page, one after the other; their leaves are read where they are not in
// memory.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <vector>

#include "routing/journal_store/ledger.h"

namespace shoal::routing::journal {

class EntryWalk : public std::enable_shared_from_this<EntryWalk> {
  struct Private {};

 public:
  // A chunk without a leaf has an empty entry, but for the version of what may have been there.
  using Visit = std::function<void(const ChunkPart&, const ChunkEntry&)>;

  static void run(Ledger& ledger, ChunkParts parts, Visit visit, PageStore::Done done) {
    std::make_shared<EntryWalk>(Private{}, ledger, std::move(parts), std::move(visit), std::move(done))->go_on();
  }

  EntryWalk(Private, Ledger& ledger, ChunkParts parts, Visit visit, PageStore::Done done)
      : ledger_(ledger), parts_(std::move(parts)), visit_(std::move(visit)), done_(std::move(done)) {}

 private:
  void go_on() {
    for (; next_ < parts_.size(); ++next_) {
      const ChunkPart& part = parts_[next_];
      const auto leaf = ledger_.trees.leaf_or_load(part.chunk, IfAbsent::nothing,
                                                   [self = shared_from_this()](Result<void, StoreError> loaded) {
                                                     loaded ? self->go_on() : self->done_(loaded);
                                                   });
      if (!leaf) return;
      visit_(part, ledger_.trees.entry(part.chunk, *leaf));
    }
    done_({});
  }

  Ledger& ledger_;
  ChunkParts parts_;
  Visit visit_;
  PageStore::Done done_;
  std::size_t next_ = 0;
};

}  // namespace shoal::routing::journal

// Promises: what a store may not forget besides data. Of each page the newest promise and void, of each nexus the
// newest fence. Pure; a store that outlives its process keeps the records durably and adds them again when it is
// opened.
#pragma once

#include <compare>
#include <cstdint>
#include <functional>
#include <map>
#include <vector>

#include "routing/page_store.h"

namespace shoal::routing {

// Records that go here instead of into a page (a void does both).
constexpr bool is_promise(RecordKind kind) {
  return kind == RecordKind::promise || kind == RecordKind::voided || kind == RecordKind::fence;
}

class Promises {
 public:
  // stale: a promise or void that is not above the known one. An older fence is no error and changes nothing.
  Result<void, StoreError> add(const PageRecord& record);
  // Not below the promised epoch; a void above the known one.
  bool accepts(const PageRecord& record) const;
  bool knows_older(const PageRecord& record) const;  // a promise, void or fence in whose place it would be
  void drop(ImageId image);

  Epoch promised(const PageId& page) const;
  std::vector<Fence> fences() const;  // in order
  // Records that make an equal one of an empty one, in order.
  void visit(const std::function<void(const PageRecord&)>& each) const;
  std::size_t size() const { return promised_.size() + voids_.size() + fences_.size(); }

 private:
  struct Void {
    Epoch epoch;
    std::uint32_t attempt = 0;
    auto operator<=>(const Void&) const = default;
  };

  std::map<PageId, Epoch> promised_;
  std::map<PageId, Void> voids_;
  std::map<std::pair<ImageId, NexusId>, Generation> fences_;
};

}  // namespace shoal::routing

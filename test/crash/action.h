// Actions: what a workload asks of a store, and the two kinds of workloads: words, of which all short sequences are
// tried, and long random ones.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "routing/page_store.h"
#include "target/base/random.h"

namespace shoal::crash {

struct Action {
  enum class Kind { write, zero, unmap, promise, voided, fence, sync, describe, drop, reopen, idle, look };
  Kind kind = Kind::write;
  bool second_image = false;  // the one that is dropped now and then, and then another one
  std::uint64_t page = 0;
  std::uint32_t offset = 0, length = 0;  // write, zero, unmap, voided
  routing::Durability durability = routing::Durability::durable;
  bool together = false;  // what follows begins before this has been answered
};
using Actions = std::vector<Action>;

struct Word {
  std::string_view name;
  Actions actions;
};
const std::vector<Word>& words();

struct Workload {
  std::string name;  // "write,sync,reopen", "create", or of one of the kinds below: "random:17"
  Actions actions;
  bool from_nothing = false;  // no store is there yet
  bool fills = false;         // the store may be full, now and later
};
// Pages far apart, so that each has metadata of its own, until the store has no room and beyond.
Workload sparse_workload(std::uint64_t seed);
Workload parse_workload(const std::string& name);           // throws std::invalid_argument
std::vector<Workload> short_workloads(std::size_t length);  // all sequences of so many words
Workload random_workload(std::uint64_t seed);
Workload brief_workload(std::uint64_t seed);  // short enough to be repeated for each of its inputs and outputs
Workload deep_workload(std::uint64_t seed);   // on many pages, nearly all of it under way at the same time
// Chunks that get places where the file has just grown, while only the journal knows of them.
Workload growing_workload(std::uint64_t seed);
Actions random_actions(std::size_t count, Random& random);
Actions first_actions();  // what is in the store before a workload begins
Workload creation();      // making a store, and that

}  // namespace shoal::crash

// SessionFence: rule (a) of ghost writes (ARCHITECTURE.md), for one image. Of each nexus it keeps the newest
// generation, the watermark below which every operation has been answered, and the mutations above it, so that a
// repeated one joins the first or is answered from the record. Pure.
//
// A nexus that is not known yet is believed; after a restart the store's fences are what is known (raise()). Where room
// is short the nexus that was idle longest is forgotten: once nothing of it has come for so long that rule (d) refuses
// whatever of it is still under way. One that was raised, or has a mutation without an answer, is kept.
// A request with a zero nexus is never remembered, and refused only where it is older than the reservations.
#pragma once

#include <cstdint>
#include <deque>
#include <list>
#include <optional>
#include <unordered_map>
#include <utility>

#include "routing/page.h"
#include "routing/peer_limits.h"
#include "target/base/time.h"

namespace shoal::routing {

struct FenceLimits {
  std::size_t nexuses = 65536;
  std::size_t remembered_mutations = 4096;  // per nexus: answers kept for repeats
  Duration idle = 2 * kMaxOperationAge;     // only then a nexus may be forgotten
};

struct RememberedAnswer {
  PageStatus status = PageStatus::ok;
  std::uint64_t detail = 0;
  bool operator==(const RememberedAnswer&) const = default;
};

class SessionFence {
 public:
  enum class Verdict {
    proceed,  // a mutation: record() its answer
    join,     // the same mutation is under way: `task`
    repeat,   // it was answered: `answer`
    fenced,
    ghost,
    stale_reservation,
    too_many,  // nexuses
  };
  struct Admission {
    Verdict verdict = Verdict::proceed;
    std::uint32_t task = 0;
    RememberedAnswer answer;
  };

  explicit SessionFence(FenceLimits limits) : limits_(limits) {}

  // `task` is what a repeat of it will be told to join. `keeps_range`: its operation keeps the range of the request,
  // and so began before any reservation that came after its first round.
  Admission admit(const PageRequest& request, std::uint32_t task, Time now, bool keeps_range = false);
  // The answer of an admitted mutation. Of an older generation it is of no interest any more.
  void record(const PageRequest& request, RememberedAnswer answer);
  // Refuses generations below. False: too many nexuses.
  bool raise(const NexusId& nexus, Generation generation, Time now);
  std::optional<Generation> generation(const NexusId& nexus) const;
  // Refuses what older reservation generations allowed.
  void raise_reservation(std::uint64_t generation);

 private:
  using Key = std::pair<OperationId, std::uint32_t>;  // operation and part
  struct Mutation {
    Key key;
    std::uint32_t task = 0;
    std::optional<RememberedAnswer> answer;
  };
  struct Nexus {
    Generation generation;
    OperationId watermark;
    Key forgotten{};                 // up to here, what is not remembered was answered long ago
    std::size_t answered = 0;        // of `mutations`
    std::deque<Mutation> mutations;  // by key, all at or above the watermark
  };

  using Order = std::list<NexusId>;
  struct KnownNexus : Nexus {
    bool raised = false;
    Time used{};
    Order::iterator place;  // in idle_; of one that is raised: nowhere
  };

  KnownNexus* find_or_add(const NexusId& nexus, Time now);
  void touch(KnownNexus& nexus, Time now);
  bool forget_idle(Time now);
  static void begin_generation(Nexus& nexus, Generation generation);
  Admission admit_mutation(Nexus& nexus, const PageRequest& request, std::uint32_t task, bool keeps_range);
  Admission admit_own(const PageRequest& request);
  Admission check_reservation(std::uint64_t reservation_generation);
  static void raise_watermark(Nexus& nexus, OperationId watermark);
  static std::deque<Mutation>::iterator position(Nexus& nexus, const Key& key);
  void forget_oldest_answer(Nexus& nexus);

  FenceLimits limits_;
  std::unordered_map<NexusId, KnownNexus> nexuses_;  // never walked
  Order idle_;                                       // those that were not raised, longest idle first
  std::uint64_t reservation_generation_ = 0;         // the newest that anybody has shown
};

}  // namespace shoal::routing

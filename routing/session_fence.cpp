#include "routing/session_fence.h"

#include <algorithm>

#include "target/base/check.h"

namespace shoal::routing {

SessionFence::Admission SessionFence::admit(const PageRequest& request, std::uint32_t task, Time now,
                                            bool keeps_range) {
  const Origin& origin = request.origin;
  if (origin.nexus.is_zero()) return admit_own(request);
  KnownNexus* const nexus = find_or_add(origin.nexus, now);
  if (!nexus) return {.verdict = Verdict::too_many};
  if (origin.generation < nexus->generation) return {.verdict = Verdict::fenced};
  if (origin.generation > nexus->generation) begin_generation(*nexus, origin.generation);
  raise_watermark(*nexus, origin.lowest_unfinished);
  if (origin.id < nexus->watermark) return {.verdict = Verdict::ghost};
  if (is_mutation(request.kind)) return admit_mutation(*nexus, request, task, keeps_range);
  return check_reservation(origin.reservation_generation);
}

// What is read for nobody (a scrub) is shown to no host: reservations do not concern it.
SessionFence::Admission SessionFence::admit_own(const PageRequest& request) {
  return is_mutation(request.kind) ? check_reservation(request.origin.reservation_generation) : Admission{};
}

// What was applied stays applied: a repeat is answered before anything else is asked of it.
SessionFence::Admission SessionFence::admit_mutation(Nexus& nexus, const PageRequest& request, std::uint32_t task,
                                                     bool keeps_range) {
  const Key key{request.origin.id, request.part};
  const auto at = position(nexus, key);
  if (at != nexus.mutations.end() && at->key == key) {
    if (at->answer) return {.verdict = Verdict::repeat, .answer = *at->answer};
    return {.verdict = Verdict::join, .task = at->task};
  }
  if (key <= nexus.forgotten) return {.verdict = Verdict::ghost};
  const Admission admission = keeps_range ? Admission{} : check_reservation(request.origin.reservation_generation);
  if (admission.verdict == Verdict::proceed) nexus.mutations.insert(at, Mutation{.key = key, .task = task});
  return admission;
}

SessionFence::Admission SessionFence::check_reservation(std::uint64_t reservation_generation) {
  if (reservation_generation < reservation_generation_) return {.verdict = Verdict::stale_reservation};
  reservation_generation_ = reservation_generation;
  return {};
}

void SessionFence::record(const PageRequest& request, RememberedAnswer answer) {
  const auto found = nexuses_.find(request.origin.nexus);
  if (found == nexuses_.end() || found->second.generation != request.origin.generation) return;
  Nexus& nexus = found->second;
  const Key key{request.origin.id, request.part};
  const auto at = position(nexus, key);
  if (at == nexus.mutations.end() || at->key != key) return;  // the watermark has passed it
  CHECK(!at->answer, key.first, key.second);
  at->answer = answer;
  if (++nexus.answered > limits_.remembered_mutations) forget_oldest_answer(nexus);
}

bool SessionFence::raise(const NexusId& id, Generation generation, Time now) {
  KnownNexus* const nexus = find_or_add(id, now);
  if (!nexus) return false;
  if (generation > nexus->generation) begin_generation(*nexus, generation);
  if (!std::exchange(nexus->raised, true)) idle_.erase(nexus->place);
  return true;
}

std::optional<Generation> SessionFence::generation(const NexusId& id) const {
  const auto found = nexuses_.find(id);
  if (found == nexuses_.end()) return std::nullopt;
  return found->second.generation;
}

void SessionFence::raise_reservation(std::uint64_t generation) {
  reservation_generation_ = std::max(reservation_generation_, generation);
}

void SessionFence::begin_generation(Nexus& nexus, Generation generation) { nexus = Nexus{.generation = generation}; }

// ---- which are known --------------------------------------------------------------------------------------------

// null: too many, and none that may be forgotten.
SessionFence::KnownNexus* SessionFence::find_or_add(const NexusId& id, Time now) {
  auto found = nexuses_.find(id);
  if (found == nexuses_.end()) {
    if (nexuses_.size() >= limits_.nexuses && !forget_idle(now)) return nullptr;
    found = nexuses_.emplace(id, KnownNexus{}).first;
    found->second.place = idle_.insert(idle_.end(), id);
  }
  touch(found->second, now);
  return &found->second;
}

void SessionFence::touch(KnownNexus& nexus, Time now) {
  nexus.used = now;
  if (!nexus.raised) idle_.splice(idle_.end(), idle_, nexus.place);
}

// Those that have a mutation under way are few: what is that slow is about to fail.
bool SessionFence::forget_idle(Time now) {
  for (auto each = idle_.begin(); each != idle_.end(); ++each) {
    const auto nexus = nexuses_.find(*each);
    if (now - nexus->second.used <= limits_.idle) return false;
    if (nexus->second.answered < nexus->second.mutations.size()) continue;
    nexuses_.erase(nexus);
    idle_.erase(each);
    return true;
  }
  return false;
}

// ---- the mutations of one ---------------------------------------------------------------------------------------

void SessionFence::raise_watermark(Nexus& nexus, OperationId watermark) {
  nexus.watermark = std::max(nexus.watermark, watermark);
  while (!nexus.mutations.empty() && nexus.mutations.front().key.first < nexus.watermark) {
    if (nexus.mutations.front().answer) --nexus.answered;
    nexus.mutations.pop_front();
  }
}

std::deque<SessionFence::Mutation>::iterator SessionFence::position(Nexus& nexus, const Key& key) {
  if (nexus.mutations.empty() || nexus.mutations.back().key < key) return nexus.mutations.end();
  return std::ranges::lower_bound(nexus.mutations, key, {}, &Mutation::key);
}

void SessionFence::forget_oldest_answer(Nexus& nexus) {
  const auto oldest =
      std::ranges::find_if(nexus.mutations, [](const Mutation& each) { return each.answer.has_value(); });
  nexus.forgotten = std::max(nexus.forgotten, oldest->key);
  nexus.mutations.erase(oldest);
  --nexus.answered;
}

}  // namespace shoal::routing

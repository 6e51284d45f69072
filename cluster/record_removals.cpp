#include "cluster/record_removals.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace shoal::cluster {
namespace {

struct Removal {
  Seen<NexusRecord> record;
  Completion<Settled> done;
};

struct Queue {
  std::vector<Removal> waiting;  // in order of arrival
  std::vector<Removal> under_way;
  BackOff back_off;
  bool busy = false;
};

std::vector<Removal> take_some(std::vector<Removal>& waiting) {
  const auto end = waiting.begin() + static_cast<std::ptrdiff_t>(std::min(waiting.size(), kMaxRemovals));
  std::vector<Removal> some(std::make_move_iterator(waiting.begin()), std::make_move_iterator(end));
  waiting.erase(waiting.begin(), end);
  return some;
}

// The gate is the witness: its token is of this attempt alone.
CasRequest request_of(const std::vector<Removal>& removals, ImageId image, const Seen<ImageGate>& gate,
                      const ImageGate& after) {
  CasRequest request{{{gate_key(image), gate.revision}}, {{gate_key(image), encode(after)}}};
  for (const Removal& removal : removals) {
    const std::string key = nexus_key(removal.record.value.name);
    request.expect.push_back({key, removal.record.revision});
    request.writes.push_back({key, std::nullopt});
  }
  return request;
}

}  // namespace

struct RecordRemovals::Impl : std::enable_shared_from_this<RecordRemovals::Impl> {
  Impl(Runtime& runtime_, MetaCalls& calls_, SeenSessions& seen_) : runtime(runtime_), calls(calls_), seen(seen_) {}

  template <class Then>
  auto guarded(Then then) {
    return [weak = weak_from_this(), then = std::move(then)](auto&&... args) mutable {
      if (const auto self = weak.lock()) then(std::forward<decltype(args)>(args)...);
    };
  }

  void next(ImageId image) {
    const auto found = queues.find(image);
    if (found == queues.end() || found->second.busy) return;
    if (found->second.waiting.empty()) {
      queues.erase(found);
      return;
    }
    found->second.busy = true;
    found->second.under_way = take_some(found->second.waiting);
    if (const auto* gate = seen.gate(image)) return write(image, *gate);
    read_gate(image);
  }

  void read_gate(ImageId image) {
    calls.read(gate_key(image), guarded([this, image](const std::optional<Entry>& found) {
                 const auto gate = found ? decode_gate(found->value) : std::nullopt;
                 if (gate) return write(image, {*gate, found->revision});
                 finish(image, std::vector(queues[image].under_way.size(), Settled{true, 0, std::nullopt}));
               }));
  }

  void write(ImageId image, const Seen<ImageGate>& gate) {
    const std::vector<Removal>& removals = queues[image].under_way;
    ImageGate after = gate.value;
    for (const Removal& removal : removals) {
      after = gate_after_removal(removal.record.value, after, runtime.random().next());
    }
    calls.pursue(request_of(removals, image, gate, after),
                 guarded([this, image, after](const Settled& settled) { on_settled(image, after, settled); }));
  }

  void on_settled(ImageId image, const ImageGate& after, const Settled& settled) {
    Queue& queue = queues[image];
    if (!settled.done) {
      seen.doubt(image);
      return look_at(image, {});
    }
    seen.learn(image, {after, settled.revision});
    queue.back_off = {};
    finish(image, std::vector(queue.under_way.size(), Settled{true, 0, std::nullopt}));
  }

  // Which of the records has changed, and is it gone? Perhaps it was our own write, and another one came after it.
  void look_at(ImageId image, std::vector<Settled> outcomes) {
    const auto& removals = queues[image].under_way;
    if (outcomes.size() == removals.size()) {
      return calls.pause(queues[image].back_off, guarded([this, image, outcomes = std::move(outcomes)]() mutable {
                           finish(image, std::move(outcomes));
                         }));
    }
    const std::string key = nexus_key(removals[outcomes.size()].record.value.name);
    calls.read(key, guarded([this, image, outcomes = std::move(outcomes)](std::optional<Entry> found) mutable {
                 const bool gone = !found;
                 outcomes.push_back(Settled{gone, 0, std::move(found)});
                 look_at(image, std::move(outcomes));
               }));
  }

  // Whoever is told may ask again at once: that goes behind the others.
  void finish(ImageId image, std::vector<Settled> outcomes) {
    auto removals = std::exchange(queues[image].under_way, {});
    for (std::size_t i = 0; i < removals.size(); ++i) removals[i].done(outcomes[i]);
    queues[image].busy = false;
    next(image);
  }

  Runtime& runtime;
  MetaCalls& calls;
  SeenSessions& seen;
  std::map<ImageId, Queue> queues;
};

RecordRemovals::RecordRemovals(Runtime& runtime, MetaCalls& calls, SeenSessions& seen)
    : impl_(std::make_shared<Impl>(runtime, calls, seen)) {}
RecordRemovals::~RecordRemovals() = default;

// Posted, so that those that are asked for together go together.
void RecordRemovals::remove(const Seen<NexusRecord>& record, Completion<Settled> done) {
  const ImageId image = record.value.name.image;
  impl_->queues[image].waiting.push_back({record, std::move(done)});
  impl_->runtime.post(impl_->guarded([impl = impl_.get(), image] { impl->next(image); }));
}

}  // namespace shoal::cluster

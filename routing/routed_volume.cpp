#include "routing/routed_volume.h"

#include <algorithm>
#include <set>
#include <tuple>

#include "routing/page_message.h"
#include "routing/router.h"
#include "target/base/check.h"

namespace shoal::routing {
namespace {

std::vector<StoreId> owners_of(const PageMap& map) {
  std::vector<StoreId> owners;
  for (const auto& [store, pages] : map.counts()) {
    if (pages > 0) owners.push_back(store);
  }
  return owners;
}

// What cannot be done, whatever the group's state.
bool possible(const Operation& operation, std::uint64_t parts) {
  if (operation.kind != OperationKind::compare_and_write) return true;
  if (operation.range.count > kMaxCompareBytes / kBlockBytes) return false;
  return parts == 1 || !operation.origin.nexus.is_zero();  // an abort of nobody's ranges would be one of everybody's
}

bool carries_data(OperationKind kind) { return kind == OperationKind::read || kind == OperationKind::write; }

bool moves_blocks(OperationKind kind) { return kind == OperationKind::read || is_mutation(kind); }

}  // namespace

RoutedVolume::RoutedVolume(Private, Router& router, PageMap::Snapshot map)
    : router_(&router), map_(std::move(map)), owners_(owners_of(*map_)) {}

std::uint64_t RoutedVolume::size_blocks() const { return map_->image().size_bytes / kBlockBytes; }

// ---- beginning --------------------------------------------------------------------------------------------------

void RoutedVolume::submit_probed(Operation&& operation, Completion<IoResult>&& done,
                                 const std::shared_ptr<RequestProbe>& probe) {
  if (!router_) return done(IoResult{.status = IoStatus::failed});
  CHECK(operation.range.first.value + operation.range.count <= size_blocks(), operation.range.first,
        operation.range.count);
  // What changes nothing cannot come too late: all that counts is how long it waits here.
  Time& issued_at = operation.origin.issued_at;
  if (issued_at == Time{} || !is_mutation(operation.kind)) issued_at = router_->runtime_.now();
  Slot& slot = acquire();
  const bool flush = operation.kind == OperationKind::flush;
  slot.op.begin(std::move(operation), std::move(done), map_->image(), flush ? owners_ : std::vector<StoreId>{},
                router_->limits_.parts_in_flight);
  const Operation& begun = slot.op.operation();
  if (probe && moves_blocks(begun.kind)) {
    slot.probe = probe;
    slot.probe->started(begun);
  }
  if (router_->runtime_.now() - begun.origin.issued_at > router_->limits_.max_age) slot.op.fail(IoStatus::owner_silent);
  if (!possible(begun, slot.op.parts())) slot.op.fail(IoStatus::failed);
  start_parts(slot);
}

RoutedVolume::Slot& RoutedVolume::acquire() {
  if (free_.empty()) {
    free_.push_back(static_cast<std::uint32_t>(slots_.size()));
    slots_.emplace_back().index = free_.back();
  }
  Slot& slot = slots_[free_.back()];
  free_.pop_back();
  slot.serial = ++last_serial_;
  if (counters_.in_progress++ == 0) keep_ = shared_from_this();
  return slot;
}

void RoutedVolume::start_parts(Slot& slot) {
  if (slot.busy) return;
  slot.busy = true;
  while (OperationPart* part = slot.op.start_next()) {
    const bool hopeless = slot.op.begins_to_write(*part) && !may_begin_to_write(slot);
    hopeless ? slot.op.end(*part, IoStatus::owner_silent) : place(slot, *part);
  }
  slot.busy = false;
  finish_if_done(slot);
}

// Of several rounds: so far nothing is changed. What begins late may find an owner that refuses it for its age, and an
// owner that is out of reach may stay so: then it would be half written.
bool RoutedVolume::may_begin_to_write(const Slot& slot) const {
  if (past(slot, router_->limits_.max_age - router_->limits_.settle)) return false;
  return std::ranges::all_of(slot.op.keepers(), [this](MemberId keeper) {
    return keeper == router_->self_ || router_->links_->endpoint(keeper) != nullptr;
  });
}

// ---- one part ---------------------------------------------------------------------------------------------------

// Sends the part to its owner as map, directory and links stand now, or holds it.
void RoutedVolume::place(Slot& slot, OperationPart& part) {
  const bool flush = slot.op.operation().kind == OperationKind::flush;
  const Owner owner = flush ? Owner{part.store, kFirstEpoch} : map_->owner(part.where.page);
  const Router::Where where = router_->where(owner.store);
  if (std::holds_alternative<Router::Lost>(where)) return slot.op.end(part, IoStatus::data_lost);
  if (std::holds_alternative<Router::Local>(where)) {
    return send(slot, part, owner, router_->pages_.for_sessions(), router_->self_);
  }
  if (const auto* member = std::get_if<MemberId>(&where)) {
    if (PageEndpoint* endpoint = router_->links_->endpoint(*member)) return send(slot, part, owner, *endpoint, *member);
  }
  hold(slot, part);
}

void RoutedVolume::send(Slot& slot, OperationPart& part, const Owner& owner, PageEndpoint& endpoint, MemberId member) {
  if (part.repeated) {
    ++counters_.repeated;
  } else if (slot.probe && !slot.op.writes_after_compare()) {
    slot.probe->placed(part.where, member, part.number == 0);
  }
  part.repeated = true;
  part.state = PartState::sent;
  part.asked = member;
  if (slot.op.keeps(part)) slot.op.keeping_at(member);
  endpoint.submit(slot.op.request(part, owner),
                  [self = shared_from_this(), index = slot.index, number = part.number](PageResult result) {
                    self->on_result(index, number, std::move(result));
                  });
}

void RoutedVolume::on_result(std::uint32_t index, std::uint32_t number, PageResult result) {
  if (!router_) return;
  Slot& slot = slots_[index];
  take(slot, slot.op.part(number), std::move(result));
  start_parts(slot);
}

void RoutedVolume::take(Slot& slot, OperationPart& part, PageResult result) {
  if (result.status == PageStatus::unreachable) {
    slot.op.broke(part, router_->runtime_.now() + router_->limits_.settle);
    return hold(slot, part);
  }
  slot.op.answered(part);
  if (result.status == PageStatus::wrong_store) {
    ++counters_.wrong_store;
    router_->stale_map(map_->image().id);
    return hold(slot, part);
  }
  if (result.status != PageStatus::ok) {
    return slot.op.end(part, slot.op.error_of(part, result.status), result.detail);
  }
  const bool local = part.asked == router_->self_;
  ++(local ? counters_.local_parts : counters_.forwarded_parts);
  if (carries_data(slot.op.operation().kind)) {
    (local ? counters_.local_bytes : counters_.forwarded_bytes) += part.where.length;
  }
  slot.op.end_ok(part, std::move(result));
}

bool RoutedVolume::past(const Slot& slot, Duration age) const {
  return router_->runtime_.now() >= slot.op.operation().origin.issued_at + age;
}

// Until its owner can be asked (again), or page_hold has passed. What has failed already does not wait.
void RoutedVolume::hold(Slot& slot, OperationPart& part) {
  if (slot.op.status() != IoStatus::ok || past(slot, router_->limits_.page_hold)) {
    return slot.op.end(part, IoStatus::owner_silent);
  }
  part.state = PartState::held;
  if (!std::exchange(part.waited, true)) ++counters_.held;
  ++counters_.held_now;
  router_->arm();
}

void RoutedVolume::release_held(Slot& slot, OperationPart& part) {
  --counters_.held_now;
  if (slot.op.status() != IoStatus::ok || past(slot, router_->limits_.page_hold)) {
    return slot.op.end(part, IoStatus::owner_silent);
  }
  place(slot, part);
}

// ---- what waits -------------------------------------------------------------------------------------------------

bool RoutedVolume::review(Time now) {
  const auto self = shared_from_this();
  for (std::size_t i = 0; i < slots_.size(); ++i) review(slots_[i]);
  return counters_.held_now > 0 || std::ranges::any_of(slots_, [now](const Slot& slot) {
           return slot.op.active() && slot.op.parts_ended() && !slot.op.finished(now);
         });
}

void RoutedVolume::review(Slot& slot) {
  if (!slot.op.active() || slot.busy) return;
  slot.busy = true;
  slot.op.for_each_open_part([&](OperationPart& part) {
    if (part.state == PartState::held) release_held(slot, part);
  });
  slot.busy = false;
  start_parts(slot);
}

void RoutedVolume::set_map(PageMap::Snapshot map) {
  CHECK(map->image().id == map_->image().id, map->image().id, map_->image().id);
  map_ = std::move(map);
  owners_ = owners_of(*map_);
  if (router_) review(router_->runtime_.now());
}

std::vector<std::pair<StoreId, std::string>> RoutedVolume::lost_stores() const {
  std::vector<std::pair<StoreId, std::string>> lost;
  if (!router_) return lost;
  for (const StoreId& store : owners_) {
    if (std::holds_alternative<Router::Lost>(router_->where(store))) lost.emplace_back(store, router_->why_lost(store));
  }
  return lost;
}

// ---- ending -----------------------------------------------------------------------------------------------------

void RoutedVolume::finish_if_done(Slot& slot) {
  if (slot.busy || !slot.op.active() || !slot.op.parts_ended()) return;
  const Time now = router_->runtime_.now();
  if (!slot.op.finished(now)) return router_->arm();
  if (const auto probe = std::exchange(slot.probe, nullptr)) probe->ended(now);
  const Origin origin = slot.op.operation().origin;
  const auto keepers = slot.op.status() == IoStatus::ok ? std::vector<MemberId>{} : slot.op.keepers();
  auto [done, result] = slot.op.finish();
  ++counters_.operations;
  if (result.status != IoStatus::ok) ++counters_.failed;
  if (result.status == IoStatus::owner_silent) ++counters_.owner_silent;
  if (result.status == IoStatus::data_lost) ++counters_.data_lost;
  free_.push_back(slot.index);
  const auto kept = --counters_.in_progress == 0 ? std::exchange(keep_, nullptr) : keep_;
  const std::uint64_t serial = slot.serial;
  let_go(keepers, origin);
  done(std::move(result));
  if (router_) count_aborts(origin, serial);
}

// ---- abort ------------------------------------------------------------------------------------------------------

std::vector<RoutedVolume::Slot*> RoutedVolume::selected(const AbortSelection& selection) {
  std::vector<Slot*> found;
  for (Slot& slot : slots_) {
    if (slot.op.active() && selects(selection, slot.op.operation().origin)) found.push_back(&slot);
  }
  return found;
}

void RoutedVolume::abort(const AbortSelection& selection, Completion<> done) {
  const auto self = shared_from_this();
  const std::vector<Slot*> slots = selected(selection);
  if (slots.empty()) return done();
  const std::uint64_t up_to = last_serial_;
  aborts_.push_back({selection, up_to, slots.size(), std::move(done)});
  for (Slot* slot : slots) {
    if (!slot->op.writes_after_compare()) slot->op.fail(IoStatus::aborted);
  }
  hasten(slots, selection);
  for (Slot* slot : slots) {
    if (slot->serial <= up_to) review(*slot);  // ends what it holds
  }
}

// Tells the owners that have parts of them. A selection is never wider there than here: another member's sessions may
// use the same owner, and what has begun to write after a compare is to be written as a whole.
void RoutedVolume::hasten(const std::vector<Slot*>& slots, const AbortSelection& selection) {
  std::set<NexusId> one_by_one;
  for (const Slot* slot : slots) {
    if (slot->op.writes_after_compare()) one_by_one.insert(slot->op.operation().origin.nexus);
  }
  std::set<std::tuple<MemberId, NexusId, Generation, OperationId>> told;
  for (Slot* slot : slots) {
    if (slot->op.writes_after_compare()) continue;
    const Origin& origin = slot->op.operation().origin;
    const OperationId id = one_by_one.contains(origin.nexus) ? origin.id : selection.id;
    slot->op.for_each_open_part([&](OperationPart& part) {
      if (part.state == PartState::sent) told.emplace(part.asked, origin.nexus, origin.generation, id);
    });
  }
  for (const auto& [member, nexus, generation, id] : told) tell_abort(member, {nexus, id, generation});
}

// What an operation that has failed may keep. Who cannot be told lets go by itself, in time.
void RoutedVolume::let_go(const std::vector<MemberId>& keepers, const Origin& origin) {
  for (const MemberId keeper : keepers) tell_abort(keeper, {origin.nexus, origin.id, origin.generation});
}

void RoutedVolume::tell_abort(MemberId member, const AbortSelection& selection) {
  if (!router_) return;
  if (member == router_->self_) return router_->pages_.abort(map_->image().id, selection, [] {});
  router_->links_->abort(member, map_->image().id, selection, [] {});
}

void RoutedVolume::count_aborts(const Origin& origin, std::uint64_t serial) {
  std::vector<Completion<>> ended;
  std::erase_if(aborts_, [&](AbortWait& wait) {
    if (serial > wait.up_to || !selects(wait.selection, origin) || --wait.remaining > 0) return false;
    ended.push_back(std::move(wait.done));
    return true;
  });
  for (auto& done : ended) done();
}

void RoutedVolume::close() {
  router_ = nullptr;
  slots_.clear();  // what waits for an answer may hold this volume
  aborts_.clear();
  keep_.reset();
}

}  // namespace shoal::routing

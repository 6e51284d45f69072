#include "routing/operation_in_progress.h"

#include <algorithm>
#include <utility>

#include "routing/page_message.h"
#include "target/base/check.h"

namespace shoal::routing {
namespace {

// lba_status answers for as many pages as it is asked to look at.
BlockRange range_to_cut(const Operation& operation, std::uint32_t page_bytes) {
  BlockRange range = operation.range;
  if (operation.kind != OperationKind::lba_status) return range;
  const std::uint64_t page_blocks = page_bytes / kBlockBytes;
  const std::uint64_t end = (range.first.value / page_blocks + kMaxLbaStatusPages) * page_blocks;
  range.count = std::min(range.count, end - range.first.value);
  return range;
}

std::uint32_t most_bytes(OperationKind kind) {
  const bool carries_data = kind == OperationKind::read || kind == OperationKind::write;
  return carries_data ? kMaxRequestBytes : kMaxPageBytes;
}

}  // namespace

void OperationInProgress::begin(Operation operation, Completion<IoResult> done, const Image& image,
                                std::vector<StoreId> owners, std::uint32_t window) {
  CHECK(!active_ && window > 0, window);
  operation_ = std::move(operation);
  done_ = std::move(done);
  active_ = true;
  page_bytes_ = image.page_bytes;
  image_ = image.id;
  owners_ = std::move(owners);
  keeping_parts_ = 0;
  keepers_.clear();
  splitter_.reset();
  if (operation_.kind == OperationKind::flush) {
    parts_ = owners_.size();
  } else {
    cut();
    parts_ = splitter_->count();
  }
  if (operation_.kind == OperationKind::compare_and_write && parts_ > 1) {
    keeping_parts_ = parts_;
    parts_ *= 2;
  }
  front_ = next_ = 0;
  window_.resize(std::clamp<std::uint64_t>(parts_, 1, window));
  settled_at_ = {};
  result_ = {};
  applied_ = gap_ = false;
}

bool OperationInProgress::more() const { return next_ < parts_ && result_.status == IoStatus::ok && !gap_; }

void OperationInProgress::cut() {
  splitter_.emplace(range_to_cut(operation_, page_bytes_), page_bytes_, most_bytes(operation_.kind));
}

OperationPart* OperationInProgress::start_next() {
  if (!more() || next_ - front_ == window_.size()) return nullptr;
  const bool waits_for_all_before = next_ <= keeping_parts_;
  if (waits_for_all_before && front_ != next_) return nullptr;
  if (next_ > 0 && next_ == keeping_parts_) cut();  // once more
  OperationPart& started = part(next_);
  started = OperationPart{.number = next_, .state = PartState::sent};
  if (splitter_) {
    started.where = *splitter_->next();
  } else {
    started.store = owners_[next_];
  }
  ++next_;
  return &started;
}

PageRequest OperationInProgress::request(const OperationPart& part, const Owner& owner) const {
  PageRequest request{.kind = operation_.kind,
                      .page = {image_, part.where.page},
                      .offset = part.where.offset,
                      .length = part.where.length,
                      .fua = operation_.fua,
                      .keep = keeps(part),
                      .epoch = owner.epoch,
                      .store = owner.store,
                      .origin = operation_.origin,
                      .part = part.number};
  request.data = data_of(part);
  return request;
}

Slices OperationInProgress::data_of(const OperationPart& part) const {
  if (parts_ == 1 || operation_.data.empty()) return operation_.data;
  Slices data = sub_slices(operation_.data, part.where.at, part.where.length);
  if (operation_.kind != OperationKind::compare_and_write || keeps(part)) return data;
  const std::uint64_t to_write = operation_.range.count * kBlockBytes;  // behind all that is compared
  for (Slice& slice : sub_slices(operation_.data, to_write + part.where.at, part.where.length)) {
    data.push_back(std::move(slice));
  }
  return data;
}

void OperationInProgress::keeping_at(MemberId owner) {
  if (std::ranges::find(keepers_, owner) == keepers_.end()) keepers_.push_back(owner);
}

// A compare that differs after an attempt of unknown outcome may have met what that attempt wrote, at an owner that has
// been killed since and has no record of it. In the second round, what was equal and was kept is not there any more:
// the owner was killed, and others came between, while another part may have been written.
IoStatus OperationInProgress::error_of(const OperationPart& part, PageStatus status) const {
  if (status == PageStatus::miscompare && part.doubted) return IoStatus::owner_silent;
  const bool kept_no_more = status == PageStatus::miscompare || status == PageStatus::stale_reservation;
  return writes_after_compare() && kept_no_more ? IoStatus::failed : to_io_status(status);
}

void OperationInProgress::broke(OperationPart& part, Time settled_at) {
  if (!is_mutation(operation_.kind) || keeps(part)) return;
  part.doubted = applied_ = true;
  const bool elsewhere = part.in_doubt() && part.broke != part.asked;
  part.broke = elsewhere ? MemberId{} : part.asked;
  part.settled_at = std::max(part.settled_at, settled_at);
}

void OperationInProgress::answered(OperationPart& part) {
  if (part.in_doubt() && part.broke == part.asked) part.settled_at = {};
}

void OperationInProgress::end_ok(OperationPart& part, PageResult result) {
  applied_ = applied_ || (is_mutation(operation_.kind) && !keeps(part));
  part.data = std::move(result.data);
  part.lba_status = std::move(result.lba_status);
  part.state = PartState::ended;
  advance();
}

void OperationInProgress::end(OperationPart& part, IoStatus status, std::uint64_t detail) {
  fail(status, part.where.at + detail);
  part.state = PartState::ended;
  advance();
}

void OperationInProgress::fail(IoStatus status, std::uint64_t detail) {
  if (result_.status != IoStatus::ok) return;
  result_ = IoResult{.status = status, .detail = detail};
}

void OperationInProgress::advance() {
  for (; front_ != next_ && part(front_).state == PartState::ended; ++front_) {
    OperationPart& ended = part(front_);
    settled_at_ = std::max(settled_at_, ended.settled_at);
    gather(ended);
  }
}

void OperationInProgress::gather(OperationPart& part) {
  Slices data = std::exchange(part.data, {});
  if (result_.status != IoStatus::ok) return;
  if (result_.data.empty()) {
    result_.data = std::move(data);
  } else {
    result_.data.insert(result_.data.end(), data.begin(), data.end());
  }
  if (operation_.kind == OperationKind::lba_status) gather_lba_status(part);
}

// From blocks of the page to blocks of the unit. An owner may tell less than the whole part, but from its beginning on.
void OperationInProgress::gather_lba_status(OperationPart& part) {
  if (gap_) return;
  const std::uint64_t page_begin = part.where.page.value * (page_bytes_ / kBlockBytes);
  std::uint64_t at = part.where.offset / kBlockBytes;
  const std::uint64_t end = at + part.where.length / kBlockBytes;
  for (const LbaStatus& extent : part.lba_status) {
    if (extent.range.first.value != at || extent.range.count == 0 || extent.range.count > end - at) {
      return fail(IoStatus::failed);
    }
    auto& told = result_.lba_status;
    if (!told.empty() && told.back().mapped == extent.mapped) {
      told.back().range.count += extent.range.count;
    } else {
      told.push_back({{Lba{page_begin + at}, extent.range.count}, extent.mapped});
    }
    at += extent.range.count;
  }
  if (at != end) gap_ = true;
  if (result_.lba_status.empty()) fail(IoStatus::failed);
}

std::pair<Completion<IoResult>, IoResult> OperationInProgress::finish() {
  CHECK(active_ && parts_ended(), front_, next_, parts_);
  active_ = false;
  if (result_.status == IoStatus::stale_reservation) {
    result_.detail = applied_ ? 1 : 0;
    result_.data = std::move(operation_.data);
  }
  operation_ = {};
  return {std::move(done_), std::move(result_)};
}

IoStatus to_io_status(PageStatus status) {
  switch (status) {
    case PageStatus::ok: return IoStatus::ok;
    case PageStatus::fenced: return IoStatus::fenced;
    case PageStatus::stale_reservation: return IoStatus::stale_reservation;
    case PageStatus::miscompare: return IoStatus::miscompare;
    case PageStatus::medium_error: return IoStatus::medium_error;
    case PageStatus::no_space: return IoStatus::no_space;
    case PageStatus::failed: return IoStatus::failed;
    case PageStatus::aborted: return IoStatus::aborted;
    // Too old for its owner (ghost writes, rule (d)), or its owner is not to be found: the host may try again.
    case PageStatus::ghost:
    case PageStatus::wrong_store:
    case PageStatus::unreachable: return IoStatus::owner_silent;
  }
  return IoStatus::failed;
}

}  // namespace shoal::routing

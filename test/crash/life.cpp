#include "test/crash/life.h"

#include <fmt/format.h>

#include <algorithm>

#include "test/crash/observe.h"

namespace shoal::crash {

using routing::Durability;
using routing::PageId;
using routing::PageRecord;
using routing::RecordKind;
using routing::StoreError;
using Kind = Action::Kind;

namespace {

constexpr Duration kIdle = 30s;
constexpr NexusId kNexus{{7}};

RecordKind record_kind(Kind kind) {
  switch (kind) {
    case Kind::zero: return RecordKind::zero;
    case Kind::unmap: return RecordKind::unmap;
    case Kind::promise: return RecordKind::promise;
    case Kind::voided: return RecordKind::voided;
    case Kind::fence: return RecordKind::fence;
    default: return RecordKind::data;
  }
}

}  // namespace

Life::Life(const StoreDriver& driver, Past past, std::uint64_t seed, Fault fault)
    : driver_(driver),
      past_(std::move(past)),
      model_(past_.model),
      next_operation_(past_.next_operation),
      second_image_(past_.second_image),
      runtime_(past_.device.contents(), seed, history_, fault, driver.breach()) {}

Past Life::next(SurvivingDisk device, Model model) const {
  return {std::move(device), std::move(model), next_operation_, second_image_, past_.may_be_full};
}

// ---- beginning and end

bool Life::open() {
  std::optional<Result<std::unique_ptr<routing::PageStore>, std::string>> opened;
  opening_ = driver_.open(runtime_, [&opened](auto result) { opened = std::move(result); });
  wait_until([&] { return opened.has_value(); });
  opening_.reset();
  if (ended_) return false;
  if (!*opened) {
    end("the store does not open: " + opened->error());
    return false;
  }
  store_ = std::move(**opened);
  tell([](Model& model) { model.opened(); });
  return true;
}

bool Life::close() {
  wait_for_all();
  if (ended_) return false;
  std::optional<bool> closed;
  driver_.close(*store_, [&closed](Result<void, StoreError> result) { closed = result.has_value(); });
  wait_until([&] { return closed.has_value(); });
  store_.reset();
  if (!ended_ && !*closed) end("the store does not close");
  return !ended_;
}

void Life::reopen() {
  const auto waiting = model_.waiting_for_sync();
  if (!close()) return;
  tell([waiting](Model& model) { model.synced(waiting); });
  open();
}

void Life::leave_canary() {
  wait_for_all();
  const BlockId canary{{ImageId{1}, PageIndex{0}}, kPageBlocks - 1};
  tell([canary](Model& model) { model.canary(canary); });
  run({{.offset = canary.block * kPhysicalBlockBytes, .length = kPhysicalBlockBytes}});
}

std::optional<Observation> Life::observe() {
  wait_for_all();
  if (ended_) return std::nullopt;
  auto seen = crash::observe(runtime_, *store_, model_);
  if (!seen) fail("the store does not answer reads");
  return seen;
}

void Life::remember(const Observation& seen) {
  tell([seen](Model& model) { model.observed(seen); });
}

// ---- what happens in between

void Life::run(const Actions& actions) {
  for (const Action& action : actions) {
    if (ended_) return;
    perform(action);
    if (!action.together) wait_for_all();
  }
  wait_for_all();
}

void Life::perform(const Action& action) {
  switch (action.kind) {
    case Kind::sync: return start_sync();
    case Kind::reopen: return reopen();
    case Kind::idle: wait_for_all(); return runtime_.run_for(kIdle);
    case Kind::look: return look();
    case Kind::describe: return describe(image_of(action));
    case Kind::drop:
      start({.kind = Operation::Kind::drop, .image = second_image_}, {.page = {second_image_, {}}, .whole_image = true},
            Durability::durable);
      second_image_.value += 1;
      return describe(second_image_);
    default: return perform_records(action);
  }
}

void Life::perform_records(const Action& action) {
  const PageId page{image_of(action), PageIndex{action.page}};
  if (!model_.is_described(page.image)) describe(page.image);
  const bool data = action.kind == Kind::write || action.kind == Kind::zero || action.kind == Kind::unmap;
  Busy busy{page, false, 0, kPageBlocks};
  if (data) {
    busy.first_block = action.offset / kPhysicalBlockBytes;
    busy.end_block = (action.offset + action.length + kPhysicalBlockBytes - 1) / kPhysicalBlockBytes;
  }
  wait_until([&] { return !overlaps(busy); });  // the epoch depends on what is under way
  if (ended_ || !took_note_of(page.image)) return;
  start({.records = {make_record(action, page)}}, busy, data ? action.durability : Durability::durable);
}

// A full store may not have: then nobody brings records of that image.
bool Life::took_note_of(ImageId image) const {
  return !past_.may_be_full || fault_happened() || store_->image_note(image).has_value();
}

PageRecord Life::make_record(const Action& action, const PageId& page) const {
  PageRecord record{.kind = record_kind(action.kind), .page = page};
  record.version = {model_.epoch_of(page), next_operation_};
  switch (action.kind) {
    case Kind::promise: record.version = {Epoch{record.version.epoch.value + 1}, 0}; break;
    case Kind::fence:
      record.page.index = {};
      record.version = {};
      record.origin = {.nexus = kNexus, .generation = Generation{next_operation_}};
      break;
    case Kind::voided: record.attempt = static_cast<std::uint32_t>(next_operation_); [[fallthrough]];
    default: record.offset = action.offset; record.length = action.length;
  }
  return record;
}

void Life::start(Operation operation, Busy busy, Durability durability) {
  wait_until([&] { return !overlaps(busy); });
  if (ended_) return;
  operation.number = next_operation_++;
  busy_[operation.number] = busy;
  tell([operation](Model& model) { model.ask(operation); });
  auto done = [this, number = operation.number, durability](Result<void, StoreError> result) {
    finish(number, result, durability);
  };
  switch (operation.kind) {
    case Operation::Kind::describe: return store_->describe_image(operation.image, operation.note, std::move(done));
    case Operation::Kind::drop: return store_->drop_image(operation.image, std::move(done));
    case Operation::Kind::records: break;
  }
  for (PageRecord& record : operation.records) {
    if (record.kind == RecordKind::data) {
      record.data = {stamped_data(operation.number, record.offset, record.length)};
    }
  }
  store_->apply(std::move(operation.records), durability, std::move(done));
}

void Life::describe(ImageId image) {
  start({.kind = Operation::Kind::describe,
         .image = image,
         .note = {.page_bytes = kPageBytes, .text = fmt::format("note {}", next_operation_)}},
        {.page = {image, {}}, .whole_image = true}, Durability::durable);
}

void Life::finish(OperationNumber operation, Result<void, StoreError> result, Durability durability) {
  busy_.erase(operation);
  if (result) {
    tell([operation, durability](Model& model) { model.answered(operation, durability); });
  } else if (!fault_happened() && !(past_.may_be_full && result.error() == StoreError::no_space)) {
    fail(fmt::format("operation {} ends with '{}'", operation, to_string(result.error())));
  }
}

void Life::start_sync() {
  wait_until([this] { return !syncing_; });
  if (ended_) return;
  syncing_ = true;
  store_->sync([this, waiting = model_.waiting_for_sync()](Result<void, StoreError> result) {
    syncing_ = false;
    if (result) {
      tell([waiting](Model& model) { model.synced(waiting); });
    } else if (!fault_happened()) {
      fail(fmt::format("sync ends with '{}'", to_string(result.error())));
    }
  });
}

void Life::look() {
  const auto seen = observe();
  if (!seen) return;
  if (auto difference = model_.difference(*seen, !fault_happened())) fail("read: " + *difference);
}

// ---- waiting

void Life::tell(std::function<void(Model&)> event) {
  event(model_);
  history_.push_back(Told{std::move(event)});
}

void Life::fail(std::string what) {
  ended_ = true;
  if (!failure_) failure_ = std::move(what);
}

void Life::end(std::string what) {
  ended_ = true;
  if (!fault_happened()) fail(std::move(what));
}

void Life::wait_until(const std::function<bool()>& done) {
  if (!ended_ && !runtime_.run_until([&] { return ended_ || done(); })) fail("the store does not answer");
}

bool Life::overlaps(const Busy& busy) const {
  return std::ranges::any_of(busy_, [&](const auto& each) {
    const Busy& other = each.second;
    if (busy.page.image != other.page.image) return false;
    if (busy.whole_image || other.whole_image) return true;
    return busy.page == other.page && busy.first_block < other.end_block && other.first_block < busy.end_block;
  });
}

}  // namespace shoal::crash

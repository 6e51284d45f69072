#include "routing/journal_store/device.h"

#include <fmt/format.h>

namespace shoal::routing::journal {
namespace {

constexpr Duration kShortageRetry = 20ms;

}  // namespace

void Device::read(BlockNumber at, MutableByteSpan into, Done done) {
  file_->read(byte_of(at), into,
              [wanted = into.size(), done = std::move(done)](Result<std::size_t, FileError> got) mutable {
                if (got && *got == wanted) return done({});
                const bool shortage = !got && got.error() == FileError::no_resources;
                done(shortage ? StoreError::no_resources : StoreError::medium_error);
              });
}

void Device::write(BlockNumber at, Slices data, SyncMode mode, Done done) {
  put(at, std::move(data), mode, IfFull::fail, std::move(done));
}

void Device::extend(BlockNumber at, Slices zeros, Done done) {
  put(at, std::move(zeros), SyncMode::none, IfFull::say, std::move(done));
}

void Device::put(BlockNumber at, Slices data, SyncMode mode, IfFull if_full, Done done) {
  if (!state_.in_service) return done(StoreError::out_of_service);
  file_->write(byte_of(at), std::move(data), mode,
               [this, at, if_full, done = std::move(done)](Result<void, FileError> result) mutable {
                 if (result) return done(success());
                 if (result.error() == FileError::no_space && if_full == IfFull::say) return done(StoreError::no_space);
                 on_failed(fmt::format("a write at byte {}", byte_of(at)), result.error(), std::move(done));
               });
}

void Device::sync(Done done) {
  if (!state_.in_service) return done(StoreError::out_of_service);
  file_->sync([this, done = std::move(done)](Result<void, FileError> result) mutable {
    if (result) return done(success());
    on_failed("a sync", result.error(), std::move(done));
  });
}

void Device::ask_again(Completion<> ask) {
  const std::uint64_t number = next_retry_++;
  retries_[number] = runtime_.after(kShortageRetry, [this, number, ask = std::move(ask)]() mutable {
    const auto self = retries_.extract(number);
    ask();
  });
}

Result<void, StoreError> Device::success() const {
  if (!state_.in_service) return StoreError::out_of_service;
  return {};
}

void Device::on_failed(const std::string& what, FileError error, Done done) {
  fail(what, to_string(error));
  done(StoreError::out_of_service);
}

void Device::close() {
  retries_.clear();
  file_.reset();
}

void Device::fail(const std::string& what, const std::string& why) {
  if (!state_.in_service) return;
  state_ = {false, fmt::format("{}: {} failed: {}", path_, what, why)};
  log_.error("store_out_of_service path={} reason={}", quoted(path_), quoted(state_.reason));
}

}  // namespace shoal::routing::journal

#include "target/scsi/answer.h"

#include <algorithm>

#include "target/base/check.h"

namespace shoal::scsi {

namespace {
CommandResult of_status(std::uint8_t status) { return {.status = status}; }

Sense miscompare_at(std::uint64_t offset) {
  Sense sense = sense::kMiscompare;
  sense.information = offset;
  return sense;
}
}  // namespace

CommandResult check_condition(const Sense& sense) { return {.status = status::kCheckCondition, .sense = sense}; }

CommandResult good(Slice data, std::uint64_t allocation_length) {
  const std::size_t bytes = std::min<std::uint64_t>(data.size(), allocation_length);
  CommandResult result{.status = status::kGood, .transfer_bytes = bytes};
  if (bytes != 0) result.data.push_back(data.sub(0, bytes));
  return result;
}

CommandResult good(ByteSpan data, std::uint64_t allocation_length) {
  return good(Slice::copy_of(data), allocation_length);
}

Slice parameter_list(const CommandRequest& request, std::size_t announced) {
  if (!request.write) return Slice();
  const Slice given = flatten(request.data);
  return given.sub(0, std::min(given.size(), announced));
}

CommandResult reservation_conflict() { return of_status(status::kReservationConflict); }

CommandResult result_of_change(UnitAnswer answer, std::uint64_t taken_bytes) {
  switch (answer) {
    case UnitAnswer::good: return {.status = status::kGood, .transfer_bytes = taken_bytes};
    case UnitAnswer::conflict: return reservation_conflict();
    case UnitAnswer::invalid_field_in_cdb: return check_condition(sense::kInvalidFieldInCdb);
    case UnitAnswer::invalid_field_in_list: return check_condition(sense::kInvalidFieldInParameterList);
    case UnitAnswer::invalid_release: return check_condition(sense::kInvalidRelease);
    case UnitAnswer::insufficient_resources: return check_condition(sense::kInsufficientRegistrations);
    case UnitAnswer::unavailable: return of_status(status::kBusy);
  }
  CHECK(false, static_cast<int>(answer));
  return {};
}

CommandResult failure(const IoResult& result) {
  switch (result.status) {
    case IoStatus::ok: break;
    case IoStatus::owner_silent: return check_condition(sense::kBecomingReady);
    case IoStatus::data_lost: return check_condition(sense::kPortUnavailable);
    case IoStatus::miscompare: return check_condition(miscompare_at(result.detail));
    case IoStatus::medium_error: return check_condition(sense::kUnrecoveredReadError);
    case IoStatus::no_space: return check_condition(sense::kSpaceAllocationFailed);
    case IoStatus::failed: return check_condition(sense::kInternalTargetFailure);
    case IoStatus::stale_reservation: return of_status(status::kBusy);
    case IoStatus::fenced:
    case IoStatus::aborted: return of_status(status::kTaskAborted);
  }
  CHECK(false, static_cast<int>(result.status));
  return {};
}

}  // namespace shoal::scsi

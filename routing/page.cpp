#include "routing/page.h"

namespace shoal::routing {

const char* to_string(PageStatus status) {
  switch (status) {
    case PageStatus::ok: return "ok";
    case PageStatus::wrong_store: return "wrong_store";
    case PageStatus::fenced: return "fenced";
    case PageStatus::ghost: return "ghost";
    case PageStatus::stale_reservation: return "stale_reservation";
    case PageStatus::miscompare: return "miscompare";
    case PageStatus::medium_error: return "medium_error";
    case PageStatus::no_space: return "no_space";
    case PageStatus::failed: return "failed";
    case PageStatus::aborted: return "aborted";
    case PageStatus::unreachable: return "unreachable";
  }
  return "unknown";
}

bool selects(const AbortSelection& selection, const Origin& origin) {
  return (selection.nexus.is_zero() || selection.nexus == origin.nexus) &&
         (selection.id == OperationId{} || selection.id == origin.id) &&
         (selection.generation == Generation{} || selection.generation == origin.generation);
}

bool may_change_data(const PageRequest& request) { return is_mutation(request.kind) && !request.keep; }

std::size_t weight(const PageRequest& request) {
  return request.kind == OperationKind::read ? request.length : total_size(request.data);
}

}  // namespace shoal::routing

#include "target/ports/block_device.h"

namespace shoal {

const char* to_string(IoStatus status) {
  switch (status) {
    case IoStatus::ok: return "ok";
    case IoStatus::owner_silent: return "owner_silent";
    case IoStatus::data_lost: return "data_lost";
    case IoStatus::fenced: return "fenced";
    case IoStatus::stale_reservation: return "stale_reservation";
    case IoStatus::miscompare: return "miscompare";
    case IoStatus::medium_error: return "medium_error";
    case IoStatus::no_space: return "no_space";
    case IoStatus::aborted: return "aborted";
    case IoStatus::failed: return "failed";
  }
  return "unknown";
}

}  // namespace shoal
